import type * as z from 'zod';
import { makeSchema, type SettingMeta, settingMeta } from './schema.ts';

/** One setting under all its names. */
export interface Setting extends SettingMeta {
  /** `server.workers`: section and name in the file. */
  readonly key: string;
  readonly section: string;
  readonly name: string;
  /** `RINGSTONE_SERVER_WORKERS`. */
  readonly environment: string;
  /** The default as a user would write it. */
  readonly fallback: string;
}

/** Prefix of every environment name. */
export const ENVIRONMENT_PREFIX = 'RINGSTONE_';

function describe(section: string, name: string, field: z.ZodPrefault): Setting {
  const meta = settingMeta.get(field);
  if (!meta) throw new Error(`${section}.${name} has no meta data`);
  return {
    ...meta,
    key: `${section}.${name}`,
    section,
    name,
    environment: `${ENVIRONMENT_PREFIX}${section}_${name}`.toUpperCase(),
    fallback: String(field.def.defaultValue),
  };
}

/** All settings in the order of the schema: the table that options, environment, help and documentation come from. */
export const SETTINGS: readonly Setting[] = Object.entries(makeSchema({ memoryBytes: 0 }).shape).flatMap(
  ([section, shape]) =>
    Object.entries(shape.unwrap().shape).map(([name, field]) => describe(section, name, field as z.ZodPrefault)),
);

/** Names of the sections. */
export const SECTIONS: readonly string[] = [...new Set(SETTINGS.map(({ section }) => section))];

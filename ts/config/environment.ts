import type { Given, Layer } from './layer.ts';
import { didYouMean, nearest } from './nearest.ts';
import { ENVIRONMENT_PREFIX, SECTIONS, SETTINGS } from './settings.ts';
import { notInThisVersion } from './unavailable.ts';

/** What Kubernetes sets in every pod for a service whose name starts with `ringstone`. */
const SERVICE_LINK = /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)?)$/;

/** Whether a name without its prefix is that of an option, or nearly that of a setting. */
function isNear(rest: string): boolean {
  return (
    rest === 'config' ||
    SETTINGS.some(({ name, flag }) => rest === name || rest === flag?.replaceAll('-', '_')) ||
    nearest(
      rest,
      SETTINGS.map(({ section, name }) => `${section}_${name}`),
    ) !== undefined
  );
}

/** What to write in place of an unknown name. */
function meant(rest: string, name: string, names: readonly string[]): string {
  if (rest === 'config') return ' - the file is given with --config';
  const setting = SETTINGS.find(({ name: key, flag }) => rest === flag?.replaceAll('-', '_') || rest === key);
  return setting ? ` - did you mean ${setting.environment}?` : didYouMean(name, names);
}

/**
 * Reads the environment. Empty variables count as not set; one that starts like a section, or is nearly the name of a
 * setting, and is none is a problem, so that a misspelt name is not ignored.
 */
export function readEnvironment(environment: NodeJS.ProcessEnv): Layer {
  const given = new Map<string, Given>();
  const problems: string[] = [];
  const names = SETTINGS.map(setting => setting.environment);
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith(ENVIRONMENT_PREFIX) || value === undefined || value === '') continue;
    const setting = SETTINGS.find(({ environment: known }) => known === name);
    if (setting) {
      given.set(setting.key, { value, origin: name });
      continue;
    }
    const rest = name.slice(ENVIRONMENT_PREFIX.length).toLowerCase();
    const unavailable = notInThisVersion(rest);
    const ours = unavailable !== '' || SECTIONS.some(section => rest.startsWith(`${section}_`)) || isNear(rest);
    if (ours && !SERVICE_LINK.test(name)) {
      problems.push(`unknown environment variable ${name}${unavailable || meant(rest, name, names)}`);
    }
  }
  return { given, problems };
}

/** The long run of scripts/differential.mjs. */
import { Campaign, STREAM_COMMANDS } from './campaign.ts';
import { FAMILIES } from './families/index.ts';
import { RULES } from './rules.ts';
import { Servers } from './servers.ts';

const PROGRESS_MS = 10_000;

/** What to run. */
export interface Options {
  readonly families: readonly string[];
  readonly seed: number;
  /** Commands of one stream. */
  readonly commands: number;
  /** Streams of each family; as many as the time allows if not given. */
  readonly streams: number | undefined;
  readonly minutes: number;
  readonly runtime: 'auto' | 'uring' | 'mio';
  /** True if a difference does not end the run: one of each kind is printed. */
  readonly all: boolean;
  readonly say: (line: string) => void;
}

/** Names of all families. */
export const FAMILY_NAMES = FAMILIES.map(({ name }) => name);
export { STREAM_COMMANDS };

/** Runs the families in turn; answers how many streams differed. */
export async function runLong(options: Options): Promise<number> {
  const { say } = options;
  const servers = await Servers.start(options.runtime);
  try {
    const campaign = new Campaign(servers);
    const chosen = FAMILIES.filter(({ name }) => options.families.includes(name));
    const ready = await Promise.all(chosen.map(async family => ({ family, ready: await campaign.readiness(family) })));
    for (const {
      family,
      ready: { missing },
    } of ready)
      if (missing.length > 0) say(`${family.name}: the server has no ${missing.join(', ')}`);
    const playable = ready.filter(({ ready: { productions } }) => productions.length > 0);
    const start = performance.now();
    const kinds = new Set<string>();
    let [streams, different, said] = [0, 0, 0];
    const over = () => performance.now() - start >= options.minutes * 60_000;
    for (let round = 0; round < (options.streams ?? Number.POSITIVE_INFINITY) && !over(); round++) {
      for (const { family, ready } of playable) {
        const difference = await campaign.run(family, ready, options.seed + round, options.commands);
        streams += 1;
        if (difference) {
          different += 1;
          if (!kinds.has(difference.kind)) say(difference.text);
          kinds.add(difference.kind);
          if (!options.all) return different;
        }
        const now = performance.now() - start;
        if (now - said >= PROGRESS_MS) {
          said = now;
          say(
            `${Math.round(now / 1000)} s  streams ${streams}, about ${streams * options.commands} commands, different ${different} in ${kinds.size} ways`,
          );
        }
      }
    }
    const unused = RULES.filter(({ name }) => !campaign.uses.has(name)).map(({ name }) => name);
    say(
      `${streams} streams of ${options.commands} commands, different ${different}; rules not needed: ${unused.join(', ') || 'none'}`,
    );
    return different;
  } finally {
    await servers.stop();
  }
}

/** Streams of a family by seeds, and the report on the first that shows a difference. */
import { Available } from './available.ts';
import { type Step, show, showCommand } from './command.ts';
import { type Difference, Silence } from './compare.ts';
import { type Addresses, type Arena, Duel, SILENCE_MS } from './duel.ts';
import type { Family, Production, Protocol } from './family.ts';
import type { Uses } from './rules.ts';
import { shrink } from './shrink.ts';
import { makeStream } from './stream.ts';

/** Commands of one stream; a longer one shrinks slower and starts from empty servers more rarely. */
export const STREAM_COMMANDS = 400;

/** What a family was found to be able to do. */
export interface Readiness {
  readonly productions: readonly Production[];
  readonly among: readonly Production[];
  /** Commands that the server lacks. */
  readonly missing: readonly string[];
}

/** Runs streams against servers that run. */
export class Campaign {
  /** The rules that were needed so far. */
  readonly uses: Uses = new Set();
  #servers;

  constructor(servers: { addresses(protocol: Protocol): Addresses }) {
    this.#servers = servers;
  }

  /** What of a family the server has. */
  async readiness(family: Family): Promise<Readiness> {
    const available = new Available(this.#servers.addresses(family.protocol).ours);
    const { usable, missing } = await available.of(family);
    const among = await available.of({ protocol: family.protocol, productions: family.among?.productions() ?? [] });
    return { productions: usable, among: among.usable, missing };
  }

  /** Runs one stream; answers what is to be said if the servers differ. */
  async run(family: Family, ready: Readiness, seed: number, commands = STREAM_COMMANDS): Promise<Report | undefined> {
    const steps = makeStream({ family, ...ready, seed, commands });
    const arena: Arena = {
      family,
      addresses: this.#servers.addresses(family.protocol),
      uses: this.uses,
      silenceMs: SILENCE_MS.first,
    };
    const difference = await new Duel(arena).run(steps);
    if (!difference) return undefined;
    const quick = { ...arena, uses: new Set<string>(), silenceMs: SILENCE_MS.shrinking };
    const attempt = async (candidate: readonly Step[]) => {
      try {
        return await new Duel(quick).run(candidate);
      } catch (error) {
        if (error instanceof Silence) return undefined;
        throw error;
      }
    };
    const shortest = await shrink(steps.slice(0, difference.step + 1), async candidate => !!(await attempt(candidate)));
    const last = await attempt(shortest);
    return report(family, seed, last ? shortest : steps, last ?? difference);
  }
}

/** Commands that a report shows, if it could not be made shorter. */
const SHOWN_LINES = 40;
/** Characters of both replies that tell one kind of difference from another. */
const KIND_CHARS = 60;

/** A difference that was found. */
export interface Report {
  /** The same for differences of the same kind. */
  readonly kind: string;
  readonly text: string;
}

/** What one must know to see the difference again. */
function report(family: Family, seed: number, steps: readonly Step[], difference: Difference): Report {
  const lines = steps
    .slice(0, difference.step + 1)
    .flatMap(({ connection, commands, restMs }) => [
      ...commands.map(
        (command, index) => `  ${index === 0 ? `connection ${connection}>` : '            +'} ${showCommand(command)}`,
      ),
      ...(restMs === undefined ? [] : [`  rest ${restMs} ms`]),
    ]);
  const { command } = difference;
  const place = [...difference.ours].findIndex((char, at) => char !== difference.theirs[at]);
  const text = [
    `${family.name}, seed ${seed}: Ringstone and the ${family.protocol === 'resp' ? 'redis-server' : 'memcached'} differ`,
    ...(lines.length > SHOWN_LINES ? [`  (${lines.length - SHOWN_LINES} more before)`] : []),
    ...lines.slice(-SHOWN_LINES),
    ...(command ? [`reply to      ${showCommand(command)}`] : []),
    `Ringstone     ${show(difference.ours, place)}`,
    `the other     ${show(difference.theirs, place)}`,
    `again: npm run differential -- --family ${family.name} --seed ${seed}`,
  ].join('\n');
  const alike = (part: string) => part.slice(0, KIND_CHARS).replace(/\d+/g, '0');
  return { kind: [family.protocol, command?.name, alike(difference.ours), alike(difference.theirs)].join(), text };
}

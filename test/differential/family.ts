/** Families of commands: what random streams are generated from. */
import type { Random } from '../soak/random.mjs';
import type { Command } from './command.ts';

/** How a family's connections speak; each has an oracle and a way to find the end of replies. */
export type Protocol = 'memcached' | 'binary' | 'resp';

/** One kind of command. */
export interface Production {
  /** The commands that the server must have, in small letters; sub-commands after `|`. */
  readonly needs: readonly string[];
  /** How often it comes, relative to the others of its family. */
  readonly weight: number;
  /** One command, or several that belong together in one pipeline. */
  make(random: Random): Command | readonly Command[];
  /** After its step everything rests so long, so that what it set to expire has expired. */
  readonly restMs?: number;
  /** It must be a step of its own. */
  readonly alone?: boolean;
}

/** A family. */
export interface Family {
  readonly name: string;
  readonly protocol: Protocol;
  /** What comes among the family's own commands too: productions of other families, at this share. */
  readonly among?: { readonly share: number; readonly productions: () => readonly Production[] };
  readonly productions: readonly Production[];
  /**
   * RESP: each step ends with a PING that tells its end, for commands with an unknown number of replies. Else replies
   * are counted, which works within MULTI too.
   */
  readonly sentinel?: boolean;
  /** RESP: nothing is changed at random in the commands' words. */
  readonly exact?: boolean;
}

/** A production in few words. */
export function production(
  needs: string,
  weight: number,
  make: Production['make'],
  more: Partial<Production> = {},
): Production {
  return { needs: needs.split(' '), weight, make, ...more };
}

/** One of a list, each as likely as its weight. */
export function weighted(random: Random, productions: readonly Production[]): Production {
  const total = productions.reduce((sum, { weight }) => sum + weight, 0);
  let at = random.fraction() * total;
  for (const one of productions) {
    at -= one.weight;
    if (at < 0) return one;
  }
  throw new Error('no productions');
}

/**
 * What differs on purpose, each with its reason: docs/compatibility.md says the same (rules.test.ts holds it to that), and
 * a rule that no stream needs any more fails the test of the streams, unless it is a matter of time.
 */
import type { Command } from './command.ts';
import type { Protocol } from './family.ts';
import type { Names } from './names.ts';
import type { Reply } from './reply.ts';
import { memcachedRules } from './rules/memcached.ts';
import { respRules } from './rules/resp.ts';

/** A reply of each server. */
export interface Pair {
  readonly ours: Reply;
  readonly theirs: Reply;
}

/** What a rule may look at. */
export interface Situation {
  /** The command, where it is known which it was. */
  readonly command: Command | undefined;
  readonly names: Names;
}

/** One intended difference. */
export interface Rule {
  /** As docs/compatibility.md has it. */
  readonly name: string;
  readonly reason: string;
  readonly protocol: Protocol;
  /** True if it depends on the moment whether a stream needs it. */
  readonly byChance?: boolean;
  /** True if it must see replies that are the same too. */
  readonly always?: boolean;
  /** The pair without this difference; `undefined` where the rule says nothing. */
  apply(pair: Pair, situation: Situation): Pair | undefined;
}

/** Names of the rules that were needed. */
export type Uses = Set<string>;

export const RULES: readonly Rule[] = [...memcachedRules, ...respRules];

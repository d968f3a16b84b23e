/** Compares the two answers to each step, after the rules for what differs on purpose. */
import type { Command, Step } from './command.ts';
import type { Answer } from './dialect.ts';
import type { Protocol } from './family.ts';
import { Names } from './names.ts';
import { joined, type Reply, same, textOf } from './reply.ts';
import { type Pair, RULES, type Uses } from './rules.ts';

/** Where two servers differ. */
export interface Difference {
  /** Index of the step; that of the stream's length for its end. */
  readonly step: number;
  /** The command, where it is known which of a pipeline it is. */
  readonly command: Command | undefined;
  readonly ours: string;
  readonly theirs: string;
}

type Answers = { readonly ours: Answer; readonly theirs: Answer };

/** What must be remembered between the steps of one stream. */
export class Comparison {
  /** CAS tokens, client ids. */
  readonly names = new Names();
  #protocol;
  #uses;
  /** Commands that each connection has queued between MULTI and EXEC. */
  #queues = new Map<number, Command[]>();
  #pushes = new Map<number, { ours: Reply[]; theirs: Reply[] }>();

  constructor(protocol: Protocol, uses: Uses) {
    this.#protocol = protocol;
    this.#uses = uses;
  }

  /** A connection was opened: it has queued nothing. */
  connected(connection: number): void {
    this.#queues.delete(connection);
  }

  /** The difference between the answers to a step, its index left 0. */
  step(step: Step, { ours, theirs }: Answers): Difference | undefined {
    const pushes = this.#pushes.get(step.connection) ?? { ours: [], theirs: [] };
    this.#pushes.set(step.connection, pushes);
    pushes.ours.push(...ours.pushes);
    pushes.theirs.push(...theirs.pushes);
    // RESP's replies are those of the commands one by one; memcached's may be none or many for each.
    const [all] = step.commands;
    if (all && ALL.test(all.name) && step.uncounted && all.words?.length === 1) {
      // As one reply, for neither server promises an order.
      const folded = (answer: Answer): Reply => ({ head: '', items: answer.replies });
      const different = this.#reply(step.connection, all, { ours: folded(ours), theirs: folded(theirs) });
      return different && { step: 0, command: all, ours: joined(different.ours), theirs: joined(different.theirs) };
    }
    const inOrder = step.commands.flatMap(one => Array(one.replies ?? 1).fill(one));
    const count = Math.max(ours.replies.length, theirs.replies.length);
    const commands = this.#protocol === 'resp' && (inOrder.length === count || !step.uncounted) ? inOrder : [];
    for (let index = 0; index < count; index++) {
      const pair = { ours: ours.replies[index] ?? '(nothing)', theirs: theirs.replies[index] ?? '(nothing)' };
      const command: Command | undefined =
        commands[index] ?? (step.commands.length === 1 ? step.commands[0] : undefined);
      if (pair.ours === SILENT && pair.theirs === SILENT) throw new Silence(step);
      const different = this.#reply(step.connection, command, pair);
      if (different) return { step: 0, command, ours: joined(different.ours), theirs: joined(different.theirs) };
    }
    return undefined;
  }

  /** At the end: what came unasked, the same on each connection. */
  end(index: number): Difference | undefined {
    for (const [connection, { ours, theirs }] of this.#pushes) {
      const pushed = (items: Reply[]): Reply => ({ head: `pushes on connection ${connection}: `, items });
      const different = this.#single(PUSHES, { ours: pushed(ours), theirs: pushed(theirs) });
      if (!different) continue;
      return { step: index, command: undefined, ours: joined(different.ours), theirs: joined(different.theirs) };
    }
    return undefined;
  }

  #reply(connection: number, command: Command | undefined, pair: Pair): Pair | undefined {
    const queue = this.#queues.get(connection) ?? [];
    this.#queues.set(connection, queue);
    const name = command?.name;
    if (command && pair.ours === QUEUED && pair.theirs === QUEUED) {
      queue.push(command);
      return undefined;
    }
    if (name === 'EXEC' || name === 'DISCARD' || name === 'RESET') this.#queues.delete(connection);
    const { ours, theirs } = pair;
    const isResult = (reply: Reply) => typeof reply !== 'string' && reply.items.length === queue.length;
    if (name === 'EXEC' && isResult(ours) && isResult(theirs) && heads(pair)) {
      const items = (reply: Reply) => (typeof reply === 'string' ? [] : reply.items);
      for (const [index, queued] of queue.entries()) {
        const item = { ours: items(ours)[index] ?? '', theirs: items(theirs)[index] ?? '' };
        const different = this.#single(queued, item);
        if (different) return different;
      }
      return undefined;
    }
    return this.#single(command, pair);
  }

  /** Rules in their order, until the two are the same. */
  #single(command: Command | undefined, pair: Pair): Pair | undefined {
    let now = pair;
    for (const rule of RULES) {
      if (rule.protocol !== this.#protocol) continue;
      if (!rule.always && same(now.ours, now.theirs)) continue;
      const changed = rule.apply(now, { command, names: this.names });
      if (!changed) continue;
      now = changed;
      this.#uses.add(rule.name);
    }
    return same(now.ours, now.theirs) ? undefined : now;
  }
}

/** What ends all subscriptions of a kind, each with a reply. */
const ALL = /^P?UNSUBSCRIBE$/;
/** Stands for the command of what came unasked, for rules. */
const PUSHES: Command = { name: '(pushes)', parts: [] };
const SILENT = '(silence)';
const QUEUED = '+QUEUED\r\n';

const heads = ({ ours, theirs }: Pair) =>
  typeof ours !== 'string' && typeof theirs !== 'string' && ours.head === theirs.head;

/** Neither server answered: the stream asks for nothing. */
export class Silence extends Error {
  constructor(step: Step) {
    super(`neither server answered ${step.commands.map(({ name }) => name).join(', ')}`);
  }
}

/** The numbers of a list of replies, for rules. */
export function numberOf(reply: Reply): number {
  return Number(textOf(reply));
}

/** One stream to both servers at once: each step is sent to both, both are awaited, the replies are compared. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Address, Wire } from '../harness/wire.ts';
import type { Command, Step } from './command.ts';
import { Comparison, type Difference } from './compare.ts';
import { type Answer, framing, type Take } from './dialect.ts';
import type { Family } from './family.ts';
import type { Names } from './names.ts';
import { numbers } from './packets.ts';
import type { Uses } from './rules.ts';

/** The two sides of everything here. */
export const SIDES = ['ours', 'theirs'] as const;
export type Side = (typeof SIDES)[number];
type Both<T> = Record<Side, T>;

/** Where the servers listen for a protocol. */
export type Addresses = Readonly<Both<Address>>;

/** How long a server may be silent; one of the two values of a duel. */
export const SILENCE_MS = { first: 15_000, shrinking: 1_500 };

/** Rounds of one iteration (SCAN); more mean that it does not end. */
const MOST_ROUNDS = 10_000;

/** What a duel is fought with. */
export interface Arena {
  readonly family: Family;
  readonly addresses: Addresses;
  readonly uses: Uses;
  readonly silenceMs: number;
}

/** A stream on fresh connections to empty servers. */
export class Duel {
  #arena;
  #wires = new Map<number, Both<Wire>>();
  #comparison;
  #number = 0;

  constructor(arena: Arena) {
    this.#arena = arena;
    this.#comparison = new Comparison(arena.family.protocol, arena.uses);
  }

  /** Runs a stream; the first difference, if there is one. */
  async run(steps: readonly Step[]): Promise<Difference | undefined> {
    try {
      await this.#empty();
      for (const [index, step] of steps.entries()) {
        const difference = await this.#step(step);
        if (difference) return { ...difference, step: index };
        if (step.restMs !== undefined) await sleep(step.restMs);
      }
      return await this.#drain(steps.length);
    } finally {
      for (const { ours, theirs } of this.#wires.values()) {
        ours.close();
        theirs.close();
      }
    }
  }

  /** Nothing of the stream before is left. */
  async #empty(): Promise<void> {
    const { family, addresses } = this.#arena;
    await both(async side => {
      const wire = await Wire.connect(addresses[side]);
      const resp = family.protocol === 'resp';
      await wire.send(resp ? 'FLUSHALL\r\n' : 'flush_all\r\n');
      await wire.expect(resp ? '+OK\r\n' : 'OK\r\n');
      wire.close();
    });
  }

  async #connection(number: number): Promise<Both<Wire>> {
    const open = this.#wires.get(number);
    if (open && !open.ours.ended && !open.theirs.ended) return open;
    open?.ours.close();
    open?.theirs.close();
    this.#comparison.connected(number);
    const wires = await both(side => Wire.connect(this.#arena.addresses[side]));
    this.#wires.set(number, wires);
    return wires;
  }

  async #step(step: Step): Promise<Difference | undefined> {
    const wires = await this.#connection(step.connection);
    const [first] = step.commands;
    if (first?.next) return this.#iterate(wires, step, first);
    const { names } = this.#comparison;
    const { sentinel, take } = framing(this.#arena.family, step, ++this.#number);
    const answers = await both(async side => {
      const sent = Buffer.concat([...step.commands.map(command => encode(command, names, side)), sentinel]);
      const cuts = step.cuts.map(share => Math.floor(share * sent.length));
      // The reply may be there before all is sent; and what is left to send must not come after the next step.
      const [, answer] = await Promise.all([wires[side].sendSplit(sent, cuts), this.#answer(wires[side], take)]);
      return answer;
    });
    return this.#comparison.step(step, answers);
  }

  /** Silence is an answer too: the other server may have said something. */
  async #answer(wire: Wire, take: Take): Promise<Answer> {
    try {
      return await wire.readParsed(take, this.#arena.silenceMs);
    } catch {
      const left = take(wire.peek(), true);
      wire.close();
      return { replies: [...(left?.replies.slice(0, -1) ?? []), '(silence)'], pushes: left?.pushes ?? [], end: 0 };
    }
  }

  /** An iteration, each server by its own cursors; what it gave is compared as a whole. */
  async #iterate(wires: Both<Wire>, step: Step, command: Command): Promise<Difference | undefined> {
    const { take } = framing(this.#arena.family, { ...step, commands: [{ ...command, replies: 1 }] }, ++this.#number);
    const answers = await both(async side => {
      const replies = [];
      let sent: Buffer | undefined = encode(command, this.#comparison.names, side);
      for (let round = 0; sent && round < MOST_ROUNDS; round++) {
        await wires[side].send(sent);
        const answer = await this.#answer(wires[side], take);
        const [reply = ''] = answer.replies;
        replies.push(reply);
        sent = command.next?.(reply);
      }
      return { replies: [{ head: '', items: replies }], pushes: [], end: 0 };
    });
    return this.#comparison.step(step, answers);
  }

  /** At the end each connection answers once more, so that nothing that came late or unasked is missed. */
  async #drain(index: number): Promise<Difference | undefined> {
    for (const [connection, wires] of this.#wires) {
      if (wires.ours.ended || wires.theirs.ended) continue;
      const difference = await this.#step({ connection, commands: lastWords(this.#arena.family), cuts: [] });
      if (difference) return { ...difference, step: index };
    }
    return this.#comparison.end(index);
  }
}

const PING: Command = { name: 'PING', parts: [Buffer.from('*1\r\n$4\r\nPING\r\n')] };

function lastWords(family: Family): Command[] {
  return family.protocol === 'resp' && !family.sentinel ? [PING] : [];
}

function encode(command: Command, names: Names, side: Side): Buffer {
  return Buffer.concat(
    command.parts.map(part => {
      if (Buffer.isBuffer(part)) return part;
      const name = names.back(part, side);
      return part.binary ? numbers([8, BigInt(name)]) : Buffer.from(name);
    }),
  );
}

async function both<T>(work: (side: Side) => Promise<T>): Promise<Both<T>> {
  const [ours, theirs] = await Promise.all(SIDES.map(side => work(side)));
  return { ours, theirs } as Both<T>;
}

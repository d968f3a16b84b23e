/** What the tests of the embedded cache share. */
import { expect } from '@jest/globals';
import { Cache, type ErrorCode } from '../../ts/index.ts';

let opened = 0;

/** Another name for each cache, for those of one process are found by it. */
export function anyName(): string {
  opened += 1;
  return `test ${process.pid} ${opened}`;
}

/** A cache of its own, of strings and bytes. */
export const openCache = () => Cache.open({ name: anyName(), maxMemory: '16mb', maxValueSize: '4mb' });

/** Expects the error of that code. */
export function expectCode(action: () => unknown, code: ErrorCode): void {
  expect(action).toThrow(expect.objectContaining({ name: 'RingstoneError', code }));
}

/** Bytes that tell where they are and of which value. */
export function patterned(length: number, seed: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let at = 0; at < length; at++) bytes[at] = (at * 31 + (at >> 8) * 7 + seed * 13) & 0xff;
  return bytes;
}

export const sleep = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms));

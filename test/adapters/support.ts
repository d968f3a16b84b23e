/** Caches of adapters' tests: each test has one of its own. */
import { randomUUID } from 'node:crypto';
import { Cache } from '../../ts/cache/cache.ts';

/** A cache that no other test has, also of another file in the same process. */
export function openCache() {
  return Cache.open({ name: `adapters-${randomUUID()}`, maxMemory: '4mb' });
}

/** A value that is there already, under a key that no adapter's prefix has. */
export function putStranger(cache: Pick<Cache, 'set' | 'getString'>): () => string | undefined {
  cache.set('stranger', 'untouched');
  return () => cache.getString('stranger');
}

/** All of an iterable. */
export async function collect<T>(items: AsyncIterable<T> | Iterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

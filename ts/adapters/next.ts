/**
 * Next.js on a Ringstone cache: `cacheHandler` (pages, route handlers, `fetch`, images) and `cacheHandlers`
 * (`'use cache'`). Next.js loads a handler by its file; docs/adapters.md has the two files and their configuration.
 *
 * @module
 */
export {
  type CacheControl,
  createCacheHandler,
  type IncrementalCacheHandler,
  type IncrementalCacheHandlerClass,
  type IncrementalEntry,
  type IncrementalValue,
  type ReadContext,
  type WriteContext,
} from './next-incremental.ts';
export type { NextCacheOptions } from './next-shelf.ts';
export type { Durations } from './next-tags.ts';
export { createUseCacheHandler, type UseCacheHandler } from './next-use-cache.ts';
export type { AdapterOptions, CacheSource } from './source.ts';

/** What a cache is where nothing else is said, as a user would write it: for the schema, and for programs that open one without it. */
export const STORAGE_DEFAULTS = {
  maxMemory: '64mb',
  maxValueSize: '8mb',
  defaultTtl: 0,
  cleanupInterval: 60_000,
  eviction: 's3fifo',
} as const;

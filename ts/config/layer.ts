/** A value as one source gives it, and where exactly it is from. */
export interface Given {
  readonly value: unknown;
  /** `--workers`, `RINGSTONE_SERVER_WORKERS`, `ringstone.toml:7`. */
  readonly origin: string;
}

/** What one source says, by key (`server.workers`). */
export interface Layer {
  readonly given: ReadonlyMap<string, Given>;
  /** What is wrong with it, in sentences. */
  readonly problems: readonly string[];
}

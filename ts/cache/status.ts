import { RingstoneError } from '../errors.ts';

/** Why an operation has no result: the same names in the same order as `Status` in crates/addon/src/direct/status.rs, from -1 down. */
export const STATUS = {
  ABSENT: -1,
  CLOSED: -2,
  BAD_KEY: -3,
  KEY_LENGTH: -4,
  BAD_VALUE: -5,
  TOO_LARGE: -6,
  OUT_OF_MEMORY: -7,
  BUSY: -8,
  WRONG_TYPE: -9,
  INTERNAL: -10,
  SIZE_DIFFERS: -11,
} as const;

/** The error of a status that is one; `ABSENT` is none. */
export function statusError(status: number): RingstoneError {
  switch (status) {
    case STATUS.CLOSED:
      return new RingstoneError('RINGSTONE_CLOSED', 'the cache was closed');
    case STATUS.BAD_KEY:
      return new RingstoneError('RINGSTONE_INVALID_ARGUMENT', 'a key is a string or a Uint8Array');
    case STATUS.KEY_LENGTH:
      return new RingstoneError('RINGSTONE_INVALID_ARGUMENT', 'a key has 1 to 65536 bytes');
    case STATUS.BAD_VALUE:
      return new RingstoneError('RINGSTONE_INVALID_ARGUMENT', 'a value is a string or a Uint8Array');
    case STATUS.TOO_LARGE:
      return new RingstoneError(
        'RINGSTONE_TOO_LARGE',
        'the value is longer than maxValueSize, or than the cache can hold',
      );
    case STATUS.OUT_OF_MEMORY:
      return new RingstoneError('RINGSTONE_OUT_OF_MEMORY', 'the cache is full and nothing may be evicted');
    case STATUS.BUSY:
      return new RingstoneError('RINGSTONE_BUSY', 'too many bytes of values are being received at once; try again');
    case STATUS.WRONG_TYPE:
      return new RingstoneError('RINGSTONE_WRONG_TYPE', 'the key holds a hash, which only RESP commands read');
    case STATUS.SIZE_DIFFERS:
      return new RingstoneError('RINGSTONE_SIZE_DIFFERS', 'the value has more or fewer bytes than its size says');
    default:
      return new RingstoneError('RINGSTONE_INTERNAL', `the core failed (status ${status}); please report this`);
  }
}

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
  WRONG_CODEC: -11,
  NOT_A_NUMBER: -12,
  OUT_OF_RANGE: -13,
  BAD_CAS: -14,
  BAD_TARGET: -15,
  LONG_STRING: -16,
  SIZE_DIFFERS: -17,
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
    case STATUS.WRONG_CODEC:
      return new RingstoneError(
        'RINGSTONE_WRONG_CODEC',
        'the value was not written by this codec; getBuffer and getString read its bytes',
      );
    case STATUS.NOT_A_NUMBER:
      return new RingstoneError('RINGSTONE_NOT_A_NUMBER', 'the value is not a whole number in decimal digits');
    case STATUS.OUT_OF_RANGE:
      return new RingstoneError('RINGSTONE_OUT_OF_RANGE', 'the number would be beyond the safe integers (2^53 - 1)');
    case STATUS.BAD_CAS:
      return new RingstoneError('RINGSTONE_INVALID_ARGUMENT', 'cas is a bigint that getWithCas gave');
    case STATUS.BAD_TARGET:
      return new RingstoneError(
        'RINGSTONE_INVALID_ARGUMENT',
        'the target is a Uint8Array, and the offset an index of it',
      );
    case STATUS.LONG_STRING:
      return new RingstoneError('RINGSTONE_TOO_LARGE', 'the value is longer than a string can be; getBuffer reads it');
    default:
      return new RingstoneError('RINGSTONE_INTERNAL', `the core failed (status ${status}); please report this`);
  }
}

/** What a read gives that found no value: `undefined` for an absent key, and an error for anything else. */
export function absent(status: number): undefined {
  if (status !== STATUS.ABSENT) throw statusError(status);
  return undefined;
}

/** What an operation says that answers yes or no. */
export function isYes(status: number): boolean {
  if (status < 0) throw statusError(status);
  return status === 1;
}

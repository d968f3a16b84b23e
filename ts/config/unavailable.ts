/** Parts of Ringstone that are planned and not in this version, by the names under which someone might ask for them. */
const UNAVAILABLE: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/^tls(?:[-_.]|$)/, 'TLS'],
  [/^auth[-_.]secret(?:[-_.]|$)/, 'signed tokens'],
  [/^grpc(?:[-_.]|$)/, 'gRPC'],
  [/^(?:rocksdb(?:[-_.]|$)|storage$|storage[._]engine$|data-dir$|durability$)/, 'storage on disk'],
  [/^(?:limits(?:[-_.]|$)|rate-limit)/, 'rate limits'],
];

/**
 * ` - this version has no TLS` and the like.
 *
 * @param name an option without dashes, a key of the file, or an environment name in lower case without its prefix
 */
export function notInThisVersion(name: string): string {
  const what = UNAVAILABLE.find(([pattern]) => pattern.test(name))?.[1];
  return what === undefined ? '' : ` - this version has no ${what}`;
}

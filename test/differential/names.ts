import type { Token } from './command.ts';

/**
 * What each server names in its own way (CAS tokens, client ids). The other server gives a name once for all; Ringstone's
 * tokens need differ for one key only.
 */
export class Names {
  /** By the other server's name: ours. */
  #ours = new Map<string, string>();
  /** By key and our name: the other server's. */
  #theirs = new Map<string, string>();
  /** By key: each appearance, in their order. */
  #appearances = new Map<string, { ours: string; theirs: string }[]>();

  /**
   * Notes that the two stand for the same thing; false if that contradicts what was seen before.
   * @param scope within which our names are all different; `undefined` where it is not known
   */
  pair(ours: string, theirs: string, scope: string | undefined): boolean {
    const known = this.#ours.get(theirs);
    if (known !== undefined && known !== ours) return false;
    this.#ours.set(theirs, ours);
    if (scope !== undefined) {
      const place = `${ours} ${scope}`;
      const other = this.#theirs.get(place);
      if (other !== undefined && other !== theirs) return false;
      this.#theirs.set(place, theirs);
      this.#appearances.set(scope, [...(this.#appearances.get(scope) ?? []).slice(-KEPT), { ours, theirs }]);
    }
    return true;
  }

  /** The name of a key that appeared so many appearances ago, in a server's own form. */
  back({ key, back }: Token, side: 'ours' | 'theirs'): string {
    return this.#appearances.get(key)?.at(-1 - back)?.[side] ?? NEVER_GIVEN;
  }
}

/** Appearances of a key that are remembered. */
const KEPT = 10;
/** A token that no server gives. */
const NEVER_GIVEN = '18446744073709551610';

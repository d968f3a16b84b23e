/**
 * What each server names in its own way (CAS tokens, client ids): the n-th name of one must be the n-th of the other,
 * wherever it appears.
 */
export class Names {
  #ours = new Map<string, number>();
  #theirs = new Map<string, number>();
  /** In the order of appearance, each appearance. */
  #appearances: { ours: string; theirs: string }[] = [];

  /** Notes that the two stand for the same thing; false if that contradicts what was seen before. */
  pair(ours: string, theirs: string): boolean {
    const [one, other] = [this.#ours.get(ours), this.#theirs.get(theirs)];
    if (one !== other) return false;
    if (one === undefined) {
      this.#ours.set(ours, this.#ours.size);
      this.#theirs.set(theirs, this.#theirs.size);
    }
    this.#appearances.push({ ours, theirs });
    return true;
  }

  /** The name that appeared so many appearances ago, in a server's own form. */
  back(count: number, side: 'ours' | 'theirs'): string {
    return this.#appearances.at(-1 - count)?.[side] ?? NEVER_GIVEN;
  }
}

/** A token that no server gives. */
const NEVER_GIVEN = '18446744073709551610';

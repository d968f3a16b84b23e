// A binary heap of keys by priority, the least first; among equals the lesser key, so that the order is determined.

export class Heap {
  /** @type {{ priority: number, key: number }[]} */
  #entries = [];

  /** @param {number} a place @param {number} b place */
  #before(a, b) {
    const [one, other] = [this.#at(a), this.#at(b)];
    return one.priority < other.priority || (one.priority === other.priority && one.key < other.key);
  }

  /** @param {number} place */
  #at(place) {
    const entry = this.#entries[place];
    if (!entry) throw new RangeError('the heap is empty');
    return entry;
  }

  /** @param {number} a place @param {number} b place */
  #swap(a, b) {
    [this.#entries[a], this.#entries[b]] = [this.#at(b), this.#at(a)];
  }

  /** @param {number} priority @param {number} key */
  push(priority, key) {
    let place = this.#entries.push({ priority, key }) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#before(place, parent)) return;
      this.#swap(place, parent);
      place = parent;
    }
  }

  /** Takes the first. */
  pop() {
    const first = this.#at(0);
    this.#swap(0, this.#entries.length - 1);
    this.#entries.pop();
    const length = this.#entries.length;
    for (let place = 0; ; ) {
      let least = place;
      for (const child of [2 * place + 1, 2 * place + 2])
        if (child < length && this.#before(child, least)) least = child;
      if (least === place) return first;
      this.#swap(place, least);
      place = least;
    }
  }
}

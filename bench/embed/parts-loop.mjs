// The loop of `parts-child.mjs`, imported under another name for each part.

/** @param {(turn: number) => any} call @param {number} calls */
export function loop(call, calls) {
  let sum = 0;
  for (let turn = 0; turn < calls; turn++) {
    const result = call(turn);
    // Reads something of each result, so that none can be left out.
    sum += result === undefined ? 1 : typeof result === 'number' ? result : result.length;
  }
  return sum;
}

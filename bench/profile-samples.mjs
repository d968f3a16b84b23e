// Samples of `perf script`: read, with the functions that the compiler inlined put back into their stacks, and folded.
import { openSync, readSync } from 'node:fs';

/**
 * @typedef {object} Frame
 * @property {string} name function
 * @property {string} object file, or kernel.kallsyms, vdso and the like in brackets
 * @property {bigint} address place in the object file; an absolute address in the kernel
 * @property {string} [source] path of the source file
 */

/**
 * @typedef {object} Sample
 * @property {string} thread its name
 * @property {Frame[]} frames the running function first
 */

/** Objects in brackets that are not the kernel and not one of its modules. */
const NO_KERNEL = /^\[(?:vdso|vsyscall|unknown|heap|stack|anon.*)\]$/;

/** @param {Frame} frame */
export const isKernel = ({ object }) => object.startsWith('[') && !NO_KERNEL.test(object);

/** @param {string} line `  9e953 name (object)` @returns {Frame | undefined} */
function parseFrame(line) {
  const [, address, name, object] = /^\s+([0-9a-f]+) (.*) \((.*?)\)$/.exec(line) ?? [];
  if (address === undefined || name === undefined || object === undefined) return undefined;
  return { address: BigInt(`0x${address}`), name, object };
}

/**
 * Samples of `perf script -F comm,tid,ip,sym,dso`.
 * @param {string} text
 * @returns {Sample[]}
 */
export function parseSamples(text) {
  const samples = [];
  for (const block of text.split('\n\n')) {
    const [head = '', ...lines] = block.replace(/^\n+/, '').split('\n');
    const thread = /^(\S.*?)\s+\d+\s*$/.exec(head)?.[1];
    const frames = lines.map(parseFrame).filter(frame => frame !== undefined);
    if (thread !== undefined && frames.length > 0) samples.push({ thread, frames });
  }
  return samples;
}

/**
 * Where the parts of an ELF file (64 bit, little-endian) that hold code lie, to make addresses of places in the file.
 * @param {string} path
 * @returns {(offset: bigint) => bigint}
 */
export function addressesOf(path) {
  const file = openSync(path, 'r');
  /** @param {number} position @param {number} length */
  const read = (position, length) => {
    const bytes = Buffer.alloc(length);
    readSync(file, bytes, 0, length, position);
    return bytes;
  };
  const header = read(0, 64);
  if (header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1)
    throw new Error(`${path} is not an ELF file of 64 bits, little-endian`);
  const [place, size, count] = [Number(header.readBigUInt64LE(32)), header.readUInt16LE(54), header.readUInt16LE(56)];
  const table = read(place, size * count);
  const parts = Array.from({ length: count }, (_, index) => table.subarray(index * size))
    .filter(part => part.readUInt32LE(0) === 1)
    .map(part => ({
      offset: part.readBigUInt64LE(8),
      address: part.readBigUInt64LE(16),
      size: part.readBigUInt64LE(32),
    }));
  return offset => {
    const part = parts.find(one => offset >= one.offset && offset < one.offset + one.size);
    return part ? offset - part.offset + part.address : offset;
  };
}

/** Where to look up a frame: a caller's address is behind its call, which may be another line or function. @param {Frame} frame @param {number} index */
const lookupOf = ({ address }, index) => (index === 0 ? address : address - 1n);

/**
 * Puts the functions that were inlined at the frames of an object back into the stacks.
 * @param {readonly Sample[]} samples
 * @param {string} object
 * @param {(addresses: bigint[]) => Promise<Map<bigint, { name: string, source: string }[]>>} resolve innermost first
 * @returns {Promise<Sample[]>}
 */
export async function withInlined(samples, object, resolve) {
  const wanted = new Set();
  for (const { frames } of samples)
    for (const [index, frame] of frames.entries()) if (frame.object === object) wanted.add(lookupOf(frame, index));
  const known = await resolve([...wanted]);
  /** @param {Frame} frame @param {number} index @returns {Frame[]} */
  const expand = (frame, index) => {
    const found = frame.object === object ? known.get(lookupOf(frame, index)) : undefined;
    return found?.map(({ name, source }) => ({ ...frame, name, source })) ?? [frame];
  };
  return samples.map(({ thread, frames }) => ({ thread, frames: frames.flatMap(expand) }));
}

/**
 * Output of `addr2line -a -f -i -C`: after each address the functions, innermost first, in two lines each.
 * @param {string} text
 * @returns {Map<bigint, { name: string, source: string }[]>} what is not known is left out
 */
export function parseResolved(text) {
  const resolved = new Map();
  /** @type {{ name: string, source: string }[]} */
  let functions = [];
  const lines = text.trimEnd().split('\n');
  for (let index = 0; index < lines.length; ) {
    const line = lines[index] ?? '';
    if (line.startsWith('0x')) {
      functions = [];
      resolved.set(BigInt(line), functions);
      index += 1;
    } else {
      functions.push({ name: line, source: (lines[index + 1] ?? '').replace(/:[^:]*$/, '') });
      index += 2;
    }
  }
  for (const [address, [first]] of resolved) if (first === undefined || first.name === '??') resolved.delete(address);
  return resolved;
}

/**
 * Stacks with their counts, a line each, the outermost function first: what draws flame graphs reads this.
 * @param {readonly Sample[]} samples
 */
export function fold(samples) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { thread, frames } of samples) {
    const names = frames.map(frame => `${frame.name.replaceAll(';', ':')}${isKernel(frame) ? '_[k]' : ''}`);
    const stack = [thread, ...names.reverse()].join(';');
    counts.set(stack, (counts.get(stack) ?? 0) + 1);
  }
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([stack, count]) => `${stack} ${count}\n`)
    .join('');
}

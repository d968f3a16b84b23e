// Where a sample was taken: the kernel's parts, our crates, libraries. And the table of their shares.
import { isKernel } from './profile-samples.mjs';

/** @typedef {import('./profile-samples.mjs').Frame} Frame */

/**
 * Places in the kernel by functions that are only there; the first that is anywhere in the kernel's part of the stack
 * counts. Sending over loopback runs the receiving side too, up to the peer's socket: with a network card that happens elsewhere.
 * @type {readonly (readonly [place: string, functions: RegExp])[]}
 */
const KERNEL = [
  ['kernel: loopback to the peer', /^net_rx_action$/],
  ['kernel: sleeping, switching', /^(?:__)?schedule(?:_timeout|_hrtimeout\w*|_preempt\w*)?$|^preempt_schedule/],
  ['kernel: send', /^(?:tcp_sendmsg|unix_stream_sendmsg|sock_sendmsg|sock_write_iter|__sys_send|io_send)/],
  ['kernel: receive', /^(?:tcp_recvmsg|unix_stream_re(?:cv|ad)|sock_recvmsg|sock_read_iter|__sys_recv|io_recv)/],
  ['kernel: io_uring, epoll', /^(?:io_|__io_|__do_sys_io_uring|tctx_task_work|do_epoll_|ep_|eventpoll)/],
];
const KERNEL_ENTRY = 'kernel: entry and exit';
const KERNEL_OTHER = 'kernel: other, interrupts';
/** Functions of the way into the kernel and out; a sample is of that way when its running function is one. */
const ENTRY =
  /^(?:entry_|syscall_|do_syscall|x64_sys_call|exit_to_user|el0|invoke_syscall|__x64_sys_|__arm64_sys_|srso_)/;

const CRATES = ['net', 'engine', 'protocol', 'store', 'addon'];
const SOURCE = new RegExp(`(?:^|/)crates/(${CRATES.join('|')})/src/`);

const COPIES = /^(?:__)?(?:mem|str|bcmp)/;
const ALLOCATOR = /alloc|free|^_int_|^unlink_chunk|^sysm|^systrim/;

/** All places, as the table has them. */
export const PLACES = [
  ...KERNEL.map(([place]) => place),
  KERNEL_ENTRY,
  KERNEL_OTHER,
  ...CRATES.map(name => `crates/${name}`),
  'libc: copying, comparing',
  'libc: allocator',
  'libc: other',
  'clock (vdso)',
  'Node.js',
  'other',
];

/** @param {readonly Frame[]} frames of the kernel, at least one */
function kernelPlace(frames) {
  for (const [place, functions] of KERNEL) if (frames.some(({ name }) => functions.test(name))) return place;
  return ENTRY.test(frames[0]?.name ?? '') ? KERNEL_ENTRY : KERNEL_OTHER;
}

/** @param {string} name */
function libcPlace(name) {
  if (COPIES.test(name)) return 'libc: copying, comparing';
  return ALLOCATOR.test(name) ? 'libc: allocator' : 'libc: other';
}

/**
 * The place of a sample: that of its running function. Functions of Rust's library and of other crates count for the crate
 * of ours that called them.
 * @param {readonly Frame[]} frames the running function first
 */
export function placeOf(frames) {
  const [top] = frames;
  if (!top) return 'other';
  if (isKernel(top)) return kernelPlace(frames.filter(isKernel));
  if (top.object === '[vdso]') return 'clock (vdso)';
  if (/\/libc[.-][^/]*$|\/ld-musl[^/]*$/.test(top.object)) return libcPlace(top.name);
  for (const { source, object } of frames) {
    const name = SOURCE.exec(source ?? '')?.[1];
    if (name !== undefined) return `crates/${name}`;
    if (/\/(?:node|libnode\.so[^/]*|perf-\d+\.map)$/.test(object)) return 'Node.js';
  }
  return 'other';
}

/**
 * @typedef {object} Profile of a server under a load
 * @property {string} title head of its columns
 * @property {ReadonlyMap<string, number>} counts samples by place
 * @property {number} cpu_us server's CPU time per request
 */

/**
 * Samples by place.
 * @param {readonly import('./profile-samples.mjs').Sample[]} samples
 */
export function countPlaces(samples) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { frames } of samples) {
    const place = placeOf(frames);
    counts.set(place, (counts.get(place) ?? 0) + 1);
  }
  return counts;
}

/** @param {ReadonlyMap<string, number>} counts */
const total = counts => [...counts.values()].reduce((sum, count) => sum + count, 0);

/**
 * Shares by place in a Markdown table, with the nanoseconds of a request that they stand for.
 * @param {readonly Profile[]} profiles
 */
export function renderPlaces(profiles) {
  /** @param {string} place */
  const cells = place =>
    profiles.map(({ counts, cpu_us: cpu }) => {
      const share = (counts.get(place) ?? 0) / total(counts);
      return `${(share * 100).toFixed(1)} % | ${Math.round(share * cpu * 1000)}`;
    });
  const rows = PLACES.filter(place => profiles.some(({ counts }) => counts.has(place)));
  return [
    ['place', ...profiles.map(({ title }) => `${title} | ns`)],
    ['---', ...profiles.map(() => '---: | ---:')],
    ...rows.map(place => [place, ...cells(place)]),
    ['a request', ...profiles.map(({ counts, cpu_us: cpu }) => `${total(counts)} samples | ${Math.round(cpu * 1000)}`)],
  ]
    .map(cells => `| ${cells.join(' | ')} |\n`)
    .join('');
}

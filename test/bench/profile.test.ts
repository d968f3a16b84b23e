/** `npm run profile`: samples are read and placed right, and a real server's are what its load makes of them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { profile, readOptions } from '../../bench/profile.mjs';
import { countPlaces, PLACES, placeOf, renderPlaces } from '../../bench/profile-places.mjs';
import {
  addressesOf,
  type Frame,
  fold,
  parseResolved,
  parseSamples,
  withInlined,
} from '../../bench/profile-samples.mjs';
import { draw, ensureInferno, hasInferno, refusal, requirePerf } from '../../bench/profile-tools.mjs';
import type { Missing } from '../harness/programs.ts';
import { describeWith } from '../harness/requirement.ts';
import { temporaryFolder } from '../harness/ringstone.ts';

const LIBRARY = '/there/ringstone-profiling.node';

const SCRIPT = `ringstone-w0  8322 
\tffffffff81e49691 tcp_sendmsg_locked ([kernel.kallsyms])
\tffffffff81e2f2e2 __sys_sendto ([kernel.kallsyms])
\t          10aba4 __send (/usr/lib/x86_64-linux-gnu/libc.so.6)

ringstone-w0  8322 
\t            9eb5b <ringstone_store::entry::Entry<'_>>::get (${LIBRARY})
\t            9e828 f (g) (${LIBRARY})
\t           891f5 start_thread (/usr/lib/x86_64-linux-gnu/libc.so.6)


ringstone-w0  8322 
\t            9eb5b <ringstone_store::entry::Entry<'_>>::get (${LIBRARY})
\t            9e828 f (g) (${LIBRARY})
\t           891f5 start_thread (/usr/lib/x86_64-linux-gnu/libc.so.6)

`;

const user = (name: string, source?: string): Frame => ({
  ...{ name, object: LIBRARY, address: 0n },
  ...(source === undefined ? {} : { source }),
});
const kernel = (name: string): Frame => ({ name, object: '[kernel.kallsyms]', address: 0n });
const object = (name: string, path: string): Frame => ({ name, object: path, address: 0n });

test('samples are read, and inlined functions are put back', async () => {
  const samples = parseSamples(SCRIPT);
  expect(samples.map(({ thread, frames }) => [thread, frames.length])).toEqual([
    ['ringstone-w0', 3],
    ['ringstone-w0', 3],
    ['ringstone-w0', 3],
  ]);
  expect(samples[1]?.frames[1]).toEqual({ name: 'f (g)', object: LIBRARY, address: 0x9e828n });

  const asked: bigint[] = [];
  const whole = await withInlined(samples, LIBRARY, async addresses => {
    asked.push(...addresses);
    return new Map([[0x9eb5bn, [user('inner', 'crates/store/src/a.rs'), user('outer; of it', 'x.rs')] as never]]);
  });
  // A caller is looked up within its call, not behind it.
  expect(asked).toEqual([0x9eb5bn, 0x9e827n]);
  expect(fold(whole)).toBe(
    'ringstone-w0;__send;__sys_sendto_[k];tcp_sendmsg_locked_[k] 1\n' +
      'ringstone-w0;start_thread;f (g);outer: of it;inner 2\n',
  );
  expect([...countPlaces(whole)]).toEqual([
    ['kernel: send', 1],
    ['crates/store', 2],
  ]);
});

test('what addr2line says', () => {
  const text = '0x0000000000000010\na\n/x/a.rs:7\nb\n/x/b.rs:7 (discriminator 3)\n0x0000000000000020\n??\n??:0\n';
  expect([...parseResolved(text)]).toEqual([
    [
      0x10n,
      [
        { name: 'a', source: '/x/a.rs' },
        { name: 'b', source: '/x/b.rs' },
      ],
    ],
  ]);
});

test('places of a file are addresses by its table of parts', () => {
  // Of a program that may lie anywhere the beginning has address 0, of others that which linkers have always given.
  const header = readFileSync(process.execPath).subarray(0, 64);
  expect(addressesOf(process.execPath)(0n)).toBe(header.readUInt16LE(16) === 2 ? 0x400000n : 0n);
  expect(() => addressesOf(join(import.meta.dirname, 'profile.test.ts'))).toThrow('is not an ELF file');
});

const std = user('core::ptr::read', '/rustc/0/library/stdarch/crates/core_arch/src/simd.rs');

test.each<[string, Frame[]]>([
  ['kernel: loopback to the peer', [kernel('tcp_v4_rcv'), kernel('net_rx_action'), kernel('tcp_sendmsg'), std]],
  ['kernel: sleeping, switching', [kernel('finish_task_switch'), kernel('schedule'), kernel('do_epoll_wait')]],
  ['kernel: send', [kernel('kfree'), kernel('unix_stream_sendmsg'), kernel('io_send')]],
  ['kernel: receive', [kernel('_copy_to_iter'), kernel('tcp_recvmsg'), kernel('io_recv')]],
  ['kernel: io_uring, epoll', [kernel('fget'), kernel('io_submit_sqes')]],
  ['kernel: io_uring, epoll', [kernel('fget'), kernel('do_epoll_wait')]],
  ['kernel: entry and exit', [kernel('entry_SYSCALL_64_after_hwframe'), object('epoll_wait', '/usr/lib/libc.so.6')]],
  ['kernel: other, interrupts', [kernel('clear_page_erms'), kernel('asm_exc_page_fault'), std]],
  ['crates/store', [std, user('get', '/a/crates/store/src/entry.rs'), user('run', '/a/crates/net/src/b.rs')]],
  ['crates/protocol', [user('memchr', '/r/memchr-2/src/lib.rs'), user('line', 'crates/protocol/src/x.rs')]],
  ['libc: copying, comparing', [object('__memmove_avx512_unaligned_erms', '/usr/lib/libc.so.6')]],
  ['libc: allocator', [object('_int_malloc', '/lib/ld-musl-x86_64.so.1')]],
  ['libc: other', [object('epoll_wait', '/usr/lib/libc-2.31.so')]],
  ['clock (vdso)', [object('__vdso_clock_gettime', '[vdso]'), std]],
  ['Node.js', [object('uv__io_poll', '/usr/bin/node')]],
  ['other', [std]],
  ['other', [object('[unknown]', '[unknown]')]],
])('%s: sample %#', (place, frames) => {
  expect(placeOf(frames)).toBe(place);
  expect(PLACES).toContain(place);
});

test('the table has shares, and the time of a request that they stand for', () => {
  const counts = new Map([
    ['kernel: send', 300],
    ['crates/store', 100],
  ]);
  expect(renderPlaces([{ title: 'uring', counts, cpu_us: 2 }])).toBe(`| place | uring | ns |
| --- | ---: | ---: |
| kernel: send | 75.0 % | 1500 |
| crates/store | 25.0 % | 500 |
| a request | 400 samples | 2000 |
`);
});

test('options', () => {
  const { subjects, load, seconds } = readOptions(['--load', 'unix-c8-p16-100b', '--seconds', '0.5']);
  expect(subjects.map(({ name }) => name)).toEqual(['uring', 'mio']);
  expect([load.name, seconds]).toEqual(['unix-c8-p16-100b', 0.5]);
  expect(readOptions(['--runtime', 'mio', '--protocol', 'resp']).subjects.map(({ name }) => name)).toEqual([
    'mio-resp',
  ]);
  for (const args of [['--load', 'tcp'], ['--seconds', 'x'], ['--runtime', 'redis'], ['--protocol', 'ping'], ['--x']])
    expect(() => readOptions(args)).toThrow('Usage: npm run profile');
});

/** The programs that a real profile takes, where they are missing and cannot be installed. */
function missing(): Missing | undefined {
  try {
    requirePerf();
    return undefined;
  } catch (error) {
    return { what: 'perf', remedy: (error as Error).message };
  }
}

const folder = temporaryFolder();
afterAll(() => folder.remove());

const lacking = missing();
/** A machine that forbids it (a container, a hardened kernel) cannot be changed by a test, in CI neither. */
const forbidden = lacking ? undefined : refusal();

describeWith(lacking, 'a real profile', () => {
  if (forbidden !== undefined) {
    test.skip(forbidden, () => undefined);
    return;
  }

  test('of a server that runs pipelines: the time is in the kernel and in our crates', async () => {
    const options = readOptions(['--runtime', 'mio', '--load', 'tcp-c8-p64-100b', '--seconds', '1', '--no-graph']);
    const [subject] = options.subjects;
    const library = process.env['RINGSTONE_NATIVE_LIBRARY'];
    if (!subject || library === undefined) throw new Error('no subject, or no library');
    const { counts, cpu_us: cpu } = await profile(subject, { ...options, output: folder.path }, library);
    expect(cpu).toBeGreaterThan(0);
    for (const place of ['kernel: send', 'kernel: receive', 'crates/engine', 'crates/store'])
      expect([place, (counts.get(place) ?? 0) > 0]).toEqual([place, true]);
    const folded = readFileSync(join(folder.path, 'profile-mio-tcp-c8-p64-100b.folded'), 'utf8');
    expect(folded).toMatch(/^(?:ringstone-w0;.* \d+\n)+$/);
    expect(folded).toContain('tcp_sendmsg_[k];');
    // A function that is inlined, so that it is in no symbol table.
    expect(folded).toMatch(/;<?ringstone_\w+::/);
  });
});

const noInferno = { what: 'inferno', remedy: 'npm run profile installs it' };
describeWith(hasInferno() || process.env['CI'] === 'true' ? undefined : noInferno, 'a flame graph', () => {
  // Compiles it where it is not there yet.
  beforeAll(() => ensureInferno(), 600_000);

  test('is an SVG with the functions of the stacks', async () => {
    const path = join(folder.path, 'graph.svg');
    await draw(fold(parseSamples(SCRIPT)), 'a title & more', path);
    const svg = readFileSync(path, 'utf8');
    expect(svg).toContain('a title &amp; more');
    expect(svg).toContain('tcp_sendmsg_locked');
    expect(svg).toContain('<title>start_thread (2 samples');
  });
});

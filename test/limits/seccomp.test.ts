/** io_uring denied by the kernel's filter, as Docker's and Kubernetes' profiles do it. */
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { killLeftovers } from '../harness/children.ts';
import { missingProgram } from '../harness/programs.ts';
import { describeWith } from '../harness/requirement.ts';
import { command } from '../harness/resp.ts';
import { root, serverArguments, spawnRingstone, startRingstone } from '../harness/ringstone.ts';

/** Every way in which profiles deny it: all calls, or the first only. */
const DENIALS = ['io_uring_setup,io_uring_enter,io_uring_register', 'io_uring_setup', 'io_uring_enter'];

const deny = (calls: string) => ['python3', join(root, 'test', 'programs', 'deny-syscalls.py'), calls];

describeWith(missingProgram('python3', 'apt-get install python3'), 'under a seccomp filter', () => {
  afterAll(async () => {
    await killLeftovers();
  });

  test.each(DENIALS)('%s denied: auto gives mio, says why, and serves', async calls => {
    const server = await startRingstone({ runtime: 'auto', around: deny(calls) });
    expect(server.ready['runtime']).toBe('mio');
    expect(String(server.ready['runtime_reason'])).toMatch(/io_uring.*(EPERM|not permitted|seccomp)/i);
    expect(server.child.stderr).toContain(String(server.ready['runtime_reason']));
    const wire = await server.connect();
    await wire.send(command('SET', 'a', 'b'));
    await wire.expect('+OK\r\n');
    wire.close();
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });

  test.each(DENIALS)('%s denied: uring ends with one clear line', async calls => {
    const child = spawnRingstone(
      serverArguments({ runtime: 'auto' }).map(word => (word === 'auto' ? 'uring' : word)),
      {
        around: deny(calls),
      },
    );
    expect(await child.exit()).toEqual({ code: 1, signal: null });
    const lines = child.stderr.trim().split('\n');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/io_uring/);
    expect(lines[0]).toMatch(/EPERM|not permitted|seccomp/i);
    expect(lines[0]).toMatch(/mio|auto/);
    expect(child.stderr).not.toMatch(/ at .*\(|node:internal/);
  });
});

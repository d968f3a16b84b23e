// Real-time priority for a server, so that nothing else on the machine takes its core away while latencies are measured.
import { spawnSync } from 'node:child_process';
import { isInstalled } from '../scripts/packages.mjs';

/** @param {'--fifo' | '--other'} policy @param {number} priority @param {number} pid */
const schedule = (policy, priority, pid) =>
  spawnSync('chrt', ['--all-tasks', policy, '--pid', String(priority), String(pid)]).status === 0;

/**
 * All threads of a process before every ordinary one, at the lowest of the real-time priorities. False where that is not
 * allowed.
 * @param {number} pid
 */
export const raisePriority = pid => isInstalled('chrt') && schedule('--fifo', 1, pid);

/** Back to the ordinary. @param {number} pid */
export const restorePriority = pid => schedule('--other', 0, pid);

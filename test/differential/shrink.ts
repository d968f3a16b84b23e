/** Makes a stream that shows a difference as short as it can be: delta debugging over steps, then over their commands. */
import type { Step } from './command.ts';

/** Whether a stream still shows a difference. */
export type Fails = (steps: readonly Step[]) => Promise<boolean>;

/** The shortest stream found within a number of trials. */
export async function shrink(steps: readonly Step[], fails: Fails, trials = 600): Promise<Step[]> {
  let left = trials;
  const tried: Fails = async candidate => {
    if (left <= 0 || candidate.length === 0) return false;
    left -= 1;
    return fails(candidate);
  };
  let shortest = await fewer([...steps], part => tried(part));
  const apart = shortest.flatMap(step => step.commands.map(command => ({ ...step, commands: [command], cuts: [] })));
  if (await tried(apart)) return fewer(apart, part => tried(part));
  for (const index of shortest.keys()) {
    const withCommands = (commands: Step['commands']) =>
      shortest.map((step, at) => (at === index ? { ...step, commands } : step));
    const commands = await fewer([...(shortest[index]?.commands ?? [])], part => tried(withCommands(part)));
    shortest = withCommands(commands);
    const uncut = shortest.map((step, at) => (at === index ? { ...step, cuts: [] } : step));
    if ((shortest[index]?.cuts.length ?? 0) > 0 && (await tried(uncut))) shortest = uncut;
  }
  return shortest;
}

/** Leaves out parts of a list, the parts ever smaller, as long as it fails without them. */
async function fewer<T>(list: T[], fails: (part: T[]) => Promise<boolean>): Promise<T[]> {
  let kept = list;
  for (let size = Math.ceil(kept.length / 2); size >= 1; ) {
    let left = false;
    for (let start = 0; start < kept.length && kept.length > 1; ) {
      const without = [...kept.slice(0, start), ...kept.slice(start + size)];
      if (without.length > 0 && (await fails(without))) {
        kept = without;
        left = true;
      } else {
        start += size;
      }
    }
    if (size === 1 && !left) break;
    size = size === 1 ? 1 : Math.ceil(size / 2);
  }
  return kept;
}

import { didYouMean } from '../config/nearest.ts';

/**
 * What is wrong with options as such: that they are no object, or that one of them is unknown, which may be a slip and would pass
 * unnoticed. `undefined` where nothing is.
 *
 * @param of whose options, as in "a write has no option tll"
 */
export function unknownOption(of: string, options: unknown, names: readonly string[]): string | undefined {
  if (typeof options !== 'object' || options === null)
    return `the options of ${of} are an object, not ${String(options)}`;
  const unknown = Object.keys(options).find(name => !names.includes(name));
  return unknown === undefined ? undefined : `${of} has no option ${unknown}${didYouMean(unknown, names)}`;
}

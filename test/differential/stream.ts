/** Streams: steps made of a family's productions by a seed, the same for ever. */
import { command as encodeWords } from '../harness/resp.ts';
import { Random } from '../soak/random.mjs';
import { type Command, resp, type Step } from './command.ts';
import { type Family, type Production, weighted } from './family.ts';

/** Connections of a stream; few, so that what one does meets what the others do. */
const CONNECTIONS = 3;
const LONGEST_PIPELINE = 12;
/** Share of the steps that are sent in several writes, and the most cuts. */
const CUT = { share: 0.12, most: 3 };
/** Share of RESP's commands with a word too many or too few, inline, or with a name in other capitals. */
const MUTATED = { arity: 0.02, inline: 0.04, letters: 0.05 };

/** What a stream is made from. */
export interface Plan {
  readonly family: Family;
  /** Those of the family whose commands the server has. */
  readonly productions: readonly Production[];
  readonly among: readonly Production[];
  readonly seed: number;
  /** Commands, about. */
  readonly commands: number;
}

/** The steps of a stream. */
export function makeStream(plan: Plan): Step[] {
  const random = new Random(plan.seed);
  const steps: Step[] = plan.family.protocol === 'resp' ? greetings(random) : [];
  for (let commands = 0; commands < plan.commands; ) {
    const step = makeStep(plan, random);
    steps.push(step);
    commands += step.commands.length;
  }
  return steps;
}

/** Some connections speak RESP3. */
function greetings(random: Random): Step[] {
  const connections = Array.from({ length: CONNECTIONS }, (_, connection) => connection);
  return connections.flatMap(connection =>
    random.chance(0.5) ? [{ connection, commands: [resp('HELLO', '3')], cuts: [] }] : [],
  );
}

function makeStep(plan: Plan, random: Random): Step {
  const connection = random.below(CONNECTIONS);
  const wanted = random.chance(0.4) ? 1 : 1 + random.below(LONGEST_PIPELINE);
  const commands: Command[] = [];
  const uncounted = plan.family.sentinel ? { uncounted: true } : {};
  while (commands.length < wanted) {
    const { among } = plan.family;
    const foreign = among && plan.among.length > 0 && random.chance(among.share);
    const chosen = weighted(random, foreign ? plan.among : plan.productions);
    const alone = chosen.alone === true || chosen.restMs !== undefined;
    if (alone && commands.length > 0) break;
    const made = [chosen.make(random)].flat();
    commands.push(
      ...(plan.family.protocol === 'resp' && !plan.family.exact ? made.map(one => mutated(random, one)) : made),
    );
    if (alone)
      return { connection, commands, cuts: [], ...uncounted, ...(chosen.restMs ? { restMs: chosen.restMs } : {}) };
    // What follows the end of a connection would be lost.
    if (commands.at(-1)?.ends) break;
  }
  const cuts = random.chance(CUT.share)
    ? Array.from({ length: 1 + random.below(CUT.most) }, () => random.fraction()).sort((a, b) => a - b)
    : [];
  return { connection, commands, cuts, ...uncounted };
}

/** Words that an inline command can have without quotes. */
const PLAIN = /^[A-Za-z0-9_.+-]+$/;

function mutated(random: Random, command: Command): Command {
  const { words } = command;
  if (!words || command.replies !== undefined || command.next || command.ends) return command;
  if (random.chance(MUTATED.arity)) {
    const fewer = random.chance(0.5) && words.length > 1;
    return resp(...(fewer ? words.slice(0, -1) : [...words, Buffer.from('extra')]));
  }
  if (random.chance(MUTATED.inline) && words.every(word => PLAIN.test(word.toString('latin1')))) {
    const end = random.of(['\r\n', '\n', '  \r\n']);
    return {
      ...command,
      parts: [Buffer.from(words.map(word => word.toString('latin1')).join(random.of([' ', '  '])) + end)],
    };
  }
  if (random.chance(MUTATED.letters)) {
    const [name = Buffer.alloc(0), ...rest] = words;
    const other = [...name.toString('latin1')]
      .map(letter => (random.chance(0.5) ? letter.toLowerCase() : letter))
      .join('');
    return { ...command, parts: [encodeWords(other, ...rest)] };
  }
  return command;
}

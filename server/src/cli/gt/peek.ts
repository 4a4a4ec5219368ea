import { AgentPeek } from '../../protocol/town';
import { InvalidValue, type CliCommand, type Invocation } from '../shared/command';
import type { GtContext } from './context';

export function addPeek(program: CliCommand, context: GtContext): void {
  program
    .command('peek <agent>')
    .description("print the last lines of an agent's screen, or of its last session if it has none")
    .argument('[lines]', 'how many (default: the whole screen)', { parse: parseLines })
    .withHelp({
      examples: [
        ['gt peek toy/rust', 'its screen'],
        ['gt peek toy/rust 50', 'the last fifty lines'],
      ],
      see: ['gt attach', 'gt nudge'],
    })
    .action(async (agent: string, lines: number | undefined, _options: unknown, invocation: Invocation) => {
      const result = await context.call(invocation, AgentPeek.spec, { agent, lines });
      if (result.ended) context.note(`${result.agent} has no session; this is the end of its last one:`);
      context.print(invocation, result, () => result.text);
    });
}

function parseLines(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidValue(`"${text}" is not a number of lines`);
  return Number(text);
}

import { UserError } from '../../base/errors';
import { BeadList } from '../../protocol/bead';
import { foundLine, longLines } from '../shared/beadText';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import { filterParams, withConditionOptions, withFilterOptions, type FilterOptions } from './filters';
import { defined, parseLimit } from './options';

const DEFAULT_LIMIT = 50;

interface SearchOptions extends FilterOptions {
  query?: string;
  externalContains?: string;
  reverse?: boolean;
  long?: boolean;
}

export function addSearch(program: CliCommand, context: BdContext): void {
  const command = program
    .command('search')
    .description('search titles, descriptions and ids')
    .argument('[words...]', 'what to search for, in any case');
  withConditionOptions(withFilterOptions(command))
    .option('--query <text>', 'same as the argument')
    .option('--external-contains <text>', 'reference in another system contains')
    .option('-n, --limit <count>', 'maximum number of results; 0 for all', parseLimit, DEFAULT_LIMIT)
    .option('--sort <order>', 'priority, created, updated, closed, status, id, title, type or assignee')
    .option('-r, --reverse', 'in reverse order')
    .option('--long', 'several lines each')
    .withHelp({
      text: 'Closed beads are found too, unless --status excludes them.',
      examples: [
        ['bd search "login page"', 'containing these words together'],
        ['bd search login --status open --sort updated', 'only open ones'],
      ],
      see: ['bd list', 'bd query'],
    })
    .action(async (words: string[], options: SearchOptions, invocation: Invocation) => {
      const text = (options.query ?? words.join(' ')).trim();
      if (text === '') throw new UserError('search query is required', 'bd search <words>');
      const { externalContains, reverse } = options;
      const filter = { ...filterParams(options), ...defined({ externalContains, reverse }) };
      const all = filter.status === undefined;
      const beads = await context.call(invocation, BeadList.spec, { ...filter, text, all });
      context.print(invocation, beads, () => {
        if (beads.length === 0) return `No issues found matching '${oneLine(text)}'`;
        const heading = `Found ${beads.length} issues matching '${oneLine(text)}':`;
        return options.long
          ? ['', heading, '', ...beads.flatMap((bead) => longLines(bead, context.paint))]
          : [heading, ...beads.map((bead) => foundLine(bead, context.paint))];
      });
    });
}

import { UserError } from '../../base/errors';
import { BeadList } from '../../protocol/bead';
import { beadLine, longLines } from '../shared/beadText';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import { defined, parseLimit } from './options';

const DEFAULT_LIMIT = 50;

interface QueryOptions {
  all?: boolean;
  limit: number;
  long?: boolean;
  parseOnly?: boolean;
  reverse?: boolean;
  sort?: string;
}

export function addQuery(program: CliCommand, context: BdContext): void {
  program
    .command('query')
    .description('list beads that match an expression')
    .argument('[expression...]', 'such as "status=open AND priority<2"')
    .option('-a, --all', 'closed beads too')
    .option('-n, --limit <count>', 'maximum number of results; 0 for all', parseLimit, DEFAULT_LIMIT)
    .option('--long', 'several lines each')
    .option('--parse-only', 'only check the expression')
    .option('-r, --reverse', 'in reverse order')
    .option('--sort <order>', 'priority, created, updated, closed, status, id, title, type or assignee')
    .withHelp({
      text: 'Comparisons are = != > >= < <=, joined by AND, OR, NOT and parentheses. Fields: status, priority, type, assignee, owner, label, title, description, notes, created, updated, closed, due, defer, id, spec, pinned, ephemeral, template, parent, mol_type. "none" means without; title, description and notes contain the value; a time may be 7d (seven days ago), a date or words such as tomorrow. Closed beads are left out unless the expression names a status, or --all.',
      examples: [
        ['bd query "status=open AND priority<2"', 'urgent and open'],
        ['bd query "(type=bug OR label=urgent) AND created>7d"', 'of the last week'],
        ['bd query "assignee=none AND NOT label=later"', 'without an assignee, not for later'],
      ],
      see: ['bd list', 'bd search'],
    })
    .action(async (words: string[], options: QueryOptions, invocation: Invocation) => {
      if (words.length === 0) throw new UserError('query expression is required', 'bd query "status=open"');
      const query = words.join(' ');
      const all = options.all === true || /\b(?:status|closed)\b/i.test(query);
      const { limit, reverse, sort } = options;
      const params = { query, all, limit: options.parseOnly ? 1 : limit, ...defined({ reverse, sort }) };
      const beads = await context.call(invocation, BeadList.spec, params);
      if (options.parseOnly)
        return context.print(invocation, { query, valid: true }, () => `Parsed query: ${oneLine(query)}`);
      context.print(invocation, beads, () => {
        if (beads.length === 0) return `No issues found matching query: ${oneLine(query)}`;
        const heading = `Found ${beads.length} issues:`;
        return options.long
          ? ['', heading, '', ...beads.flatMap((bead) => longLines(bead, context.paint))]
          : [heading, ...beads.map((bead) => beadLine(bead, context.paint))];
      });
    });
}

import { UserError } from '../../base/errors';
import { BeadCount } from '../../protocol/bead';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import { filterParams, withConditionOptions, withFilterOptions, type FilterOptions } from './filters';

const groupings = ['status', 'priority', 'type', 'assignee', 'label'] as const;
type Grouping = (typeof groupings)[number];

type CountOptions = FilterOptions & Partial<Record<`by${Capitalize<Grouping>}`, boolean>>;

export function addCount(program: CliCommand, context: BdContext): void {
  const command = withConditionOptions(
    withFilterOptions(program.command('count').description('count beads, closed ones too')),
  );
  for (const by of groupings) command.option(`--by-${by}`, `how many of each ${by}`);
  command
    .withHelp({
      examples: [
        ['bd count --status open', 'one number'],
        ['bd count --by-status --type bug', 'one number for each status'],
      ],
      see: ['bd status', 'bd list'],
    })
    .action(async (options: CountOptions, invocation: Invocation) => {
      const wanted = groupings.filter((by) => options[`by${capitalized(by)}`]);
      if (wanted.length > 1) throw new UserError('only one --by-* flag can be specified');
      const by = wanted[0];
      const filter = filterParams(options);
      const { count, groups } = await context.call(invocation, BeadCount.spec, { ...filter, ...(by ? { by } : {}) });
      context.print(invocation, by ? { total: count, groups } : { count }, () =>
        by ? [`Total: ${count}`, '', ...groups.map((each) => `${oneLine(each.group)}: ${each.count}`)] : String(count),
      );
    });
}

function capitalized<T extends string>(text: T): Capitalize<T> {
  return (text.charAt(0).toUpperCase() + text.slice(1)) as Capitalize<T>;
}

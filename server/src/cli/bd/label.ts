import { UserError } from '../../base/errors';
import { LabelChange, LabelList } from '../../protocol/bead';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';

const COUNT_COLUMNS = 4;

export function addLabel(program: CliCommand, context: BdContext): void {
  const label = program.command('label').description('labels of beads');
  addAdd(label, context);
  addRemove(label, context);
  addList(label, context);
  addListAll(label, context);
}

function addAdd(label: CliCommand, context: BdContext): void {
  label
    .command('add')
    .description('add a label')
    .argument('<ids-and-label...>', 'ids, and the label last')
    .withHelp({ examples: [['bd label add a1b2c d3e4f backend', 'add one label to two beads']], see: ['bd list'] })
    .action((words: string[], _options: unknown, invocation: Invocation) =>
      changeLabel(invocation, context, words, 'add'),
    );
}

function addRemove(label: CliCommand, context: BdContext): void {
  label
    .command('remove')
    .alias('rm')
    .description('remove a label')
    .argument('<ids-and-label...>', 'ids, and the label last')
    .withHelp({ examples: [['bd label remove app-a1b2c backend', 'remove it']], see: ['bd label add'] })
    .action((words: string[], _options: unknown, invocation: Invocation) =>
      changeLabel(invocation, context, words, 'remove'),
    );
}

async function changeLabel(
  invocation: Invocation,
  context: BdContext,
  words: readonly string[],
  change: 'add' | 'remove',
): Promise<void> {
  const ids = words.slice(0, -1);
  const label = words.at(-1) ?? '';
  if (ids.length === 0) throw new UserError('give at least one id and a label', `bd label ${change} <id...> <label>`);
  const results = await context.call(invocation, LabelChange.spec, { ids, label, change });
  const unchanged = change === 'add' ? 'Already there: label' : 'Not there: label';
  const mark = context.paint('green', '✓');
  context.print(invocation, results, () =>
    results.map((result) => {
      const done = { added: `${mark} Added label`, removed: `${mark} Removed label`, unchanged }[result.status];
      return `${done} '${oneLine(result.label)}' ${change === 'add' ? 'to' : 'from'} ${result.issue_id}`;
    }),
  );
}

function addList(label: CliCommand, context: BdContext): void {
  label
    .command('list <id>')
    .description('list the labels of a bead')
    .withHelp({ examples: [['bd label list app-a1b2c', 'of one bead']], see: ['bd label list-all'] })
    .action(async (id: string, _options: unknown, invocation: Invocation) => {
      const labels = (await context.call(invocation, LabelList.spec, { id })).map((entry) => entry.label);
      context.print(invocation, labels, () => (labels.length === 0 ? 'No labels.' : labels.map(oneLine)));
    });
}

function addListAll(label: CliCommand, context: BdContext): void {
  label
    .command('list-all')
    .description('list all labels with the number of their beads')
    .withHelp({ examples: [['bd label list-all', 'all labels in use']], see: ['bd label list'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      const labels = await context.call(invocation, LabelList.spec, {});
      context.print(invocation, labels, () =>
        labels.length === 0
          ? ['', 'No labels found in database']
          : labels.map((entry) => `${String(entry.count).padStart(COUNT_COLUMNS)} ${oneLine(entry.label)}`),
      );
    });
}

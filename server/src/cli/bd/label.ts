import type { Command } from 'commander';
import { UserError } from '../../base/errors';
import { LabelChange, LabelList } from '../../protocol/bead';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';

export function addLabels(program: Command, context: BdContext): void {
  const label = program.command('label').description('labels of beads');
  addChange(label, context, 'add');
  addChange(label, context, 'remove');
  const list = label
    .command('list')
    .description('the labels of a bead')
    .argument('<id>', 'id or a unique part of it')
    .action(async (id: string) =>
      context.run(list, async (backend) => {
        const labels = (await backend.call(LabelList.spec, { id })).map((entry) => entry.label);
        context.print(list, labels, () => (labels.length === 0 ? ['No labels.'] : labels.map(oneLine)));
      }),
    );
  const all = label
    .command('list-all')
    .description('all labels with the number of their beads')
    .action(async () =>
      context.run(all, async (backend) => {
        const labels = await backend.call(LabelList.spec, {});
        context.print(all, labels, () =>
          labels.length === 0
            ? ['No labels.']
            : labels.map((entry) => `${String(entry.count).padStart(4)} ${oneLine(entry.label)}`),
        );
      }),
    );
}

function addChange(label: Command, context: BdContext, change: 'add' | 'remove'): void {
  const command = label
    .command(change)
    .description(`${change} a label`)
    .argument('<ids-and-label...>', 'ids, and the label last');
  if (change === 'remove') command.alias('rm');
  command.action(async (words: string[]) => {
    const ids = words.slice(0, -1);
    const name = words.at(-1) ?? '';
    if (ids.length === 0) throw new UserError('give at least one id and a label', `bd label ${change} <id...> <label>`);
    await context.run(command, async (backend) => {
      const results = await backend.call(LabelChange.spec, { ids, label: name, change });
      context.print(command, results, () =>
        results.map((result) => {
          const text = {
            added: 'Added',
            removed: 'Removed',
            unchanged: change === 'add' ? 'Already there:' : 'Not there:',
          }[result.status];
          return `${text} ${oneLine(result.label)} ${change === 'add' ? 'to' : 'from'} ${result.issue_id}`;
        }),
      );
    });
  });
}

import { UserError } from '../../base/errors';
import { PROVIDES } from '../../beads/external/reference';
import { BeadList, BeadShow, LabelChange, LabelList, type LabelResult } from '../../protocol/bead';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import { partly } from './partly';

export function addLabel(program: CliCommand, context: BdContext): void {
  const label = program.command('label').description('labels of beads');
  addAdd(label, context);
  addRemove(label, context);
  addList(label, context);
  addListAll(label, context);
  addPropagate(label, context);
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
  if (ids.length === 0)
    throw new UserError(
      `requires at least 2 arg(s), only received ${words.length}`,
      `bd label ${change} <id...> <label>`,
    );
  if (change === 'add') refuseReserved(label);
  const results = await context.withLedger(invocation, (backend) =>
    partly(ids, { invocation, context }, (some) => backend.call(LabelChange.spec, { ids: some, label, change })),
  );
  printChanges(invocation, context, results);
}

/** Refuses labels of capabilities, for which other projects wait: only `bd ship` may set them. */
function refuseReserved(label: string): void {
  if (!label.startsWith(PROVIDES)) return;
  const hint = `use 'bd ship ${label.slice(PROVIDES.length)}' instead`;
  throw new UserError(`'${PROVIDES}' labels are reserved for cross-project capabilities`, hint, 'invalid');
}

function printChanges(invocation: Invocation, context: BdContext, results: readonly LabelResult[]): void {
  const mark = context.paint('green', '✓');
  const value = results.map(({ changed: _changed, ...result }) => result);
  context.print(invocation, value, () =>
    results.map(({ status, changed, label, issue_id }) =>
      status === 'added'
        ? `${mark} Added label '${oneLine(label)}' to ${issue_id}${changed ? '' : ' (it had it already)'}`
        : `${mark} Removed label '${oneLine(label)}' from ${issue_id}${changed ? '' : ' (it did not have it)'}`,
    ),
  );
}

/** Adds `bd label propagate`. Labels are not copied to children that are added later. */
function addPropagate(label: CliCommand, context: BdContext): void {
  label
    .command('propagate')
    .description('add a label to all children of a bead')
    .argument('<parent>', 'the bead whose children get it')
    .argument('<label>', 'the label to add')
    .withHelp({
      examples: [['bd label propagate app-a1b2c backend', 'the direct children, closed ones too']],
      see: ['bd label add', 'bd children'],
    })
    .action((parent: string, name: string, _options: unknown, invocation: Invocation) => {
      refuseReserved(name);
      return context.withLedger(invocation, async (backend) => {
        const children = await backend.call(BeadList.spec, { parent, all: true, limit: 0 });
        const ids = children.map((bead) => bead.id);
        if (ids.length > 0) {
          const results = await backend.call(LabelChange.spec, { ids, label: name, change: 'add' });
          return printChanges(invocation, context, results);
        }
        context.print(invocation, [], () => `No children found for ${oneLine(parent)}`);
      });
    });
}

function addList(label: CliCommand, context: BdContext): void {
  label
    .command('list <id>')
    .description('list the labels of a bead')
    .withHelp({ examples: [['bd label list app-a1b2c', 'of one bead']], see: ['bd label list-all'] })
    .action(async (id: string, _options: unknown, invocation: Invocation) => {
      const [bead] = await context.call(invocation, BeadShow.spec, { ids: [id] });
      const labels = bead?.labels ?? [];
      context.print(invocation, labels, () =>
        labels.length === 0
          ? ['', `${bead?.id} has no labels`]
          : ['', `🏷 Labels for ${bead?.id}:`, ...labels.map((each) => `  - ${oneLine(each)}`), ''],
      );
    });
}

function addListAll(label: CliCommand, context: BdContext): void {
  label
    .command('list-all')
    .description('list all labels with the number of their beads')
    .withHelp({ examples: [['bd label list-all', 'all labels in use']], see: ['bd label list'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      const labels = await context.call(invocation, LabelList.spec, {});
      const columns = Math.max(...labels.map((entry) => oneLine(entry.label).length));
      context.print(invocation, labels, () =>
        labels.length === 0
          ? ['', 'No labels found in database']
          : [
              '',
              `🏷 All labels (${labels.length} unique):`,
              ...labels.map(({ label: name, count }) => `  ${oneLine(name).padEnd(columns)}  (${count} issues)`),
              '',
            ],
      );
    });
}

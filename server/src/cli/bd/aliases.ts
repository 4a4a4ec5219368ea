import { UserError } from '../../base/errors';
import { BeadUpdate, LabelChange } from '../../protocol/bead';
import { DependencyAdd } from '../../protocol/dependency';
import type { CliCommand, Invocation } from '../shared/command';
import type { BdContext } from './context';
import { collectLabels, parsePriority, readText } from './options';

/** Short forms of beads 1.0 for one change: `assign`, `note`, `tag`, `link` and `priority`. */

export function addShortForms(program: CliCommand, context: BdContext): void {
  program
    .command('assign')
    .description('assign a bead')
    .argument('<id>')
    .argument('<name>', 'who; empty to unassign')
    .withHelp({ examples: [['bd assign app-a1b2c ann', 'to Ann']], see: ['bd update'] })
    .action((id: string, assignee: string, _options: unknown, invocation: Invocation) =>
      update(invocation, context, { ids: [id], assignee }),
    );
  program
    .command('priority')
    .description('change the priority of a bead')
    .argument('<id>')
    .argument('<priority>', '0-4 or P0-P4')
    .withHelp({ examples: [['bd priority app-a1b2c 0', 'the most urgent']], see: ['bd update'] })
    .action((id: string, priority: string, _options: unknown, invocation: Invocation) =>
      update(invocation, context, { ids: [id], priority: parsePriority(priority) }),
    );
  program
    .command('note')
    .description('add a line to the notes of a bead')
    .argument('<id>')
    .argument('[words...]', 'the line (- for standard input)')
    .option('--file <file>', 'read it from a file')
    .option('--stdin', 'read it from standard input')
    .withHelp({ examples: [['bd note app-a1b2c "waits for the review"', 'one more line']], see: ['bd comments add'] })
    .action((id: string, words: string[], options: { file?: string; stdin?: boolean }, invocation: Invocation) => {
      if (options.file !== undefined && words.length > 0) throw new UserError('cannot specify both words and --file');
      const file = options.file ?? (options.stdin || words.join(' ') === '-' ? '-' : undefined);
      const appendNotes = file === undefined ? words.join(' ') : readText(file, context.process).trimEnd();
      return update(invocation, context, { ids: [id], appendNotes });
    });
  program
    .command('tag')
    .description('add labels to a bead')
    .argument('<id>')
    .argument('<labels...>', 'labels')
    .withHelp({ examples: [['bd tag app-a1b2c backend', 'one label']], see: ['bd label add'] })
    .action(async (id: string, words: string[], _options: unknown, invocation: Invocation) => {
      const labels = words.flatMap((word) => collectLabels(word, undefined));
      const results = await context.withLedger(invocation, async (backend) => {
        const all = [];
        for (const label of labels)
          all.push(...(await backend.call(LabelChange.spec, { ids: [id], label, change: 'add' })));
        return all;
      });
      context.print(invocation, results, () =>
        results.map((each) => `✓ Added label '${each.label}' to ${each.issue_id}`),
      );
    });
  program
    .command('link')
    .description('let a bead wait for another one, or relate them')
    .argument('<id>')
    .argument('<other>', 'the bead that it waits for')
    .option('-t, --type <type>', 'blocks (the default), related, discovered-from, …')
    .withHelp({ examples: [['bd link app-d3e4f app-a1b2c', 'd3e4f waits for a1b2c']], see: ['bd dep add'] })
    .action(async (from: string, to: string, { type }: { type?: string }, invocation: Invocation) => {
      const edge = await context.call(invocation, DependencyAdd.spec, { from, to, ...(type ? { type } : {}) });
      const value = { status: 'added', issue_id: edge.issue_id, depends_on_id: edge.depends_on_id, type: edge.type };
      context.print(
        invocation,
        value,
        () => `✓ Added dependency: ${edge.issue_id} depends on ${edge.depends_on_id} (${edge.type})`,
      );
    });
}

async function update(
  invocation: Invocation,
  context: BdContext,
  params: { ids: string[]; assignee?: string; priority?: number; appendNotes?: string },
): Promise<void> {
  const beads = await context.call(invocation, BeadUpdate.spec, params);
  context.print(invocation, beads, () => beads.map((bead) => `✓ Updated issue: ${bead.id}`));
}

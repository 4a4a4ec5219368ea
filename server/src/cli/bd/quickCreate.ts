import { BeadClose, BeadCreate, BeadList } from '../../protocol/bead';
import type { CliCommand, Invocation } from '../shared/command';
import { actorName } from '../shared/connect';
import { oneLine } from '../shared/output';
import type { BdContext, GlobalOptions } from './context';
import { collect, defined, parsePriority } from './options';

/** `bd q` and `bd todo`: quick creation of beads. */

interface QuickOptions {
  type?: string;
  priority?: number;
  labels?: string[];
}

export function addQuick(program: CliCommand, context: BdContext): void {
  program
    .command('q <title...>')
    .description('create a bead and print only its id')
    .option('-t, --type <type>', 'task, bug, feature, chore, epic, …')
    .option('-p, --priority <priority>', '0-4 or P0-P4', parsePriority)
    .option('-l, --labels <labels>', 'labels, separated by commas', collect)
    .withHelp({ examples: [['bd q "Fix the login page" -t bug -p 1', 'for a script']], see: ['bd create'] })
    .action(async (words: string[], options: QuickOptions, invocation: Invocation) => {
      const params = { title: words.join(' '), ...defined({ ...options }), ...(await context.owner()) };
      const bead = await context.call(invocation, BeadCreate.spec, params);
      context.print(invocation, { id: bead.id }, () => bead.id);
    });
}

export function addTodo(program: CliCommand, context: BdContext): void {
  const todo = program
    .command('todo')
    .description('list open tasks, or add and finish one')
    .option('--all', 'finished ones too')
    .withHelp({ examples: [['bd todo', 'open tasks']], see: ['bd list', 'bd q'] })
    .action((options: { all?: boolean }, invocation: Invocation) => printTodos(invocation, context, options));
  todo
    .command('list')
    .description('list open tasks')
    .option('--all', 'finished ones too')
    .withHelp({ examples: [['bd todo list', 'the same as bd todo']], see: ['bd todo add'] })
    .action((options: { all?: boolean }, invocation: Invocation) => printTodos(invocation, context, options));
  todo
    .command('add <title...>')
    .description('add a task for yourself')
    .option('-p, --priority <priority>', '0-4 or P0-P4', parsePriority)
    .option('-d, --description <text>', 'description')
    .withHelp({ examples: [['bd todo add "Call the customer"', 'assigned to you']], see: ['bd todo done'] })
    .action(async (words: string[], options: { priority?: number; description?: string }, invocation: Invocation) => {
      const { cwd, env } = context.process;
      const assignee = await actorName((invocation.options as GlobalOptions).actor, env, cwd);
      const { priority, description } = options;
      const params = { title: words.join(' '), assignee, ...defined({ priority, description }) };
      const bead = await context.call(invocation, BeadCreate.spec, { ...params, ...(await context.owner()) });
      context.print(invocation, bead, () => `Created ${bead.id}: ${oneLine(bead.title)}`);
    });
  todo
    .command('done <ids...>')
    .description('finish tasks')
    .option('-r, --reason <text>', 'why')
    .withHelp({ examples: [['bd todo done app-a1b2c', 'closes it']], see: ['bd close'] })
    .action(async (ids: string[], options: { reason?: string }, invocation: Invocation) => {
      const reason = options.reason ?? 'Completed';
      const { closed, errors } = await context.call(invocation, BeadClose.spec, { ids, reason });
      for (const error of errors) context.note(error.message);
      const done = closed.map((bead) => bead.id);
      context.print(invocation, { closed: done, reason }, () => done.map((id) => `✓ Completed ${id}`));
    });
}

const TITLE_COLUMNS = 40;

async function printTodos(invocation: Invocation, context: BdContext, { all }: { all?: boolean }): Promise<void> {
  const filter = { type: ['task'], limit: 0, ...(all ? { all } : { status: ['open', 'in_progress'] }) };
  const beads = await context.call(invocation, BeadList.spec, filter);
  context.print(invocation, beads, () =>
    beads.length === 0
      ? 'No TODOs found'
      : [
          ...beads.map(
            (bead) =>
              `  ${bead.status === 'closed' ? '✓' : '○'} ${bead.id}  ${oneLine(bead.title).padEnd(TITLE_COLUMNS)}  ● P${bead.priority}  ${oneLine(bead.status)}`,
          ),
          '',
          `Total: ${beads.length} TODOs`,
        ],
  );
}

import { UserError } from '../../base/errors';
import { BeadClose, BeadReady, BeadUpdate, type Bead } from '../../protocol/bead';
import { StepClose } from '../../protocol/formula';
import type { CliCommand, Invocation } from '../shared/command';
import { continueLines } from '../shared/moleculeText';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import { defined, readText } from './options';

interface CloseOptions {
  reason?: string;
  resolution?: string;
  message?: string;
  comment?: string;
  reasonFile?: string;
  session?: string;
  claimNext?: boolean;
  force?: boolean;
  suggestNext?: boolean;
  continue?: boolean;
  auto?: boolean;
}

export function addClose(program: CliCommand, context: BdContext): void {
  program
    .command('close [ids...]')
    .alias('done')
    .description('close beads')
    .option('-r, --reason <text>', 'why')
    .hiddenOption('--resolution <text>', 'same as --reason')
    .hiddenOption('-m, --message <text>', 'same as --reason')
    .hiddenOption('--comment <text>', 'same as --reason')
    .option('--reason-file <file>', 'read the reason from a file (- for standard input)')
    .option('--session <id>', 'session in which it was done (default: CLAUDE_SESSION_ID)')
    .option('-f, --force', 'even if it is pinned, waits for others or has open children')
    .option('--suggest-next', 'also list beads that became ready')
    .option('--claim-next', 'then claim the first bead that is ready')
    .option('--continue', 'for a step of a molecule: start the next ready step')
    .option('--no-auto', 'with --continue: only show the next step')
    .withHelp({
      text: 'A bead that is pinned, waits for others or has open children is closed with --force only.',
      examples: [
        ['bd close app-a1b2c --reason "fixed in 4f2a"', 'close one'],
        ['bd close app-a1b2c --suggest-next', 'and list beads that became ready'],
        ['bd close app-w1x2y --continue', 'close a step of a molecule and start the next one'],
      ],
      exits: { 0: 'at least one was closed; errors about others are on standard error', 1: 'none was closed' },
      see: ['bd reopen', 'bd mol current', 'gt done'],
    })
    .action(async (ids: string[], options: CloseOptions, invocation: Invocation) => {
      await (options.continue ? closeAndContinue : closeBeads)(invocation, context, ids, options);
    });
}

function reasonOf(options: CloseOptions, context: BdContext): string | undefined {
  const given = options.reason ?? options.resolution ?? options.message ?? options.comment;
  if (given !== undefined && options.reasonFile !== undefined)
    throw new UserError('cannot specify both --reason and --reason-file');
  return given ?? (options.reasonFile === undefined ? undefined : readText(options.reasonFile, context.process).trim());
}

async function closeBeads(
  invocation: Invocation,
  context: BdContext,
  ids: string[],
  options: CloseOptions,
): Promise<void> {
  const { paint } = context;
  const session = options.session ?? (context.process.env.CLAUDE_SESSION_ID || undefined);
  const params = { ids, ...defined({ reason: reasonOf(options, context), force: options.force, session }) };
  const { closed, errors, unblocked } = await context.call(invocation, BeadClose.spec, params);
  for (const error of errors) context.printError(invocation, new UserError(error.message));
  const suggests = options.suggestNext && unblocked.length > 0;
  const claimed = options.claimNext ? await claimNext(invocation, context) : [];
  const value = { closed, ...(suggests ? { unblocked } : {}), ...(options.claimNext ? { claimed } : {}) };
  context.print(invocation, suggests || options.claimNext ? value : closed, () => [
    ...closed.map((bead) => `${paint('green', '✓')} Closed ${bead.id}: ${oneLine(bead.close_reason ?? '')}`),
    ...(suggests
      ? [
          '',
          'Newly unblocked:',
          ...unblocked.map((bead) => `  • ${bead.id} "${oneLine(bead.title)}" (P${bead.priority})`),
        ]
      : []),
    ...claimed.map((bead) => `${paint('green', '✓')} Claimed ${bead.id}: ${oneLine(bead.title)}`),
  ]);
}

/** Claims the first ready bead that no other caller claims meanwhile; undefined if there is none. */
async function claimNext(invocation: Invocation, context: BdContext): Promise<Bead[]> {
  const ready = await context.call(invocation, BeadReady.spec, { unassigned: true });
  for (const bead of ready) {
    try {
      return await context.call(invocation, BeadUpdate.spec, { ids: [bead.id], claim: true });
    } catch (error) {
      if (!(error instanceof UserError) || error.code !== 'conflict') throw error;
    }
  }
  return [];
}

async function closeAndContinue(
  invocation: Invocation,
  context: BdContext,
  [id, ...more]: string[],
  options: CloseOptions,
): Promise<void> {
  if (id === undefined) throw new UserError('no issue ID provided');
  if (more.length > 0) throw new UserError('--continue only works when closing a single issue');
  const { force, auto } = options;
  const params = { id, ...defined({ reason: reasonOf(options, context), force, auto }) };
  const result = await context.call(invocation, StepClose.spec, params);
  context.print(invocation, result, () => continueLines(result, context.paint));
}

import { UserError } from '../../base/errors';
import { plural } from '../../base/text';
import { findLedger } from '../../beads/storage/locate';
import { BeadShow } from '../../protocol/bead';
import { LedgerFlush, LedgerInfoGet } from '../../protocol/ledger';
import type { CliCommand, Invocation } from '../shared/command';
import { actorName } from '../shared/connect';
import { townOfDirectory } from '../shared/findTown';
import type { BdContext, GlobalOptions } from './context';

/** `bd context`, `bd ping`, `bd bootstrap` and `bd restore`: whether and how the ledger can be used here. */

export function addContext(program: CliCommand, context: BdContext): void {
  program
    .command('context')
    .description('show which ledger, which town and which name a command uses here')
    .withHelp({ examples: [['bd context --json', 'for a program']], see: ['bd where', 'bd info'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      const { cwd, env } = context.process;
      const info = await context.call(invocation, LedgerInfoGet.spec, {});
      const town = townOfDirectory(info.directory, {});
      const value = {
        actor: await actorName((invocation.options as GlobalOptions).actor, env, cwd),
        beads_dir: info.directory,
        prefix: info.prefix,
        ledger: info.ledger,
        backend: town === undefined ? 'files' : 'town',
        ...(town === undefined ? {} : { town }),
        cwd,
      };
      context.print(invocation, value, () => [
        `Actor:   ${value.actor}`,
        `Ledger:  ${value.beads_dir}`,
        `Prefix:  ${value.prefix}`,
        town === undefined
          ? 'Backend: the files, under a lock'
          : `Backend: the server of the town ${town} (${info.ledger})`,
      ]);
    });
}

export function addPing(program: CliCommand, context: BdContext): void {
  program
    .command('ping')
    .description('check that the ledger answers')
    .withHelp({
      examples: [['bd ping', 'exit code 1 if it does not']],
      exits: { 1: 'there is no ledger, or it cannot be read' },
      see: ['bd doctor', 'bd context'],
    })
    .action(async (_options: unknown, invocation: Invocation) => {
      const start = Date.now();
      const { issues } = await context.call(invocation, LedgerInfoGet.spec, {});
      const elapsed = Date.now() - start;
      context.print(invocation, { status: 'ok', elapsed_ms: elapsed, issues }, () => `ok (${elapsed} ms)`);
    });
}

export function addBootstrap(program: CliCommand, context: BdContext): void {
  program
    .command('bootstrap')
    .description('set up the ledger of a fresh clone; nothing is overwritten')
    .option('--dry-run', 'only show')
    .option('-y, --yes', 'accepted: nothing is asked')
    .option('--non-interactive', 'accepted: nothing is asked')
    .withHelp({
      text: 'Reads the issues.jsonl that git has checked out. "bd init" creates a ledger if there is none, and configures git to merge its file.',
      examples: [
        ['bd bootstrap', 'after git clone'],
        ['bd bootstrap --dry-run', 'what would be done'],
      ],
      see: ['bd init', 'bd doctor'],
    })
    .action(async (options: { dryRun?: boolean }, invocation: Invocation) => {
      const { cwd, env } = context.process;
      const directory = (invocation.options as GlobalOptions).db ?? (env.BEADS_DIR || findLedger(cwd));
      if (directory === undefined)
        throw new UserError('there is no ledger to set up here', 'Create one with: bd init', 'not-found');
      if (options.dryRun) {
        const actions = ['read issues.jsonl', 'check that the ledger can be written'];
        return context.print(invocation, { beads_dir: directory, dry_run: true, actions }, () => [
          `Would set up ${directory}:`,
          ...actions.map((action) => `  ${action}`),
        ]);
      }
      const { issues } = await context.call(invocation, LedgerFlush.spec, { importOnly: true });
      const value = { beads_dir: directory, issues, ready: true };
      context.print(invocation, value, () => `✓ ${directory} is ready: ${plural(issues, 'issue')}`);
    });
}

export function addRestore(program: CliCommand, context: BdContext): void {
  program
    .command('restore <id>')
    .description('accepted: bring back the texts of a compacted bead; here beads are never compacted')
    .withHelp({
      examples: [['bd restore app-a1b2c', 'reports that nothing is missing']],
      see: ['bd events', 'bd backup restore'],
    })
    .action(async (given: string, _options: unknown, invocation: Invocation) => {
      const [bead] = await context.call(invocation, BeadShow.spec, { ids: [given] }).catch((error: unknown) => {
        if (!(error instanceof UserError) || error.code !== 'not-found') throw error;
        throw new UserError(`issue '${given}' not found`, error.hint, 'not-found');
      });
      throw new UserError(`issue ${bead?.id ?? given} is not compacted`, 'only compacted issues need restoration');
    });
}

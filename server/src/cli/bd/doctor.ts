import path from 'node:path';
import { UserError } from '../../base/errors';
import type { Lease } from '../../base/lease';
import { canonicalPath } from '../../base/safePaths';
import { plural } from '../../base/text';
import type { Diagnosis } from '../../beads/storage/repair';
import { findLedger, isLedger } from '../../beads/storage/locate';
import type { CliCommand, Invocation } from '../shared/command';
import { townOfDirectory } from '../shared/findTown';
import { namedLedger } from './openBackend';
import type { BdContext, GlobalOptions } from './context';

/** Longest time that another `bd` command holds the ledger. */
const LOCK_MS = 10_000;

interface Report extends Diagnosis {
  directory: string;
  fixed: boolean;
  /** If the folder was missing: whether its beads were restored, or an empty one was created. */
  made?: 'restored' | 'empty';
}

export function addDoctor(program: CliCommand, context: BdContext): void {
  program
    .command('doctor')
    .description('look for damage in the files of the ledger, and repair it with --fix')
    .option('--fix', 'repair the findings; each original file is kept under another name')
    .withHelp({
      text: "It finds git's conflict markers, lines that are not beads, beads with several lines, and broken lines of the journal. It works on the files of the nearest .beads folder, or of the one that --db names, also inside a town. A ledger of a town whose folder is gone is recreated, from the repository of its rig if that contains it.",
      examples: [
        ['bd doctor', 'show the findings'],
        ['bd doctor --fix', 'repair it'],
      ],
      exits: { 1: 'something is wrong and was not repaired' },
      see: ['bd init', 'bd import'],
    })
    .action(async ({ fix = false }: { fix?: boolean }, invocation: Invocation) => {
      const { cwd, env } = context.process;
      if (fix && env.GT_SESSION_TOKEN)
        throw new UserError(
          'only a person may repair a ledger',
          'report the problem to a person: gt escalate',
          'refused',
        );
      const report = await examine(cwd, env, (invocation.options as GlobalOptions).db, fix);
      if (!fix && report.findings.length > 0) context.exitCode = 1;
      context.print(invocation, report, () => lines(report));
    });
}

async function examine(cwd: string, env: NodeJS.ProcessEnv, db: string | undefined, fix: boolean): Promise<Report> {
  const made = fix && db !== undefined ? await restore(path.resolve(cwd, db)) : undefined;
  const directory = namedLedger({ cwd, env, db }) ?? findLedger(cwd);
  if (directory === undefined)
    throw new UserError('no beads database found', 'run "bd init" to create one here', 'not-found');
  const [{ diagnose }, { realFs }] = await Promise.all([
    import('../../beads/storage/repair'),
    import('../../beads/storage/ledgerFs'),
  ]);
  // In a town the server merges in changes of the files; outside of a town no other command may write meanwhile.
  const lease = fix && townOfDirectory(directory, {}) === undefined ? await lockForRepair(directory) : undefined;
  try {
    return { directory, fixed: fix, ...(made ? { made } : {}), ...(await diagnose(realFs, directory, fix)) };
  } finally {
    lease?.release();
  }
}

/** Takes the lock; a server of the ledger releases it. If the folder is not writable, the repair reports that. */
async function lockForRepair(directory: string): Promise<Lease | undefined> {
  const { lockLedger } = await import('../../ledgerServer/lockLedger');
  return lockLedger(directory, LOCK_MS);
}

async function restore(given: string): Promise<Report['made']> {
  const directory = canonicalPath(given);
  const town = isLedger(directory) ? undefined : townOfDirectory(path.dirname(directory), {});
  if (town === undefined) return undefined;
  const { restoreLedger } = await import('../../town/restoreLedger');
  const done = await restoreLedger(town, directory);
  return done && (done.restored ? 'restored' : 'empty');
}

function lines({ directory, findings, kept, fixed, made }: Report): string[] {
  const last = made
    ? `✓ Recreated ${directory}${made === 'restored' ? ", as the rig's repository had it" : ': it is empty'}`
    : findings.length === 0
      ? `✓ Nothing is wrong in ${directory}`
      : fixed
        ? `✓ Repaired ${plural(findings.length, 'line')}; the files as they were: ${kept.join(', ')}`
        : `${plural(findings.length, 'line')} to repair in ${directory}: run "bd doctor --fix"`;
  return [...findings.map(({ file, line, problem, remedy }) => `${file}:${line}: ${problem}: ${remedy}`), last];
}

import { UserError } from '../../base/errors';
import { DirectLand } from '../../protocol/town';
import type { CliCommand, Invocation } from '../shared/command';
import type { GtContext } from './context';
import { landingLines } from './mqText';

interface LandOptions {
  direct?: boolean;
  force?: boolean;
  skipTests?: boolean;
  dryRun?: boolean;
}

export function addLand(program: CliCommand, context: GtContext): void {
  program
    .command('land <agent>')
    .description('land the work of a polecat directly, without the merge queue and without a review')
    .option('--direct', 'required; to use the merge queue instead, run "gt mq submit"')
    .option('--force', 'even if its session lives, which is ended, or something is not committed, which is kept')
    .option('--skip-tests', 'without running the gates')
    .option('--dry-run', 'show the checks and what would land; nothing is changed, and no gate runs')
    .withHelp({
      text: 'Checked: its session has ended, its worktree is clean, there is no conflict with the target, and the gates pass on exactly the commit that lands. A conflict cannot be skipped. The bead is closed, its branch and its worktree are removed. For people; for the Mayor only if you allow it ("gt config mayor-may-land on").',
      examples: [
        ['gt land --direct toy/rust --dry-run', 'look first'],
        ['gt land --direct toy/rust', 'land it'],
        ['gt land --direct toy/rust --skip-tests', 'an urgent fix'],
      ],
      exits: { 1: 'a check failed; nothing has landed' },
      see: ['gt mq submit', 'gt mq approve --first'],
    })
    .action(async (agent: string, { direct, force, skipTests, dryRun }: LandOptions, invocation: Invocation) => {
      if (!direct)
        throw new UserError(
          'work lands through the merge queue',
          `to land it without the queue and a review: "gt land --direct ${agent}"`,
          'invalid',
        );
      const result = await context.call(invocation, DirectLand.spec, { agent, force, skipTests, dryRun });
      context.print(invocation, result, () => landingLines(result));
      if (result.checks.some(({ outcome }) => outcome === 'failed')) context.exitCode = 1;
    });
}

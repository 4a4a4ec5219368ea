import { BeadClose, BeadList, type Bead } from '../../protocol/bead';
import { LedgerInfoGet } from '../../protocol/ledger';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import { gitOutput } from '../shared/gitOutput';
import type { BdContext } from './context';
import { collect, defined } from './options';

const COMMITS = 500;

interface Orphan {
  issue_id: string;
  title: string;
  status: string;
  latest_commit: string;
  latest_commit_message: string;
}

interface OrphanOptions {
  details?: boolean;
  fix?: boolean;
  label?: string[];
  labelAny?: string[];
}

export function addOrphans(program: CliCommand, context: BdContext): void {
  program
    .command('orphans')
    .description('find open beads that a commit names as done: with their ids in brackets in its message')
    .option('--details', 'also the commits')
    .option('--fix', 'close them')
    .option('--label <labels>', 'only with all of these labels', collect)
    .option('--label-any <labels>', 'only with one of these labels', collect)
    .withHelp({
      examples: [['bd orphans', 'such as those of a commit "Fix the login (app-a1b2c)"']],
      see: ['bd stale', 'bd lint'],
    })
    .action(async (options: OrphanOptions, invocation: Invocation) =>
      context.withLedger(invocation, async (backend) => {
        const { prefix } = await backend.call(LedgerInfoGet.spec, {});
        const open = await backend.call(BeadList.spec, {
          status: ['open', 'in_progress'],
          limit: 0,
          ...defined({ labels: options.label, labelsAny: options.labelAny }),
        });
        const found = orphansIn(open, await commits(context.process.cwd), prefix);
        if (options.fix && found.length > 0)
          await backend.call(BeadClose.spec, { ids: found.map((each) => each.issue_id), reason: 'Implemented' });
        context.print(invocation, found, () =>
          found.length === 0
            ? '✓ No orphaned issues found'
            : [
                `⚠ Found ${found.length} orphaned issue(s):`,
                ...found.flatMap((each, index) => [
                  `${index + 1}. ${each.issue_id}: ${oneLine(each.title)}`,
                  `   Status: ${oneLine(each.status)}`,
                  ...(options.details
                    ? [`   Latest commit: ${each.latest_commit} ${oneLine(each.latest_commit_message)}`]
                    : []),
                ]),
              ],
        );
      }),
    );
}

/** Finds beads that commits mention. @param log git's log, newest first */
export function orphansIn(
  open: readonly Bead[],
  log: readonly [hash: string, subject: string][],
  prefix: string,
): Orphan[] {
  const pattern = new RegExp(`\\((${prefix.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}-[a-z0-9.]+)\\)`, 'g');
  const latest = new Map<string, [string, string]>();
  for (const [hash, subject] of log)
    for (const match of subject.matchAll(pattern)) if (!latest.has(match[1]!)) latest.set(match[1]!, [hash, subject]);
  return open.flatMap((bead) => {
    const commit = latest.get(bead.id);
    if (!commit) return [];
    const [latest_commit, latest_commit_message] = commit;
    return [{ issue_id: bead.id, title: bead.title, status: bead.status, latest_commit, latest_commit_message }];
  });
}

/** Hashes and subjects of commits; empty outside of a repository. */
async function commits(cwd: string): Promise<[string, string][]> {
  const text = (await gitOutput(cwd, ['log', `-${COMMITS}`, '--format=%h%x00%s'])) ?? '';
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\0') as [string, string]);
}

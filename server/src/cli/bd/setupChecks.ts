import path from 'node:path';
import { readTextIfPresent, writeFileAtomic } from '../../base/safeFiles';
import { withIgnored } from '../../beads/storage/ledgerConfig';
import { gitOutput } from '../shared/gitOutput';
import type { Check } from './doctorChecks';
import { installHooks, missingHooks } from './hooks';
import { hasMergeDriver, installMergeDriver } from './mergeDriver';

/** Whether the clone is set up for its ledger: for `bd doctor`, `bd config drift` and `bd config apply`. */

/** A check with its repair, if there is one. */
export interface SetupCheck extends Check {
  repair?: () => Promise<void>;
}

const category = 'Git Integration';

/**
 * @param directory the `.beads` folder
 * @param settings of the ledger
 */
export async function setupChecks(
  directory: string,
  settings: Readonly<Record<string, string>>,
): Promise<SetupCheck[]> {
  const root = (await gitOutput(path.dirname(directory), ['rev-parse', '--show-toplevel']))?.trim();
  if (root === undefined)
    return [{ name: 'Git Hooks', category, status: 'ok', message: 'There is no git repository around the ledger' }];
  const isIgnored = (await gitOutput(root, ['check-ignore', '--', path.join(directory, 'issues.jsonl')])) !== undefined;
  // A ledger that git ignores (bd init --stealth) needs neither hooks nor a merge driver.
  if (isIgnored) return [{ name: 'Issues Tracking', category, status: 'ok', message: 'git ignores this ledger' }];
  return [
    await hooksCheck(root),
    await driverCheck(root, directory),
    ...(await branchCheck(root, settings)),
    gitignoreCheck(directory),
  ];
}

async function hooksCheck(folder: string): Promise<SetupCheck> {
  const name = 'Git Hooks';
  const missing = (await missingHooks(folder)) ?? [];
  if (missing.length === 0) return { name, category, status: 'ok', message: 'All hooks are installed' };
  return {
    name,
    category,
    status: 'warning',
    message: `Not installed: ${missing.join(', ')}`,
    fix: 'bd hooks install',
    repair: async () => void (await installHooks(folder)),
  };
}

async function driverCheck(root: string, directory: string): Promise<SetupCheck> {
  const name = 'Git Merge Driver';
  if (await hasMergeDriver(root, directory))
    return { name, category, status: 'ok', message: 'git merges issues.jsonl with bd merge' };
  return {
    name,
    category,
    status: 'warning',
    message: 'git merges issues.jsonl line by line in this clone',
    fix: 'bd doctor --fix configures git to use bd merge',
    repair: () => installMergeDriver(root, directory),
  };
}

/** The branch of the setting `sync-branch`; without the setting nothing is checked. */
async function branchCheck(root: string, settings: Readonly<Record<string, string>>): Promise<SetupCheck[]> {
  const name = 'Sync Branch Config';
  const branch = settings['sync-branch'];
  if (!branch) return [];
  const here = (await gitOutput(root, ['symbolic-ref', '--short', '-q', 'HEAD']))?.trim();
  return [
    here === branch
      ? {
          name,
          category,
          status: 'error',
          message: `sync-branch is ${branch}, which is checked out here`,
          fix: 'Check out another branch, or choose one for beads only: bd config set sync-branch beads-sync',
        }
      : { name, category, status: 'ok', message: `Beads are synchronised on the branch ${branch}` },
  ];
}

function gitignoreCheck(directory: string): SetupCheck {
  const name = 'Gitignore';
  const file = path.join(directory, '.gitignore');
  const text = readTextIfPresent(file) ?? '';
  const complete = withIgnored(text);
  if (complete === text) return { name, category, status: 'ok', message: 'git ignores the files of this clone' };
  return {
    name,
    category,
    status: 'warning',
    message: 'git does not ignore all files that belong to this clone only',
    fix: 'bd doctor --fix adds them to .beads/.gitignore',
    repair: async () => writeFileAtomic(file, complete),
  };
}

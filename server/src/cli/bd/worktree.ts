import path from 'node:path';
import { UserError } from '../../base/errors';
import { readTextIfPresent, writeFileAtomic } from '../../base/safeFiles';
import { canonicalPath, isPresent } from '../../base/safePaths';
import { makeFolder } from '../../base/safeFolders';
import { LedgerInfoGet } from '../../protocol/ledger';
import type { CliCommand, Invocation } from '../shared/command';
import type { BdContext } from './context';
import { gitText } from './syncGit';

/** `bd worktree`: git worktrees that share the ledger of the main one. */

interface Worktree {
  name: string;
  path: string;
  branch: string;
  is_main: boolean;
  beads_state: 'shared' | 'redirect' | 'local' | 'none';
  redirect_to?: string;
}

export function addWorktree(program: CliCommand, context: BdContext): void {
  const worktree = program
    .command('worktree')
    .description('worktrees of git that use the ledger of the main one')
    .withHelp({ examples: [['bd worktree create feature-x', 'next to the repository']], see: ['bd where'] });
  worktree
    .command('list')
    .description('list the worktrees')
    .withHelp({ examples: [['bd worktree list', 'with the folders of their ledgers']], see: ['bd worktree info'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      const all = await worktrees(context.process.cwd);
      const row = (name: string, where: string, branch: string, beads: string): string =>
        `${name.padEnd(20)} ${where.padEnd(40)} ${branch.padEnd(20)} ${beads}`;
      context.print(invocation, all, () => [
        row('NAME', 'PATH', 'BRANCH', 'BEADS'),
        ...all.map((each) => row(each.is_main ? '(main)' : each.name, each.path, each.branch, each.beads_state)),
      ]);
    });
  addInfo(worktree, context);
  addCreate(worktree, context);
  addRemove(worktree, context);
}

/** All worktrees, the main one first. */
async function worktrees(cwd: string): Promise<Worktree[]> {
  const blocks = (await gitText(cwd, ['worktree', 'list', '--porcelain'])).split('\n\n');
  return blocks.map((block, index) => {
    const value = (key: string): string | undefined => new RegExp(`^${key} (.*)$`, 'm').exec(block)?.[1];
    const folder = value('worktree') ?? '';
    const state = index === 0 ? 'shared' : beadsState(folder);
    return {
      name: path.basename(folder),
      path: folder,
      branch: value('branch')?.replace('refs/heads/', '') ?? '(detached)',
      is_main: index === 0,
      beads_state: state,
      ...(state === 'redirect' ? { redirect_to: path.join(folder, '.beads') } : {}),
    };
  });
}

function beadsState(folder: string): Worktree['beads_state'] {
  const beads = path.join(folder, '.beads');
  if (!isPresent(beads)) return 'none';
  return readTextIfPresent(path.join(beads, 'redirect')) === undefined ? 'local' : 'redirect';
}

/** The worktree that contains a folder. */
async function here(cwd: string): Promise<{ main: Worktree; own: Worktree | undefined }> {
  const all = await worktrees(cwd);
  const root = await gitText(cwd, ['rev-parse', '--show-toplevel']);
  return { main: all[0]!, own: all.find((each) => !each.is_main && each.path === root) };
}

function addInfo(worktree: CliCommand, context: BdContext): void {
  worktree
    .command('info')
    .description('show the worktree of this folder')
    .withHelp({ examples: [['bd worktree info', 'and the folder of its ledger']], see: ['bd worktree list'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      const { main, own } = await here(context.process.cwd);
      if (!own)
        return context.print(
          invocation,
          { is_worktree: false },
          () => 'Not in a git worktree (this is the main repository)',
        );
      const { directory } = await context.call(invocation, LedgerInfoGet.spec, {});
      const value = {
        is_worktree: true,
        name: own.name,
        path: own.path,
        branch: own.branch,
        main_repo: main.path,
        beads_redirected: own.beads_state === 'redirect',
        ...(own.beads_state === 'redirect'
          ? { beads_local: path.join(own.path, '.beads'), beads_target: directory }
          : {}),
      };
      context.print(invocation, value, () => [
        `Worktree: ${own.path}`,
        `  Name: ${own.name}`,
        `  Branch: ${own.branch}`,
        `  Main repository: ${main.path}`,
        `  Beads: ${directory}`,
      ]);
    });
}

function addCreate(worktree: CliCommand, context: BdContext): void {
  worktree
    .command('create <name>')
    .description('create a worktree with its own branch')
    .option('--branch <name>', 'name of the branch (default: the name)')
    .withHelp({
      examples: [['bd worktree create wt --branch feature-x', 'in the folder wt']],
      see: ['bd worktree remove'],
    })
    .action(async (name: string, options: { branch?: string }, invocation: Invocation) => {
      const { directory } = await context.call(invocation, LedgerInfoGet.spec, {});
      const { main } = await here(context.process.cwd);
      const target = path.resolve(main.path, name);
      if (isPresent(target)) throw new UserError(`path already exists: ${target}`);
      const branch = options.branch ?? path.basename(name);
      await gitText(main.path, ['worktree', 'add', '-b', branch, '--', target]);
      const beads = path.join(target, '.beads');
      makeFolder(beads);
      // The path is relative to the folder that contains .beads.
      writeFileAtomic(path.join(beads, 'redirect'), `${path.relative(target, directory)}\n`);
      context.print(invocation, { path: target, branch, redirect_to: directory }, () => [
        `✓ Created worktree: ${target}`,
        `  Branch: ${branch}`,
        `  Beads: redirects to ${directory}`,
      ]);
    });
}

function addRemove(worktree: CliCommand, context: BdContext): void {
  worktree
    .command('remove <name>')
    .description('remove a worktree without unsaved work')
    .option('--force', 'even if it has changes, or commits that are nowhere else')
    .withHelp({
      examples: [['bd worktree remove wt', 'when its work is merged and pushed']],
      see: ['bd worktree create'],
    })
    .action(async (name: string, options: { force?: boolean }, invocation: Invocation) => {
      const all = await worktrees(context.process.cwd);
      const folder = canonicalPath(path.resolve(context.process.cwd, name));
      const found = all.find((each) => !each.is_main && (each.name === name || canonicalPath(each.path) === folder));
      if (!found) throw new UserError(`worktree not found: ${name}`, undefined, 'not-found');
      if (!options.force) await refuseUnsaved(found);
      await gitText(all[0]!.path, ['worktree', 'remove', '--force', '--', found.path]);
      context.print(invocation, { removed: found.path }, () => `✓ Removed worktree: ${found.path}`);
    });
}

/** Checks that nothing would be lost. @throws UserError otherwise */
async function refuseUnsaved({ path: folder }: Worktree): Promise<void> {
  const refuse = (what: string): never => {
    throw new UserError(`safety check failed: worktree has ${what}`, 'Use --force to skip safety checks', 'refused');
  };
  const changes = (await gitText(folder, ['status', '--porcelain']))
    .split('\n')
    .filter((line) => line !== '' && !line.endsWith('.beads/'));
  if (changes.length > 0) refuse('uncommitted changes');
  const upstream = await gitText(folder, ['rev-parse', '--abbrev-ref', '@{upstream}']).catch(() => undefined);
  const unpushed = upstream === undefined || (await gitText(folder, ['log', '--oneline', '@{upstream}..HEAD'])) !== '';
  if (unpushed) refuse('unpushed commits');
}

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { agentGitSettings } from '../../../server/src/agents/gitSettings';
import { runScript } from '../../../server/src/agents/script/run';
import { RigRepository } from '../../../server/src/git/repository';
import { inspectSource } from '../../../server/src/git/source';
import { ensureWorktree, inspectWorktree } from '../../../server/src/git/worktree';
import type { Caller, Params, RequestSpec, Result } from '../../../server/src/protocol/request';
import { Hook, ScriptGet } from '../../../server/src/protocol/town';
import { commitFiles, makeRepository, sh, tempDir } from '../../helpers/temp';

const BRANCH = 'polecat/rust/toy-1@x';

async function worktreeOf(folder: string): Promise<string> {
  const root = tempDir('rig');
  const repository = new RigRepository(path.join(root, '.repo.git'), await inspectSource(folder));
  await repository.create();
  const directory = path.join(root, 'polecats', 'rust', 'rig');
  await ensureWorktree(repository, directory, BRANCH, (await repository.tip())!);
  return directory;
}

async function run(worktree: string, block: string): Promise<{ code: number; printed: string }> {
  const town: Caller = {
    call: async <S extends RequestSpec>(spec: S, _params: Params<S>): Promise<Result<S>> => {
      const answers: Record<string, unknown> = {
        [ScriptGet.spec.method]: { bead: 'toy-1', title: 'One', attempt: 1, blocks: [block] },
        [Hook.spec.method]: { agent: 'rust', bead: { id: 'toy-1' } },
      };
      return (answers[spec.method] ?? { mergeRequest: 'toy-mr', bead: 'toy-1' }) as Result<S>;
    },
  };
  let printed = '';
  const env = { PATH: process.env.PATH, HOME: tempDir('home'), GIT_AUTHOR_NAME: 'rust', GIT_AUTHOR_EMAIL: 'r@toy' };
  const print = (text: string): void => void (printed += `${text}\n`);
  const code = await runScript(town, { worktree, env, print, onOutput: print });
  return { code, printed };
}

describe('the script runtime in a worktree', function () {
  this.timeout(60_000);

  it('commits none of what differed from the start', async () => {
    const folder = makeRepository({ 'dos.txt': 'one\r\n', 'a.txt': 'a\n' });
    fs.writeFileSync(path.join(folder, '.gitattributes'), '*.txt text eol=lf\n');
    sh(folder, 'git', 'add', '.gitattributes');
    sh(folder, 'git', 'commit', '--quiet', '-m', 'Attributes');
    const worktree = await worktreeOf(folder);
    const head = sh(worktree, 'git', 'rev-parse', 'HEAD');
    assert.equal((await run(worktree, 'true')).code, 0);
    assert.equal(sh(worktree, 'git', 'rev-parse', 'HEAD'), head, 'nothing to commit');
    fs.rmSync(path.join(path.dirname(worktree), 'progress.json'));
    const { code, printed } = await run(worktree, 'echo b > b.txt; echo c > a.txt');
    assert.equal(code, 0, printed);
    assert.match(printed, /committed 2 changed files/);
    assert.equal(sh(worktree, 'git', 'show', '--name-only', '--format=', 'HEAD'), 'a.txt\nb.txt');
    assert.equal((await inspectWorktree(worktree))?.dirty, false);
  });

  it('gives up the rebase in which a block was killed, and starts the block over', async () => {
    const folder = makeRepository({ 'a.txt': 'one\n' });
    const worktree = await worktreeOf(folder);
    commitFiles(worktree, { 'a.txt': 'mine\n' }, 'Mine');
    const other = commitFiles(folder, { 'a.txt': 'theirs\n' }, 'Theirs');
    sh(worktree, 'git', 'fetch', '--quiet', folder, other);
    assert.throws(() => sh(worktree, 'git', 'rebase', other));
    const { code, printed } = await run(worktree, 'git symbolic-ref --short HEAD; cat a.txt');
    assert.equal(code, 0, printed);
    assert.match(printed, /giving up the rebase/);
    assert.match(printed, new RegExp(`${BRANCH}\\s+mine`));
  });

  it('leaves a repository inside the worktree to whoever submits it', async () => {
    const worktree = await worktreeOf(makeRepository({ 'a.txt': 'one\n' }));
    const { code, printed } = await run(worktree, 'mkdir fresh; git init -q fresh; echo x > fresh/x; echo b > b.txt');
    assert.equal(code, 0, printed);
    assert.equal(sh(worktree, 'git', 'show', '--name-only', '--format=', 'HEAD'), 'b.txt');
    assert.equal((await inspectWorktree(worktree))?.dirty, true);
  });

  it('leaves a folder that only looks like a repository, too', async () => {
    const worktree = await worktreeOf(makeRepository({ 'a.txt': 'one\n' }));
    const { code, printed } = await run(worktree, 'mkdir odd; echo "gitdir: /nowhere" > odd/.git; echo x > odd/x');
    assert.equal(code, 0, printed);
    assert.equal((await inspectWorktree(worktree))?.dirty, true);
  });

  const twoSides =
    'git switch -qc side; echo a > c.txt; git add -A; git commit -qm a; git switch -q -; echo b > c.txt; git add -A; git commit -qm b';
  for (const [what, script, problem] of [
    ['a merge', `${twoSides}; git merge side || true`, /left conflicts in c\.txt/],
    ['a cherry-pick', `${twoSides}; git cherry-pick side || true`, /left conflicts in c\.txt/],
    [
      'a stash',
      'echo a > a.txt; git stash -q; echo b > a.txt; git add a.txt; git commit -qm b; git stash pop || true',
      /a\.txt/,
    ],
    [
      'a merge that is resolved, and not ended',
      `${twoSides}; git merge side || echo c > c.txt; git add c.txt`,
      /left a merge/,
    ],
  ] as const)
    it(`commits no conflicts, nor what git has begun: ${what}`, async () => {
      const worktree = await worktreeOf(makeRepository({ 'a.txt': 'one\n' }));
      const { code, printed } = await run(worktree, `export GIT_COMMITTER_NAME=r GIT_COMMITTER_EMAIL=r@toy; ${script}`);
      assert.equal(code, 1);
      assert.match(printed, problem);
      assert.equal(sh(worktree, 'git', 'log', '-1', '--format=%s'), 'b');
    });
});

describe('the git of agents', () => {
  it('does not follow the habits of the person, and signs where the rig gives a key', () => {
    const folder = makeRepository({ 'a.txt': 'a' });
    const home = tempDir('home');
    const hooks = path.join(home, 'hooks');
    fs.mkdirSync(hooks);
    for (const hook of ['pre-commit', 'commit-msg', 'pre-push'])
      fs.writeFileSync(path.join(hooks, hook), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    fs.writeFileSync(
      path.join(home, '.gitconfig'),
      `[commit]\n\tgpgsign = true\n\ttemplate = /nowhere\n[tag]\n\tgpgsign = true\n[gpg]\n\tprogram = false\n[core]\n\thooksPath = ${hooks}\n\teditor = false\n[user]\n\tname = a\n\temail = a@b\n`,
    );
    const script =
      'echo b >> b && git add b && git commit -q -m B && git tag -a -m T t && git commit -q --amend --no-edit';
    const inEnvironment = (settings: Record<string, string>): string =>
      sh(
        folder,
        'env',
        '-i',
        `PATH=${process.env.PATH}`,
        `HOME=${home}`,
        ...Object.entries(settings).map(([name, value]) => `${name}=${value}`),
        'sh',
        '-c',
        script,
      );
    assert.throws(() => inEnvironment({}));
    inEnvironment(agentGitSettings());
    assert.equal(sh(folder, 'git', 'log', '-1', '--format=%s %G?'), 'B N');
    sh(folder, 'git', 'tag', '-d', 't');
    const key = path.join(home, 'key');
    try {
      sh(home, 'ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', key);
    } catch {
      return; // no ssh here
    }
    inEnvironment(agentGitSettings({ key, format: 'ssh' }));
    assert.match(sh(folder, 'git', 'cat-file', 'commit', 'HEAD'), /BEGIN SSH SIGNATURE/);
  });
});

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { BranchFiles } from '../../../server/src/rigs/branchFiles';
import { sh, tempDir } from '../../helpers/temp';

/** A repository with a target and a branch beside it. */
function repository(): { directory: string; commit: (file: string, text: string) => string } {
  const directory = tempDir('files');
  const run = (...args: string[]): string => sh(directory, 'git', ...args).trim();
  run('init', '-q', '-b', 'main');
  run('config', 'user.name', 'Ann');
  run('config', 'user.email', 'ann@example.com');
  const commit = (file: string, text: string): string => {
    fs.mkdirSync(path.dirname(path.join(directory, file)), { recursive: true });
    fs.writeFileSync(path.join(directory, file), text);
    run('add', '-A');
    run('commit', '-qm', file);
    return run('rev-parse', 'HEAD');
  };
  run('update-ref', 'refs/remotes/origin/main', commit('base.txt', 'base\n'));
  run('switch', '-qc', 'polecat/rust/one');
  return { directory, commit };
}

describe('the files of changes', () => {
  const open = () => {
    const made = repository();
    return { ...made, files: new BranchFiles(made) };
  };

  it('are those since it left the target, and are read once for each commit', async () => {
    const { commit, files, directory } = open();
    const one = commit('src/a b.ts', 'a\n');
    assert.equal(files.of(one), undefined);
    assert.equal(await files.read([one]), true);
    assert.deepEqual(files.of(one), ['src/a b.ts']);
    assert.equal(await files.read([one]), false);
    const branches = ['polecat/rust/one', 'polecat/nux/gone'];
    assert.equal(await files.readBranches(branches), false, 'its tip is known');
    assert.deepEqual(files.ofBranch('polecat/rust/one'), ['src/a b.ts']);
    assert.equal(files.ofBranch('polecat/nux/gone'), undefined);
    sh(directory, 'git', 'switch', '-q', 'main');
    sh(directory, 'git', 'update-ref', 'refs/remotes/origin/main', commit('other.txt', 'on the target\n'));
    sh(directory, 'git', 'switch', '-q', 'polecat/rust/one');
    sh(directory, 'git', 'merge', '-q', '--no-edit', 'main');
    commit('src/ü.ts', 'u\n');
    assert.equal(await files.readBranches(branches), true);
    assert.deepEqual([...(files.ofBranch('polecat/rust/one') ?? [])].sort(), ['src/a b.ts', 'src/ü.ts']);
  });

  it('are kept of all commits that are read together, and only of the latest others', async () => {
    const made = repository();
    const files = new BranchFiles(made, 2);
    const commits = ['a', 'b', 'c', 'd', 'e'].map((name) => made.commit(`${name}.txt`, name));
    assert.equal(await files.read(commits), true);
    assert.equal(await files.read(commits), false);
    await files.read([made.commit('f.txt', 'f')]);
    assert.deepEqual(
      commits.map((commit) => files.of(commit) !== undefined),
      [false, false, false, false, true],
    );
  });

  it('of a commit that is gone are none', async () => {
    const { files } = open();
    const gone = 'a'.repeat(40);
    assert.equal(await files.read([gone]), true);
    assert.deepEqual(files.of(gone), []);
  });
});

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { CommitGraph } from '../../../server/src/git/commitGraph';
import { GitError } from '../../../server/src/git/git';
import { ObjectReader } from '../../../server/src/git/objectReader';
import { findRefs, isPlainRef } from '../../../server/src/git/refs';
import { RigRepository } from '../../../server/src/git/repository';
import { inspectSource } from '../../../server/src/git/source';
import { commitFiles, makeRepository, sh, tempDir } from '../../helpers/temp';

const main = 'refs/heads/main';

describe('refs of a repository', () => {
  let directory: string;
  let git: string;
  let tip: string;
  beforeEach(() => {
    directory = makeRepository({ 'a.txt': 'a\n' });
    git = path.join(directory, '.git');
    tip = sh(directory, 'git', 'rev-parse', 'HEAD');
  });

  it('are found by name, and below a name that ends with a slash; others are left out', async () => {
    sh(directory, 'git', 'branch', 'main-2');
    sh(directory, 'git', 'branch', 'convoy/one');
    sh(directory, 'git', 'branch', 'convoy/two');
    const { commits, doubtful } = await findRefs(git, new ObjectReader(git), [
      main,
      'refs/heads/none',
      'refs/heads/convoy',
      'refs/heads/convoy/',
    ]);
    assert.deepEqual([...commits.keys()].sort(), ['refs/heads/convoy/one', 'refs/heads/convoy/two', main]);
    assert.deepEqual(new Set(commits.values()), new Set([tip]));
    // A folder of refs is no ref; that it is looked at once more does no harm.
    assert.deepEqual(doubtful, ['refs/heads/convoy']);
  });

  it('name the commit of an annotated tag, loose and packed', async () => {
    sh(directory, 'git', 'tag', '-a', '-m', 'One', 'v1');
    for (const pack of [false, true]) {
      if (pack) sh(directory, 'git', 'pack-refs', '--all');
      assert.equal((await findRefs(git, new ObjectReader(git), ['refs/tags/v1'])).commits.get('refs/tags/v1'), tip);
    }
  });

  it('are damaged, not absent, where their commit is missing', async () => {
    const repository = new RigRepository(git, await inspectSource(directory));
    assert.equal(await repository.resolve(main), tip);
    assert.equal(await repository.resolve('refs/heads/none'), undefined);
    fs.writeFileSync(path.join(git, main), `${tip.replace(/./g, 'f')}\n`);
    await assert.rejects(repository.resolve(main), GitError);
  });

  it('are not revisions of another form', () => {
    for (const name of ['refs/heads/main^', 'refs/heads/main~2', 'refs/heads/main@{1}', 'refs/heads/*', 'HEAD', 'main'])
      assert.equal(isPlainRef(name), false, name);
    assert.equal(isPlainRef('refs/heads/polecat/rust/toy-1@x'), true);
  });
});

function graphOf(directory: string): CommitGraph {
  const repository = path.join(directory, '.git');
  return new CommitGraph(repository, new ObjectReader(repository));
}

describe('what git says of commits', () => {
  const pair = (): { directory: string; first: string; second: string } => {
    const directory = makeRepository({ 'a.txt': 'a\n' });
    const first = sh(directory, 'git', 'rev-parse', 'HEAD');
    return { directory, first, second: commitFiles(directory, { 'a.txt': 'b\n' }, 'Second') };
  };
  /** Answers that need no git any more are remembered. */
  const takeAway = (directory: string): void => fs.rmSync(path.join(directory, '.git', 'objects'), { recursive: true });

  it('is asked once for commits that are named by their hashes', async () => {
    const { directory, first, second } = pair();
    const graph = graphOf(directory);
    const ask = async () => [
      await graph.divergence(first, second),
      await graph.divergence(second, first),
      await graph.mergeBase(second, [first]),
      await graph.tree(second),
    ];
    const answers = await ask();
    assert.deepEqual(answers.slice(0, 3), [{ left: 0, right: 1 }, { left: 1, right: 0 }, first]);
    takeAway(directory);
    assert.deepEqual(await ask(), answers);
  });

  it('is asked again for a name, which may move, and after a failure', async () => {
    const { directory, first, second } = pair();
    const graph = graphOf(directory);
    assert.deepEqual(await graph.divergence(first, 'HEAD'), { left: 0, right: 1 });
    const third = commitFiles(directory, { 'a.txt': 'c\n' }, 'Third');
    assert.deepEqual(await graph.divergence(first, 'HEAD'), { left: 0, right: 2 });
    const absent = second.replace(/./g, '1');
    await assert.rejects(graph.divergence(absent, third), GitError);
  });

  it('is asked again in a shallow repository, whose history a fetch may complete', async () => {
    const { directory, first, second } = pair();
    const shallow = path.join(tempDir('shallow'), 'repo');
    sh(directory, 'git', 'clone', '--quiet', '--depth=1', `file://${directory}`, shallow);
    sh(shallow, 'git', 'fetch', '--quiet', '--depth=1', 'origin', first);
    const graph = graphOf(shallow);
    assert.deepEqual(await graph.divergence(first, second), { left: 1, right: 1 });
    sh(shallow, 'git', 'fetch', '--quiet', '--unshallow', 'origin');
    assert.deepEqual(await graph.divergence(first, second), { left: 0, right: 1 });
  });
});

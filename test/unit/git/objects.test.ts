import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { CommitGraph } from '../../../server/src/git/commitGraph';
import { forkPoint } from '../../../server/src/git/formerTips';
import { GitError } from '../../../server/src/git/git';
import { ObjectReader } from '../../../server/src/git/objectReader';
import { RigRepository } from '../../../server/src/git/repository';
import { inspectSource } from '../../../server/src/git/source';
import { commitFiles, makeRepository, sh, tempDir } from '../../helpers/temp';

function bareRepository(): string {
  const directory = path.join(tempDir('objects'), 'repo.git');
  execFileSync('git', ['init', '--quiet', '--bare', directory]);
  return directory;
}

describe('the reader of git objects', () => {
  it('answers many questions at once, each with its own object', async () => {
    const directory = bareRepository();
    const texts = Array.from({ length: 60 }, (_, size) => `${size}\nmissing\n\0`.repeat(size * 40));
    const store = (input: string): string =>
      execFileSync('git', ['hash-object', '-w', '--stdin'], { cwd: directory, input, encoding: 'utf8' }).trim();
    const hashes = texts.map(store);
    const reader = new ObjectReader(directory);
    const read = await Promise.all(hashes.map((hash) => reader.read(hash)));
    assert.deepEqual(
      read.map((object) => object?.content.toString('utf8')),
      texts,
    );
    assert.deepEqual(await reader.info(hashes[3]!), {
      hash: hashes[3],
      type: 'blob',
      size: texts[3]!.length,
      content: Buffer.alloc(0),
    });
  });

  it('answers nothing for what is not there, and sees what comes, moves and goes', async () => {
    const directory = makeRepository({ 'a.txt': 'a\n' });
    const git = path.join(directory, '.git');
    const reader = new ObjectReader(git);
    const tip = async () => (await reader.info('refs/heads/main^{commit}'))?.hash;
    const first = sh(directory, 'git', 'rev-parse', 'HEAD');
    assert.equal(await tip(), first);
    assert.equal(await reader.info('refs/heads/none'), undefined);
    assert.equal(await reader.info(first.replace(/./g, '1')), undefined);
    const second = commitFiles(directory, { 'a.txt': 'b\n' }, 'Second');
    assert.equal(await tip(), second);
    sh(directory, 'git', 'pack-refs', '--all');
    sh(directory, 'git', 'repack', '-adq');
    assert.equal(await tip(), second);
    assert.equal((await reader.info(`${second}:a.txt`))?.size, 2);
    sh(directory, 'git', 'update-ref', '-d', 'refs/heads/main');
    assert.equal(await tip(), undefined);
  });

  it('asks the repository that is in the folder now, also where the folder was replaced', async () => {
    const directory = bareRepository();
    const reader = new ObjectReader(directory);
    const empty = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';
    assert.equal((await reader.info(empty))?.type, 'tree');
    const other = makeRepository({ 'a.txt': 'a\n' });
    fs.rmSync(directory, { recursive: true });
    await assert.rejects(reader.info(empty), GitError);
    fs.renameSync(path.join(other, '.git'), directory);
    assert.equal((await reader.info('refs/heads/main'))?.type, 'commit');
  });

  it('takes no name that git would read as two questions', async () => {
    await assert.rejects(new ObjectReader(bareRepository()).info('HEAD\ncontents HEAD'), /not a name/);
  });
});

/** A history of commits in a line, on branches and with merges: for each commit the numbers of its parents. */
const histories = fc
  .array(fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 0, max: 5 })), { minLength: 1, maxLength: 12 })
  .map((choices) =>
    choices.map(([one, other, kind], index): number[] => {
      if (index === 0 || kind === 0) return [];
      const parents = new Set([kind < 4 ? index - 1 : one % index]);
      if (kind === 5) parents.add(other % index);
      return [...parents];
    }),
  );

/** Makes the commits. @returns their hashes */
function makeHistory(directory: string, history: readonly number[][]): string[] {
  const marks = history.map((parents, index) => {
    const [from, ...merged] = parents;
    return [
      `commit refs/heads/c${index}`,
      `mark :${index + 1}`,
      `committer A <a@example.org> ${1_700_000_000 + index} +0000`,
      'data 1',
      String(index % 10),
      ...(from === undefined ? [] : [`from :${from + 1}`]),
      ...merged.map((parent) => `merge :${parent + 1}`),
      'M 100644 inline f',
      'data 2',
      String(index).padStart(2, '0'),
      '',
    ].join('\n');
  });
  execFileSync('git', ['fast-import', '--quiet'], { cwd: directory, input: marks.join('\n') });
  return history.map((_, index) => sh(directory, 'git', 'rev-parse', `refs/heads/c${index}`));
}

describe('how commits are related', () => {
  it('is what git says, for lines, branches, merges and histories that share nothing', async function () {
    this.timeout(240_000);
    await fc.assert(
      fc.asyncProperty(histories, fc.array(fc.nat(), { minLength: 6, maxLength: 6 }), async (history, picks) => {
        const directory = bareRepository();
        const commits = makeHistory(directory, history);
        const graph = new CommitGraph(directory, new ObjectReader(directory));
        const [left, right, third] = picks.map((pick) => commits[pick % commits.length]!) as [string, string, string];
        const counts = sh(directory, 'git', 'rev-list', '--left-right', '--count', `${left}...${right}`);
        const { left: onlyLeft, right: onlyRight } = await graph.divergence(left, right);
        assert.equal(`${onlyLeft}\t${onlyRight}`, counts);
        const bases = basesOf(directory, left, right, third);
        const base = await graph.mergeBase(left, [right, third]);
        assert.equal(base === undefined ? 0 : 1, Math.min(1, bases.length));
        if (base !== undefined) assert.ok(bases.includes(base), `${base} is none of ${bases.join(' ')}`);
        assert.equal(await graph.tree(left), sh(directory, 'git', 'rev-parse', `${left}^{tree}`));
      }),
      { numRuns: 25 },
    );
  });

  function basesOf(directory: string, ...commits: string[]): string[] {
    try {
      return sh(directory, 'git', 'merge-base', '--all', ...commits)
        .split('\n')
        .filter(Boolean);
    } catch {
      return [];
    }
  }
});

describe('where a branch has left its target', () => {
  it('is the nearest commit that the target has or had, also where it was rewritten', async () => {
    const source = makeRepository({ 'a.txt': 'a\n' });
    const repository = new RigRepository(path.join(tempDir('rig'), '.repo.git'), await inspectSource(source));
    await repository.create();
    const main = 'refs/remotes/origin/main';
    const bare = repository.directory;
    const first = sh(bare, 'git', 'rev-parse', main);
    const child = (parent: string, message: string): string =>
      sh(
        bare,
        'git',
        '-c',
        'user.name=a',
        '-c',
        'user.email=a@example.org',
        'commit-tree',
        `${parent}^{tree}`,
        '-p',
        parent,
        '-m',
        message,
      );
    const second = child(first, 'second');
    sh(bare, 'git', 'update-ref', '--create-reflog', main, second);
    const work = child(child(second, 'one'), 'two');
    sh(bare, 'git', 'update-ref', main, first); // taken back
    assert.equal(await forkPoint(repository, [main, 'refs/remotes/origin/none'], work), second);
    sh(bare, 'git', 'update-ref', main, work);
    sh(bare, 'git', 'update-ref', main, first);
    assert.equal(await forkPoint(repository, [main], work), undefined);
  });
});

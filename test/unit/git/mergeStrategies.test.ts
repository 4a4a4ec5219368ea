import assert from 'node:assert/strict';
import path from 'node:path';
import { landingBase } from '../../../server/src/git/landingBase';
import { rebaseOnto, type CommitShape, type RebaseResult } from '../../../server/src/git/rebase';
import { RigRepository } from '../../../server/src/git/repository';
import { inspectSource } from '../../../server/src/git/source';
import { ensureWorktree } from '../../../server/src/git/worktree';
import { commitFiles, makeRepository, sh, tempDir } from '../../helpers/temp';

const refinery = { name: 'toy/refinery', email: 'toy.refinery@example.org' };
const worker = { name: 'toy/polecats/rust', email: 'rust@example.org' };

/** A rig made from an address, as a bare repository on this disk is one, with a polecat's worktree. */
class Project {
  private constructor(
    readonly folder: string,
    readonly origin: string,
    readonly repository: RigRepository,
    readonly worktree: string,
  ) {}

  static async make(files: Record<string, string> = { 'a.txt': 'one\n' }): Promise<Project> {
    const folder = makeRepository(files);
    const origin = path.join(tempDir('origin'), 'origin.git');
    sh(folder, 'git', 'clone', '--quiet', '--bare', folder, origin);
    sh(folder, 'git', 'remote', 'add', 'origin', origin);
    const root = tempDir('rig');
    const repository = new RigRepository(path.join(root, '.repo.git'), await inspectSource(origin));
    await repository.create();
    const project = new Project(folder, origin, repository, path.join(root, 'polecats', 'rust', 'rig'));
    await ensureWorktree(repository, project.worktree, 'polecat/rust/toy-1@x', (await project.base()).commit);
    return project;
  }

  base() {
    return landingBase(this.repository, refinery);
  }

  commit(files: Record<string, string>, message: string): string {
    return commitFiles(this.worktree, files, message);
  }

  /** Somebody else's commit on the target. */
  async other(files: Record<string, string>): Promise<string> {
    const commit = commitFiles(this.folder, files, 'Another change');
    sh(this.folder, 'git', 'push', '--quiet', '--force', 'origin', 'HEAD:main');
    await this.repository.fetch();
    return commit;
  }

  shape(shape: CommitShape, tip: string, onto: string): Promise<RebaseResult> {
    const work = { tip, bases: [], shape, title: 'The work', trailers: ['Bead: toy-1'], author: worker };
    return rebaseOnto(this.repository, path.join(path.dirname(this.worktree), 'refinery'), work, onto, refinery);
  }

  log(range: string, format = '%an|%cn|%s'): string[] {
    return sh(this.repository.directory, 'git', 'log', '--topo-order', `--format=${format}`, range, '--').split('\n');
  }

  show(what: string): string {
    return sh(this.repository.directory, 'git', 'show', what);
  }
}

function clean(result: RebaseResult): { commit: string; before: readonly string[] } {
  assert.ok(result.kind === 'clean', JSON.stringify(result));
  return { commit: result.commit, before: result.before ?? [] };
}

describe('the commits of a branch, by merge strategy', () => {
  it('stay as their author made them with "rebase", on top of the target, each of them named', async () => {
    const project = await Project.make();
    project.commit({ 'b.txt': 'b\n' }, 'First\n\nWhy it is so.\n\nSigned-off-by: Ann <ann@example.org>');
    const tip = project.commit({ 'c.txt': 'c\n' }, 'Second');
    const onto = await project.other({ 'd.txt': 'd\n' });
    const { commit, before } = clean(await project.shape('rebase', tip, onto));
    assert.deepEqual(project.log(`${onto}..${commit}`), ['Ann|toy/refinery|Second', 'Ann|toy/refinery|First']);
    assert.deepEqual([...before, commit], project.log(`${onto}..${commit}`, '%H').reverse());
    assert.match(project.show(before[0]!), /Why it is so\.\n[^]*Signed-off-by: Ann/);
    assert.deepEqual(
      project.log(`${onto}..${commit}`, '%aI'),
      project.log('refs/heads/polecat/rust/toy-1@x', '%aI').slice(0, 2),
      'written when their author wrote them',
    );
    assert.equal(project.show(`${commit}:d.txt`), 'd');
  });

  it('are the very same commits with "rebase" where the target has not moved', async () => {
    const project = await Project.make();
    const first = project.commit({ 'b.txt': 'b\n' }, 'First');
    const tip = project.commit({ 'c.txt': 'c\n' }, 'Second');
    const { commit: onto } = await project.base();
    assert.deepEqual(await project.shape('rebase', tip, onto), { kind: 'clean', commit: tip, before: [first] });
  });

  it('leave out with "rebase" what the target has already, and are empty where that is all', async () => {
    const project = await Project.make();
    const common = project.commit({ 'b.txt': 'b\n' }, 'Common');
    const tip = project.commit({ 'c.txt': 'c\n' }, 'Own');
    const onto = await project.other({ 'b.txt': 'b\n' });
    const { commit, before } = clean(await project.shape('rebase', tip, onto));
    assert.deepEqual([before, project.log(`${onto}..${commit}`, '%s')], [[], ['Own']]);
    for (const shape of ['squash', 'rebase', 'merge'] as const)
      assert.deepEqual(await project.shape(shape, common, onto), { kind: 'empty' }, shape);
  });

  it('become one with "rebase" where they do not come to the same files one by one', async () => {
    const project = await Project.make();
    project.commit({ 'a.txt': 'mine\n' }, 'Mine');
    const onto = await project.other({ 'a.txt': 'theirs\n' });
    assert.throws(() => sh(project.worktree, 'git', 'merge', onto));
    const tip = project.commit({ 'a.txt': 'theirs and mine\n' }, 'Merge the target');
    const { commit, before } = clean(await project.shape('rebase', tip, onto));
    assert.equal(project.show(`${commit}:a.txt`), 'theirs and mine');
    assert.deepEqual([before, project.log(`${onto}..${commit}`, '%s').length], [[], 1]);
  });

  it('are merged with "merge" as they are, by a commit with the title and the bead', async () => {
    const project = await Project.make();
    project.commit({ 'b.txt': 'b\n' }, 'First');
    const tip = project.commit({ 'c.txt': 'c\n' }, 'Second');
    const { commit: tipOfTarget } = await project.base();
    for (const onto of [tipOfTarget, await project.other({ 'd.txt': 'd\n' })]) {
      const { commit, before } = clean(await project.shape('merge', tip, onto));
      assert.deepEqual(project.log(`${commit}^!`, '%P')[0], `${onto} ${tip}`);
      assert.equal(project.log(`${commit}^!`, '%an|%cn|%s')[0], 'toy/polecats/rust|toy/refinery|Merge: The work');
      assert.match(project.show(commit), /Bead: toy-1/);
      assert.deepEqual([before, project.show(`${commit}:b.txt`)], [[], 'b']);
    }
  });

  it('do not bring back with "merge" what the target has removed from its history', async () => {
    const project = await Project.make();
    await project.other({ 'secret.txt': 'secret\n' });
    const begin = project.log('refs/remotes/origin/main', '%H').at(-1)!;
    sh(project.worktree, 'git', 'reset', '--quiet', '--hard', 'refs/remotes/origin/main');
    const tip = project.commit({ 'b.txt': 'b\n' }, 'Own');
    sh(project.folder, 'git', 'reset', '--quiet', '--hard', begin);
    const onto = await project.other({ 'd.txt': 'd\n' });
    for (const shape of ['squash', 'rebase', 'merge'] as const) {
      const { commit } = clean(await project.shape(shape, tip, onto));
      assert.ok(!project.log(commit, '%s').some((subject, index, all) => all.indexOf(subject) !== index), shape);
      assert.doesNotMatch(sh(project.repository.directory, 'git', 'log', '--stat', commit, '--'), /secret/, shape);
      assert.equal(project.show(`${commit}:b.txt`), 'b');
    }
  });

  it('conflict with each strategy, and are resolved as they were once before', async () => {
    for (const shape of ['rebase', 'merge'] as const) {
      const project = await Project.make();
      project.commit({ 'b.txt': 'b\n' }, 'Before');
      const tip = project.commit({ 'a.txt': 'mine\n' }, 'Mine');
      const onto = await project.other({ 'a.txt': 'theirs\n' });
      assert.deepEqual(await project.shape(shape, tip, onto), { kind: 'conflict', files: ['a.txt'] }, shape);
      const resolve = (): void => {
        sh(project.worktree, 'git', 'config', 'rerere.enabled', 'true');
        assert.throws(() => sh(project.worktree, 'git', 'rebase', '--quiet', onto));
        commitResolved(project.worktree);
      };
      resolve();
      const { commit, before } = clean(await project.shape(shape, tip, onto));
      assert.equal(project.show(`${commit}:a.txt`), 'both', shape);
      if (shape === 'rebase') {
        assert.equal(before.length, 1);
        assert.deepEqual(project.log(`${onto}..${commit}`, '%an|%s'), ['Ann|Mine', 'Ann|Before']);
      } else assert.equal(project.log(`${commit}^!`, '%P')[0], `${onto} ${tip}`);
    }
  });
});

function commitResolved(worktree: string): void {
  sh(worktree, 'sh', '-c', 'echo both > a.txt && git add a.txt && git -c core.editor=true rebase --continue');
}

describe('landings that are not pushed', () => {
  it('move a ref of the rig alone, compare-and-set, and the next work stands on them', async () => {
    const project = await Project.make();
    const { repository } = project;
    repository.keepsLandings = () => true;
    const before = await project.base();
    assert.equal(before.expected, undefined);
    const first = project.commit({ 'b.txt': 'b\n' }, 'First');
    assert.equal(await repository.push(first, before.expected), true);
    assert.equal(await repository.push(first, before.expected), false, 'it has moved meanwhile');
    assert.deepEqual(await project.base(), { commit: first, expected: first });
    assert.equal(await repository.tip(), first);
    assert.deepEqual([await repository.holds(first), await repository.holds('f'.repeat(40))], [true, false]);
    assert.equal(sh(project.origin, 'git', 'rev-parse', 'main'), before.commit, 'the source has not changed');
    assert.equal(
      sh(project.repository.directory, 'git', 'for-each-ref', 'refs/heads/main'),
      '',
      'no branch to check out',
    );
  });

  it('are merged with what others have pushed meanwhile, and called by name where the two conflict', async () => {
    const project = await Project.make();
    const { repository } = project;
    repository.keepsLandings = () => true;
    const first = project.commit({ 'a.txt': 'mine\n' }, 'First');
    await repository.push(first, undefined);
    const other = await project.other({ 'c.txt': 'c\n' });
    const { commit, expected } = await project.base();
    assert.deepEqual([project.log(`${commit}^!`, '%P')[0], expected], [`${first} ${other}`, first]);
    await project.other({ 'a.txt': 'theirs\n' });
    await assert.rejects(project.base(), /main and local main of .* have diverged and conflict/);
  });

  it('go along with the next landing that is pushed, and are then known as pushed', async () => {
    const project = await Project.make();
    const { repository } = project;
    let isLocal = true;
    repository.keepsLandings = () => isLocal;
    const first = project.commit({ 'b.txt': 'b\n' }, 'First');
    await repository.push(first, undefined);
    isLocal = false;
    const base = await project.base();
    assert.equal(base.commit, first);
    const second = project.commit({ 'c.txt': 'c\n' }, 'Second');
    assert.equal(await repository.push(second, base.expected), true);
    assert.equal(sh(project.origin, 'git', 'rev-parse', 'main'), second);
    assert.equal(sh(repository.directory, 'git', 'for-each-ref', 'refs/gastown/landed'), '');
    assert.equal(await repository.holds(first), true);
  });

  it('are those of the folder where the rig is made from one: it is on this disk', async () => {
    const folder = makeRepository({ 'a.txt': 'a\n' });
    const repository = new RigRepository(path.join(tempDir('rig'), '.repo.git'), await inspectSource(folder));
    await repository.create();
    repository.keepsLandings = () => true;
    const { commit } = await landingBase(repository, refinery);
    assert.equal(await repository.push(commit, undefined), true);
    assert.equal(sh(folder, 'git', 'rev-parse', 'gastown/main'), commit);
  });
});

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { missingSubmodules } from '../../../server/src/git/gitlinks';
import { landingBase } from '../../../server/src/git/landingBase';
import { rebaseOnto } from '../../../server/src/git/rebase';
import { RigRepository } from '../../../server/src/git/repository';
import { snapshotWorktree } from '../../../server/src/git/snapshots';
import { inspectSource } from '../../../server/src/git/source';
import { resolveRelative, submodulesOf } from '../../../server/src/git/submodules';
import { checkoutDetached, ensureWorktree, inspectWorktree, removeWorktree } from '../../../server/src/git/worktree';
import { statusOf } from '../../../server/src/git/worktreeChanges';
import { commitFiles, makeRepository, sh, tempDir } from '../../helpers/temp';

const refinery = { name: 'toy/refinery', email: 'toy.refinery@example.org' };
const BRANCH = 'polecat/rust/toy-1@x';

interface Place {
  folder: string;
  repository: RigRepository;
  root: string;
  /** The worktree of an agent. */
  directory: string;
}

async function placeOf(folder: string): Promise<Place> {
  const root = tempDir('rig');
  const repository = new RigRepository(path.join(root, '.repo.git'), await inspectSource(folder));
  await repository.create();
  const directory = path.join(root, 'polecats', 'rust', 'rig');
  await ensureWorktree(repository, directory, BRANCH, (await landingBase(repository, refinery)).commit);
  return { folder, repository, root, directory };
}

function gitFolder(directory: string): string {
  return sh(directory, 'git', 'rev-parse', '--absolute-git-dir');
}

function show(repository: RigRepository, name: string): string {
  return sh(repository.directory, 'git', 'show', name);
}

describe('the worktree of an agent', function () {
  this.timeout(60_000);

  it('stays its own while the agent rebases, or has moved HEAD elsewhere', async () => {
    const { folder, repository, directory } = await placeOf(makeRepository({ 'a.txt': 'one\n' }));
    commitFiles(directory, { 'a.txt': 'mine\n' }, 'Mine');
    const theirs = commitFiles(folder, { 'a.txt': 'theirs\n' }, 'Theirs');
    await landingBase(repository, refinery);
    assert.throws(() => sh(directory, 'git', 'rebase', theirs));
    await ensureWorktree(repository, directory, BRANCH, theirs);
    assert.equal((await inspectWorktree(directory))?.operation, 'rebase');
    sh(directory, 'git', 'rebase', '--abort');
    assert.equal(sh(directory, 'git', 'symbolic-ref', '--short', 'HEAD'), BRANCH);
    for (const elsewhere of [['--detach'], ['-b', 'other']]) {
      sh(directory, 'git', 'checkout', '--quiet', ...elsewhere);
      await ensureWorktree(repository, directory, BRANCH, theirs);
      assert.notEqual((await inspectWorktree(directory))?.branch, BRANCH);
    }
    assert.throws(() => sh(directory, 'git', 'merge', '--quiet', theirs));
    assert.equal((await inspectWorktree(directory))?.operation, 'merge');
    await ensureWorktree(repository, directory, BRANCH, theirs);
  });

  it('is not taken for another one, nor a folder for a worktree', async () => {
    const { repository, root, directory } = await placeOf(makeRepository({ 'a.txt': 'one\n' }));
    const base = (await repository.tip())!;
    await assert.rejects(ensureWorktree(repository, directory, 'polecat/rust/toy-2@y', base), /exists and is not/);
    const foreign = path.join(root, 'polecats', 'nux', 'rig');
    makeRepository({ 'b.txt': 'b' }, BRANCH, foreign);
    await assert.rejects(ensureWorktree(repository, foreign, BRANCH, base), /exists and is not/);
  });

  it('is free of the locks that a killed git has left', async () => {
    const { repository, directory } = await placeOf(makeRepository({ 'a.txt': 'one\n' }));
    const admin = gitFolder(directory);
    const ref = path.join(repository.directory, 'refs', 'heads', `${BRANCH}.lock`);
    for (const lock of [path.join(admin, 'index.lock'), path.join(admin, 'HEAD.lock'), ref]) fs.writeFileSync(lock, '');
    const shared = path.join(repository.directory, 'packed-refs.lock');
    fs.writeFileSync(shared, '');
    await ensureWorktree(repository, directory, BRANCH, 'HEAD');
    commitFiles(directory, { 'b.txt': 'b\n' }, 'B');
    assert.ok(fs.existsSync(shared), 'it may be that of an agent at work');
    fs.utimesSync(shared, new Date(0), new Date(0));
    await ensureWorktree(repository, directory, BRANCH, 'HEAD');
    assert.equal(fs.existsSync(shared), false);
  });

  it('is clean where attributes and content disagree from the start, until somebody changes something', async () => {
    const folder = makeRepository({ 'dos.txt': 'one\r\ntwo\r\n', 'a.txt': 'a\n' });
    sh(folder, 'git', 'config', 'core.autocrlf', 'false');
    fs.writeFileSync(path.join(folder, '.gitattributes'), '*.txt text eol=lf\n');
    sh(folder, 'git', 'add', '.gitattributes');
    sh(folder, 'git', 'commit', '--quiet', '-m', 'Attributes');
    const { directory } = await placeOf(folder);
    assert.match(sh(directory, 'git', 'status', '--porcelain'), /M dos\.txt/);
    assert.equal((await inspectWorktree(directory))?.dirty, false);
    commitFiles(directory, {}, 'nothing'); // stages and commits it: the work of whoever does so
    assert.equal((await inspectWorktree(directory))?.dirty, false);
    fs.writeFileSync(path.join(directory, 'dos.txt'), 'one\r\nTWO\r\n');
    assert.deepEqual((await statusOf(directory)).changes, ['dos.txt']);
    fs.writeFileSync(path.join(directory, 'dos.txt'), 'one\r\ntwo\r\n');
    fs.writeFileSync(path.join(directory, 'a.txt'), 'b\n');
    fs.writeFileSync(path.join(directory, 'new.txt'), 'b\n');
    assert.deepEqual((await statusOf(directory)).changes, ['a.txt', 'new.txt']);
  });
});

describe('the worktrees of a rig', function () {
  this.timeout(60_000);

  it('take first commits at the same time', async () => {
    const { repository, root, directory } = await placeOf(makeRepository({ 'a.txt': 'one\n' }));
    const resolutions = path.join(repository.directory, 'rr-cache');
    assert.equal(fs.lstatSync(resolutions).isDirectory(), true, 'git makes it with the first commit, or fails');
    const others = ['nux', 'ace', 'dag'].map((name) => path.join(root, 'polecats', name, 'rig'));
    const base = (await landingBase(repository, refinery)).commit;
    for (const other of others)
      await ensureWorktree(repository, other, `polecat/${path.basename(path.dirname(other))}/x`, base);
    const commit = promisify(execFile);
    await Promise.all(
      [directory, ...others].map((cwd) => commit('git', ['commit', '--quiet', '--allow-empty', '-m', 'x'], { cwd })),
    );
  });

  it('keep a folder for resolutions, whatever an agent puts in its place', async () => {
    const { repository } = await placeOf(makeRepository({ 'a.txt': 'one\n' }));
    const resolutions = path.join(repository.directory, 'rr-cache');
    const elsewhere = tempDir('elsewhere');
    for (const plant of [
      () => undefined,
      () => fs.writeFileSync(resolutions, ''),
      () => fs.symlinkSync(path.join(elsewhere, 'missing'), resolutions),
      () => fs.symlinkSync(elsewhere, resolutions),
    ]) {
      fs.rmSync(resolutions, { recursive: true, force: true });
      plant();
      await repository.fetch();
      assert.equal(fs.lstatSync(resolutions).isDirectory(), true);
    }
    assert.deepEqual(fs.readdirSync(elsewhere), []);
  });
});

describe('files that a rig names', function () {
  this.timeout(60_000);

  it('are in every worktree, ignored, and lead nowhere else', async () => {
    const folder = makeRepository({ 'a.txt': 'a\n', 'tracked.env': 'tracked\n' });
    for (const [file, text] of [
      ['.env', 'person'],
      ['tracked.env', 'mine'],
      ['config/local [1].json', '{}'],
      ['node_modules/x/index.js', 'x'],
    ] as const) {
      fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      fs.writeFileSync(path.join(folder, file), text);
    }
    const { repository, root } = await placeOf(folder);
    const own = path.join(root, 'files');
    fs.mkdirSync(own);
    fs.writeFileSync(path.join(own, '.env'), 'rig');
    const base = (await repository.tip())!;
    const extra = (copied: string[], linked: string[] = []) => ({
      extraFiles: { copied, linked, from: [own, folder] },
    });
    const given = extra(['.env', 'tracked.env', 'config/local [1].json'], ['node_modules']);
    const agent = path.join(root, 'polecats', 'nux', 'rig');
    const refineryFolder = path.join(root, 'refinery', 'rig');
    await ensureWorktree(repository, agent, 'polecat/nux/toy-2@x', base, given);
    for (let turn = 0; turn < 2; turn += 1) await checkoutDetached(repository, refineryFolder, base, given);
    for (const place of [agent, refineryFolder]) {
      assert.equal(fs.readFileSync(path.join(place, '.env'), 'utf8'), 'rig', 'the rig comes first');
      assert.equal(fs.readFileSync(path.join(place, 'tracked.env'), 'utf8'), 'tracked\n');
      assert.equal(fs.readFileSync(path.join(place, 'config', 'local [1].json'), 'utf8'), '{}');
      assert.ok(fs.lstatSync(path.join(place, 'node_modules')).isSymbolicLink());
      assert.equal((await inspectWorktree(place))?.dirty, false);
      assert.equal(sh(place, 'git', 'status', '--porcelain'), '');
    }
    assert.ok(fs.existsSync(path.join(folder, 'node_modules', 'x', 'index.js')), 'cleaning follows no link');
    for (const name of ['../out', '/etc/passwd', '.git/config', 'a/../../b', '.'])
      await assert.rejects(checkoutDetached(repository, refineryFolder, base, extra([name])), /not a path inside/);
    await assert.rejects(checkoutDetached(repository, refineryFolder, base, extra(['nowhere'])), /does not exist/);
    // A commit whose folder is a link out of the worktree.
    const outside = tempDir('outside');
    fs.symlinkSync(outside, path.join(agent, 'conf'));
    const evil = commitFiles(agent, {}, 'Evil');
    fs.mkdirSync(path.join(folder, 'conf'));
    fs.writeFileSync(path.join(folder, 'conf', 'x'), 'x');
    await assert.rejects(checkoutDetached(repository, refineryFolder, evil, extra(['conf/x'])), /link/);
    assert.deepEqual(fs.readdirSync(outside), []);
  });
});

describe('a repository inside a worktree', function () {
  this.timeout(60_000);

  /** As an agent leaves it: one with commits and more, one without any commit, one deep in a new folder, one among files. */
  function nest(directory: string): void {
    makeRepository({ 'tool.txt': 'tool\n' }, 'main', path.join(directory, 'tool'));
    fs.writeFileSync(path.join(directory, 'tool', 'draft.txt'), 'draft\n');
    makeRepository({ 'in.txt': 'in\n' }, 'main', path.join(directory, 'tool', 'deeper'));
    fs.mkdirSync(path.join(directory, 'fresh'));
    sh(path.join(directory, 'fresh'), 'git', 'init', '--quiet');
    fs.writeFileSync(path.join(directory, 'fresh', 'only.txt'), 'only\n');
    makeRepository({ 'deep.txt': 'deep\n' }, 'main', path.join(directory, 'new', 'folder', 'lib'));
    makeRepository({ 'own.txt': 'own\n' }, 'main', path.join(directory, 'src'));
  }

  it('is kept in the snapshot with its files and its history', async () => {
    const { repository, directory } = await placeOf(makeRepository({ 'src/a.txt': 'a\n', 'a.txt': 'a\n' }));
    nest(directory);
    const inner = sh(path.join(directory, 'tool'), 'git', 'rev-parse', 'HEAD');
    const shared = sh(path.join(directory, 'src'), 'git', 'rev-parse', 'HEAD');
    const snapshot = await snapshotWorktree(repository, directory, 'toy-1/x', refinery);
    for (const file of ['tool/tool.txt', 'tool/draft.txt', 'tool/deeper/in.txt', 'fresh/only.txt', 'src/own.txt'])
      assert.equal(show(repository, `${snapshot}:${file}`), path.basename(file, '.txt'));
    assert.equal(show(repository, `${snapshot}:new/folder/lib/deep.txt`), 'deep');
    const refs = sh(
      repository.directory,
      'git',
      'for-each-ref',
      '--format=%(objectname)',
      'refs/gastown/nested/toy-1/x',
    );
    for (const commit of [inner, shared]) assert.ok(refs.includes(commit));
    await removeWorktree(repository, directory, snapshot);
    assert.equal(fs.existsSync(directory), false);
    assert.equal(show(repository, `${inner}:tool.txt`), 'tool');
  });

  it('that was committed as a bare reference keeps its files too', async () => {
    const { repository, directory } = await placeOf(makeRepository({ 'a.txt': 'a\n' }));
    makeRepository({ 'tool.txt': 'tool\n' }, 'main', path.join(directory, 'tool'));
    commitFiles(directory, {}, 'Tool');
    const snapshot = await snapshotWorktree(repository, directory, 'toy-1/x', refinery);
    assert.equal(show(repository, `${snapshot}:tool/tool.txt`), 'tool');
  });

  it('that cannot be kept keeps the worktree', async () => {
    const { repository, directory } = await placeOf(makeRepository({ 'a.txt': 'a\n' }));
    const inner = path.join(directory, 'tool');
    fs.mkdirSync(inner);
    sh(inner, 'git', 'init', '--quiet', '--object-format=sha256');
    commitFiles(inner, { 'tool.txt': 'tool\n' }, 'Tool');
    await assert.rejects(snapshotWorktree(repository, directory, 'toy-1/x', refinery));
    assert.ok(fs.existsSync(path.join(inner, 'tool.txt')));
  });
});

describe('a change with a repository inside', function () {
  this.timeout(60_000);

  it('is refused with the name of the folder, where a clone would not get its files', async () => {
    const { folder, repository, directory } = await placeOf(makeRepository({ 'a.txt': 'a\n' }));
    const base = (await repository.tip())!;
    const tool = makeRepository({ 'tool.txt': 'tool\n' }, 'main', path.join(directory, 'lib', 'tool'));
    const bare = commitFiles(directory, {}, 'Tool');
    assert.match((await missingSubmodules(repository, base, bare)).join(), /^lib\/tool is a separate git repository/);

    const remote = path.join(tempDir('remote'), 'tool.git');
    sh(tool, 'git', 'clone', '--quiet', '--bare', tool, remote);
    fs.writeFileSync(
      path.join(directory, '.gitmodules'),
      `[submodule "my tool"]\n\tpath = lib/tool\n\turl = ${remote}\n`,
    );
    const named = commitFiles(directory, {}, 'Named');
    assert.deepEqual(await submodulesOf(repository, named), [{ name: 'my tool', path: 'lib/tool', url: remote }]);
    // The refinery's own checkout would be refused a folder of this machine as well, unless the person uses it so.
    await assert.rejects(missingSubmodules(repository, base, named), /cannot reach .*transport 'file' not allowed/s);
    sh(folder, 'git', 'config', 'submodule.my tool.url', remote);
    assert.deepEqual(await missingSubmodules(repository, base, named), []);

    commitFiles(tool, { 'tool.txt': 'unpushed\n' }, 'Unpushed');
    const ahead = commitFiles(directory, {}, 'Ahead');
    assert.match((await missingSubmodules(repository, base, ahead)).join(), /submodule lib\/tool is not in its remote/);
    assert.deepEqual(await missingSubmodules(repository, named, named), []);

    sh(directory, 'git', 'rm', '--quiet', '--cached', '.gitmodules');
    fs.rmSync(path.join(directory, '.gitmodules'));
    sh(tool, 'git', 'checkout', '--quiet', 'HEAD~1');
    const unnamed = commitFiles(directory, {}, 'Unnamed');
    assert.match((await missingSubmodules(repository, named, unnamed)).join(), /\.gitmodules does not list it/);

    fs.writeFileSync(
      path.join(directory, '.gitmodules'),
      '[submodule "t"]\n\tpath = lib/tool\n\turl = /nowhere/at/all\n',
    );
    const nowhere = commitFiles(directory, {}, 'Nowhere');
    await assert.rejects(missingSubmodules(repository, base, nowhere), /cannot reach \/nowhere\/at\/all/);
  });

  it('finds its submodules in every worktree, also by addresses relative to those of the person', async () => {
    const home = tempDir('hosted');
    const lib = path.join(home, 'lib.git');
    sh(home, 'git', 'clone', '--quiet', '--bare', makeRepository({ 'x.txt': 'x\n' }), lib);
    const upstream = path.join(home, 'app');
    makeRepository({ 'a.txt': 'a\n' }, 'main', upstream);
    sh(upstream, 'git', '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', lib, 'lib');
    sh(upstream, 'git', 'config', '-f', '.gitmodules', 'submodule.lib.url', '../lib.git');
    commitFiles(upstream, {}, 'Lib');
    const cloned = path.join(tempDir('clone'), 'app');
    sh(home, 'git', 'clone', '--quiet', upstream, cloned);
    for (const source of [upstream, cloned]) {
      const { repository, root, directory } = await placeOf(source);
      assert.equal(fs.readFileSync(path.join(directory, 'lib', 'x.txt'), 'utf8'), 'x\n');
      assert.equal((await inspectWorktree(directory))?.dirty, false);
      const refineryFolder = path.join(root, 'refinery', 'rig');
      for (const turn of [1, 2]) {
        await checkoutDetached(repository, refineryFolder, (await repository.tip())!);
        assert.equal(fs.readFileSync(path.join(refineryFolder, 'lib', 'x.txt'), 'utf8'), 'x\n', String(turn));
        fs.writeFileSync(path.join(refineryFolder, 'lib', 'x.txt'), 'changed by a gate\n');
        fs.writeFileSync(path.join(refineryFolder, 'lib', 'more.txt'), 'left by a gate\n');
      }
      // A change inside a submodule is a change, and is kept.
      fs.writeFileSync(path.join(directory, 'lib', 'x.txt'), 'mine\n');
      assert.equal((await inspectWorktree(directory))?.dirty, true);
      const snapshot = await snapshotWorktree(repository, directory, 'toy-1/x', refinery);
      assert.equal(show(repository, `${snapshot}:lib/x.txt`), 'mine');
      await removeWorktree(repository, directory, snapshot);
    }
  });

  it('resolves relative addresses as git does', () => {
    assert.equal(resolveRelative('https://host/a/b.git', '../c.git'), 'https://host/a/c.git');
    assert.equal(resolveRelative('git@host:a/b.git', '../../c.git'), 'git@host:c.git');
    assert.equal(resolveRelative('/srv/a/', './c'), '/srv/a/c');
  });
});

describe('a worktree that was damaged', function () {
  this.timeout(60_000);

  for (const [what, damage] of [
    ['the file .git', 'rm .git'],
    ['an empty file .git', ': > .git'],
    ['HEAD', 'echo garbage > "$ADMIN/HEAD"'],
    ['an empty HEAD', ': > "$ADMIN/HEAD"'],
    ['the index', 'echo garbage > "$ADMIN/index"'],
    ['an empty index', ': > "$ADMIN/index"'],
    ['its links', 'rm "$ADMIN/commondir"; echo /nowhere > "$ADMIN/gitdir"'],
    ['the administrative folder', 'rm -r "$ADMIN"'],
    ['its branch', 'git update-ref -d "$(git symbolic-ref HEAD)"'],
    [
      'the settings of the repository',
      'git config core.worktree /tmp; git config core.bare false; git config core.x y',
    ],
  ] as const)
    it(`is repaired, with all that is in it: ${what}`, async () => {
      const { repository, directory } = await placeOf(makeRepository({ 'a.txt': 'one\n', 'b.txt': 'b\n' }));
      const commit = commitFiles(directory, { 'mine.txt': 'mine\n' }, 'Mine');
      fs.writeFileSync(path.join(directory, 'a.txt'), 'changed\n');
      fs.writeFileSync(path.join(directory, 'new.txt'), 'new\n');
      const admin = gitFolder(directory);
      sh(directory, 'sh', '-c', `ADMIN="${admin}"; ${damage}`);
      await ensureWorktree(repository, directory, BRANCH, commit);
      assert.equal(sh(directory, 'git', 'symbolic-ref', '--short', 'HEAD'), BRANCH);
      assert.equal(sh(directory, 'git', 'rev-parse', 'HEAD'), commit);
      assert.equal(sh(directory, 'git', 'status', '--porcelain'), 'M a.txt\n?? new.txt');
      assert.equal(fs.readFileSync(path.join(directory, 'new.txt'), 'utf8'), 'new\n');
    });

  it('is left alone where it has become a repository of its own', async () => {
    const { repository, directory } = await placeOf(makeRepository({ 'a.txt': 'one\n' }));
    sh(directory, 'sh', '-c', 'rm .git; git init -q; git add -A; git commit -qm own');
    const head = sh(directory, 'git', 'rev-parse', 'HEAD');
    await assert.rejects(
      ensureWorktree(repository, directory, BRANCH, (await repository.tip())!),
      /is not the worktree of/,
    );
    assert.equal(sh(directory, 'git', 'rev-parse', 'HEAD'), head);
  });
});

describe("the refinery's worktree", function () {
  this.timeout(60_000);

  it('is cleaned of what a gate has made read-only, and of what a killed git has left', async () => {
    const { repository, root } = await placeOf(makeRepository({ 'a.txt': 'a\n', '.gitignore': 'out\n' }));
    const directory = path.join(root, 'refinery', 'rig');
    const commit = (await repository.tip())!;
    await checkoutDetached(repository, directory, commit);
    fs.mkdirSync(path.join(directory, 'out', 'deep'), { recursive: true });
    fs.writeFileSync(path.join(directory, 'out', 'deep', 'x'), '');
    fs.chmodSync(path.join(directory, 'out', 'deep'), 0o500);
    fs.chmodSync(path.join(directory, 'out'), 0o500);
    fs.writeFileSync(path.join(gitFolder(directory), 'index.lock'), '');
    await checkoutDetached(repository, directory, commit);
    assert.deepEqual(fs.readdirSync(directory).sort(), ['.git', '.gitignore', 'a.txt']);
  });

  it('is recreated where git cannot read it', async () => {
    const { repository, root } = await placeOf(makeRepository({ 'a.txt': 'a\n' }));
    const directory = path.join(root, 'refinery', 'rig');
    const commit = (await repository.tip())!;
    await checkoutDetached(repository, directory, commit);
    fs.writeFileSync(path.join(gitFolder(directory), 'index'), 'broken');
    await checkoutDetached(repository, directory, commit);
    fs.rmSync(path.join(directory, '.git'));
    await checkoutDetached(repository, directory, commit);
    assert.deepEqual(fs.readdirSync(directory).sort(), ['.git', 'a.txt']);
  });
});

describe('a branch is rebased', function () {
  this.timeout(60_000);
  const work = (tip: string, bases: string[] = []) => ({
    tip,
    bases,
    title: 'The title',
    trailers: ['Bead: toy-1'],
    author: { name: 'toy/polecats/rust', email: 'rust@example.org' },
  });
  const filesOf = (repository: RigRepository, commit: string): string[] =>
    sh(repository.directory, 'git', 'ls-tree', '-r', '--name-only', commit).split('\n');

  it('without what others have taken out of the target meanwhile', async () => {
    for (const how of ['nothing', 'merge', 'rebase'] as const) {
      const origin = makeRepository({ 'a.txt': 'a\n' });
      const bare = path.join(tempDir('bare'), 'origin.git');
      const first = sh(origin, 'git', 'rev-parse', 'HEAD');
      if (how === 'nothing') commitFiles(origin, { 'secret.txt': '!' }, 'Secret');
      sh(origin, 'git', 'clone', '--quiet', '--bare', origin, bare);
      const { repository, root, directory } = await placeOf(bare);
      const base = (await repository.tip())!;
      commitFiles(directory, { 'mine.txt': 'm\n' }, 'Mine');
      if (how !== 'nothing') {
        const secret = commitFiles(origin, { 'secret.txt': '!' }, 'Secret');
        sh(origin, 'git', 'push', '--quiet', bare, 'main');
        await landingBase(repository, refinery);
        sh(directory, 'git', how, '--quiet', secret);
      }
      const tip = commitFiles(directory, { 'more.txt': 'm\n' }, 'More');
      // Dropped, with or without something new in its place.
      sh(origin, 'git', 'reset', '--quiet', '--hard', first);
      if (how === 'merge') commitFiles(origin, { 'other.txt': 'o\n' }, 'Other');
      sh(origin, 'git', 'push', '--quiet', '--force', bare, 'main');
      const onto = (await landingBase(repository, refinery)).commit;
      const result = await rebaseOnto(
        repository,
        path.join(root, 'refinery', 'rig'),
        work(tip, [base]),
        onto,
        refinery,
      );
      assert.ok(result.kind === 'clean', how);
      assert.equal(sh(repository.directory, 'git', 'rev-parse', `${result.commit}^`), onto);
      const expected = ['a.txt', 'mine.txt', 'more.txt', ...(how === 'merge' ? ['other.txt'] : [])];
      assert.deepEqual(filesOf(repository, result.commit), expected, how);
    }
  });

  it('into one commit with the texts and trailers of all', async () => {
    const { repository, root, directory } = await placeOf(makeRepository({ 'a.txt': 'a\n' }));
    const onto = (await landingBase(repository, refinery)).commit;
    commitFiles(directory, { 'b.txt': 'b\n' }, 'First\n\nBecause of this.\n\nSigned-off-by: Ann <ann@example.org>');
    const tip = commitFiles(
      directory,
      { 'c.txt': 'c\n' },
      'Second\n\nSigned-off-by: Ann <ann@example.org>\nCo-authored-by: Bob <bob@example.org>',
    );
    const place = path.join(root, 'refinery', 'rig');
    const result = await rebaseOnto(repository, place, work(tip), onto, refinery);
    assert.ok(result.kind === 'clean');
    assert.equal(
      sh(repository.directory, 'git', 'log', '-1', '--format=%B', result.commit),
      'The title\n\n* First\n\nBecause of this.\n\n* Second\n\nSigned-off-by: Ann <ann@example.org>\nCo-authored-by: Bob <bob@example.org>\nBead: toy-1',
    );
    assert.equal(fs.existsSync(place), false, 'nothing had to be checked out');
  });

  it('to nothing where it changes nothing', async () => {
    const { folder, repository, root, directory } = await placeOf(makeRepository({ 'a.txt': 'a\n' }));
    const place = path.join(root, 'refinery', 'rig');
    const onto = (await landingBase(repository, refinery)).commit;
    const allowed = commitFiles(directory, {}, 'Empty');
    assert.deepEqual(await rebaseOnto(repository, place, work(allowed), onto, refinery), { kind: 'empty' });
    commitFiles(directory, { 'b.txt': 'b\n' }, 'Add');
    fs.rmSync(path.join(directory, 'b.txt'));
    const undone = commitFiles(directory, {}, 'Remove');
    assert.deepEqual(await rebaseOnto(repository, place, work(undone), onto, refinery), { kind: 'empty' });
    const same = commitFiles(directory, { 'c.txt': 'c\n' }, 'The same');
    commitFiles(folder, { 'c.txt': 'c\n' }, 'By a person');
    const now = (await landingBase(repository, refinery)).commit;
    assert.deepEqual(await rebaseOnto(repository, place, work(same), now, refinery), { kind: 'empty' });
  });

  it('where it shares no history with the target at all', async () => {
    const { repository, root, directory } = await placeOf(makeRepository({ 'a.txt': 'a\n' }));
    const onto = (await landingBase(repository, refinery)).commit;
    sh(directory, 'git', 'checkout', '--quiet', '--orphan', 'alone');
    sh(directory, 'git', 'rm', '--quiet', '-rf', '.');
    const tip = commitFiles(directory, { 'b.txt': 'b\n' }, 'Alone');
    const result = await rebaseOnto(repository, path.join(root, 'refinery', 'rig'), work(tip), onto, refinery);
    assert.ok(result.kind === 'clean');
    assert.deepEqual(filesOf(repository, result.commit), ['a.txt', 'b.txt']);
  });
});

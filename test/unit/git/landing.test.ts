import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { fastForward, fastForwardState } from '../../../server/src/git/fastForward';
import { landingBase } from '../../../server/src/git/landingBase';
import { rebaseOnto as rebaseWork, type RebaseResult } from '../../../server/src/git/rebase';
import { changedFilesOf } from '../../../server/src/git/change';
import { diffBetween } from '../../../server/src/git/diff';
import { gitStream } from '../../../server/src/git/git';
import { diffOf, PatchHash, patchId, readableDiff } from '../../../server/src/git/patchId';
import { RigRepository } from '../../../server/src/git/repository';
import { inspectSource } from '../../../server/src/git/source';
import { snapshotWorktree } from '../../../server/src/git/snapshots';
import { ensureWorktree, inspectWorktree, removeWorktree } from '../../../server/src/git/worktree';
import { UserError } from '../../../server/src/base/errors';
import { commitFiles, makeRepository, sh, tempDir } from '../../helpers/temp';

const refinery = { name: 'toy/refinery', email: 'toy.refinery@example.org' };

function rebaseOnto(
  repository: RigRepository,
  directory: string,
  tip: string,
  onto: string,
  committer: typeof refinery,
): Promise<RebaseResult> {
  const work = { tip, bases: [], title: 'Work', trailers: ['Bead: toy-1'], author: committer };
  return rebaseWork(repository, directory, work, onto, committer);
}

async function rigOf(location: string): Promise<{ repository: RigRepository; root: string }> {
  const root = tempDir('rig');
  const repository = new RigRepository(path.join(root, '.repo.git'), await inspectSource(location));
  await repository.create();
  return { repository, root };
}

/** A polecat's worktree with one commit. */
async function workIn(
  repository: RigRepository,
  root: string,
  name: string,
  files: Record<string, string>,
): Promise<{ directory: string; commit: string; branch: string }> {
  const directory = path.join(root, 'polecats', name, 'rig');
  const branch = `polecat/${name}/toy-1@x`;
  await ensureWorktree(repository, directory, branch, (await landingBase(repository, refinery)).commit);
  return { directory, branch, commit: commitFiles(directory, files, `Work of ${name}`) };
}

describe('conflicts', () => {
  it('are resolved as they were once before, by whichever agent', async () => {
    const folder = makeRepository({ 'a.txt': 'one\ntwo\nthree\n' });
    const { repository, root } = await rigOf(folder);
    const first = await workIn(repository, root, 'rust', { 'a.txt': 'one\nTWO\nthree\n' });
    const second = await workIn(repository, root, 'nux', { 'a.txt': 'one\ntwo!\nthree\n' });
    const refineryFolder = path.join(root, 'refinery', 'rig');
    const base = await landingBase(repository, refinery);
    await repository.push(first.commit, base.expected);
    const target = (await landingBase(repository, refinery)).commit;
    assert.deepEqual(await rebaseOnto(repository, refineryFolder, second.commit, target, refinery), {
      kind: 'conflict',
      files: ['a.txt'],
    });
    // The agent resolves it in its own worktree, with its own git.
    assert.throws(() => sh(second.directory, 'git', 'rebase', '--quiet', target));
    fs.writeFileSync(path.join(second.directory, 'a.txt'), 'one\nTWO!\nthree\n');
    sh(second.directory, 'git', 'add', 'a.txt');
    sh(second.directory, 'git', '-c', 'core.editor=true', 'rebase', '--continue');
    const again = await rebaseOnto(repository, refineryFolder, second.commit, target, refinery);
    assert.equal(again.kind, 'clean');
    assert.equal(
      sh(refineryFolder, 'git', 'show', `${again.kind === 'clean' ? again.commit : ''}:a.txt`),
      'one\nTWO!\nthree',
    );
  });
});

function hashOf(...pieces: string[]): string {
  const hash = new PatchHash();
  for (const piece of pieces) hash.add(Buffer.from(piece));
  return hash.digest();
}

/** A rig with one commit for each content of a file, all on the first. */
async function latin(...contents: number[][]): Promise<{ repository: RigRepository; commits: string[] }> {
  const folder = makeRepository({ 'a.txt': '' });
  const { repository } = await rigOf(folder);
  const root = sh(folder, 'git', 'rev-parse', 'HEAD');
  const commits = contents.map((bytes) => {
    sh(folder, 'git', 'checkout', '--quiet', root);
    fs.writeFileSync(path.join(folder, 'a.txt'), Buffer.from([...bytes, 0x0a]));
    return commitFiles(folder, {}, 'c');
  });
  sh(repository.directory, 'git', 'fetch', '--quiet', folder, ...commits);
  return { repository, commits };
}

describe('a patch', () => {
  it('is the same wherever it stands, and another where its words, its place or its white space differ', async () => {
    const folder = makeRepository({ 'a.py': 'if x:\n    a()\nb()\n' });
    const { repository } = await rigOf(folder);
    const commit = (files: Record<string, string>, from: string): string => {
      sh(folder, 'git', 'checkout', '--quiet', from);
      return commitFiles(folder, files, 'c');
    };
    const root = sh(folder, 'git', 'rev-parse', 'HEAD');
    const change = commit({ 'a.py': 'if x:\n    a()\nb()\nc()\n' }, root);
    const indented = commit({ 'a.py': 'if x:\n    a()\nb()\n    c()\n' }, root);
    const shiftedRoot = commit({ 'a.py': `${'# head\n'.repeat(9)}if x:\n    a()\nb()\n` }, root);
    const shifted = commit({ 'a.py': `${'# head\n'.repeat(9)}if x:\n    a()\nb()\nc()\n` }, shiftedRoot);
    const binary = commit({ 'a.bin': '\0one' }, root);
    const otherBinary = commit({ 'a.bin': '\0two' }, root);
    await repository.fetch();
    sh(
      repository.directory,
      'git',
      'fetch',
      '--quiet',
      folder,
      ...[change, indented, shifted, shiftedRoot, binary, otherBinary],
    );
    const id = (base: string, tip: string): Promise<string> => patchId(repository, base, tip);
    assert.notEqual(await id(root, change), await id(root, indented));
    assert.notEqual(await id(root, binary), await id(root, otherBinary));
    assert.equal(await id(root, change), await id(shiftedRoot, shifted));
    // A line of content that looks like one of git's own counts.
    assert.notEqual(hashOf('@@ -1 +1 @@\n-index a\n+index b\n'), hashOf('@@ -1 +1 @@\n-index a\n+index c\n'));
  });

  it('has one hash however it comes in pieces, and not that of another split into lines', () => {
    const text = 'index 1..2\n--- a/x\n+++ b/x\n@@ -1 +1 @@ f()\n-index a\n+b\n';
    for (let at = 0; at <= text.length; at += 1) assert.equal(hashOf(text.slice(0, at), text.slice(at)), hashOf(text));
    assert.equal(hashOf(...text), hashOf(text.replace('1..2', '3..4').replace('-1 +1', '-9 +9')));
    assert.notEqual(hashOf('+a\n+b\n'), hashOf('+a+b\n'));
  });

  it('is another where bytes differ that are no UTF-8, and is handed on as it is', async () => {
    const {
      repository,
      commits: [base, one, two],
    } = await latin([], [0xe4], [0xf6]);
    assert.notEqual(await patchId(repository, base!, one!), await patchId(repository, base!, two!));
    const whole = await diffOf(repository, base!, one!);
    assert.ok(whole.includes(Buffer.from([0x2b, 0xe4, 0x0a])), 'the byte itself');
    assert.match(await readableDiff(repository, base!, one!, 10_000), /^\+\ufffd$/m);
    assert.equal((await readableDiff(repository, base!, one!, 20)).length, 20);
  });

  it('that git cannot make is not an empty one', async () => {
    const {
      repository,
      commits: [base],
    } = await latin([]);
    await assert.rejects(patchId(repository, base!, '0'.repeat(40)), /bad object|exit code 128/);
    await assert.rejects(
      gitStream(repository.directory, ['rev-parse', base!], () => {
        throw new Error('the disk is full');
      }),
      /the disk is full/,
    );
    await assert.rejects(
      gitStream(path.join(repository.directory, 'nowhere'), ['status'], () => undefined),
      /ENOENT/,
    );
  });

  it('is looked at without programs and settings of others', async () => {
    const folder = makeRepository({ 'a.txt': 'a\nb\nc\n' });
    const { repository } = await rigOf(folder);
    const base = sh(folder, 'git', 'rev-parse', 'HEAD');
    sh(folder, 'git', 'mv', 'a.txt', 'moved.txt');
    const moved = commitFiles(folder, { 'b.txt': 'b\n' }, 'c');
    sh(repository.directory, 'git', 'fetch', '--quiet', folder, moved);
    const before = [await patchId(repository, base, moved), await readableDiff(repository, base, moved, 10_000)];
    const ran = path.join(tempDir('ran'), 'ran');
    fs.mkdirSync(path.join(repository.directory, 'info'), { recursive: true });
    fs.writeFileSync(path.join(repository.directory, 'info', 'attributes'), '* diff=evil\n');
    for (const [key, value] of [
      ['diff.evil.textconv', `touch '${ran}'; cat`],
      ['diff.evil.command', `touch '${ran}'`],
      ['diff.external', `touch '${ran}'`],
      ['diff.renames', 'copies'],
      ['diff.noprefix', 'true'],
      ['diff.context', '0'],
      ['diff.mnemonicPrefix', 'true'],
    ] as const)
      sh(repository.directory, 'git', 'config', key, value);
    assert.deepEqual(
      [await patchId(repository, base, moved), await readableDiff(repository, base, moved, 10_000)],
      before,
    );
    assert.deepEqual(
      (await changedFilesOf(repository, base, moved)).map((file) => [file.path, file.status, file.added, file.removed]),
      [
        ['a.txt', 'deleted', 0, 3],
        ['b.txt', 'added', 1, 0],
        ['moved.txt', 'added', 3, 0],
      ],
    );
    const shown = await diffBetween(repository, base, moved, 10_000);
    assert.deepEqual([shown.files, shown.insertions, shown.deletions], [2, 1, 0], 'people see what was only moved');
    assert.match(shown.text, /^diff --git a\/b\.txt b\/b\.txt$/m);
    assert.equal(fs.existsSync(ran), false);
  });
});

describe('landing in a folder', () => {
  it('lands on gastown/<default>, leaves the checkout alone, and fast-forwards when asked', async () => {
    const folder = makeRepository({ 'a.txt': 'a\n' }, 'trunk');
    const { repository, root } = await rigOf(folder);
    const { commit } = await workIn(repository, root, 'rust', { 'b.txt': 'b\n' });
    const base = await landingBase(repository, refinery);
    assert.equal(base.expected, undefined);
    assert.equal(await repository.push(commit, base.expected), true);
    assert.equal(fs.existsSync(path.join(folder, 'b.txt')), false);
    assert.equal(sh(folder, 'git', 'rev-parse', 'gastown/trunk'), commit);
    assert.deepEqual(await fastForwardState(repository), { commits: 1, clean: true });
    assert.equal(await fastForward(repository), 1);
    assert.equal(fs.readFileSync(path.join(folder, 'b.txt'), 'utf8'), 'b\n');
    assert.equal(await fastForwardState(repository), undefined);
  });

  it('does not fast-forward over uncommitted changes', async () => {
    const folder = makeRepository({ 'a.txt': 'a\n' });
    const { repository, root } = await rigOf(folder);
    const { commit } = await workIn(repository, root, 'rust', { 'a.txt': 'b\n' });
    await repository.push(commit, undefined);
    fs.writeFileSync(path.join(folder, 'a.txt'), 'mine\n');
    await assert.rejects(fastForward(repository), /uncommitted changes/);
    assert.equal(fs.readFileSync(path.join(folder, 'a.txt'), 'utf8'), 'mine\n');
  });

  it('refuses a push when the target moved, and changes nothing', async () => {
    const folder = makeRepository({ 'a.txt': 'a\n' });
    const { repository, root } = await rigOf(folder);
    const first = await workIn(repository, root, 'rust', { 'b.txt': 'b\n' });
    const second = await workIn(repository, root, 'nux', { 'c.txt': 'c\n' });
    const base = await landingBase(repository, refinery);
    assert.equal(await repository.push(first.commit, base.expected), true);
    assert.equal(await repository.push(second.commit, base.expected), false);
    assert.equal(sh(folder, 'git', 'rev-parse', 'gastown/main'), first.commit);
  });

  it('takes in what the person committed meanwhile, also when both have moved', async () => {
    const folder = makeRepository({ 'a.txt': 'a\n' });
    const { repository, root } = await rigOf(folder);
    const first = await workIn(repository, root, 'rust', { 'b.txt': 'b\n' });
    await repository.push(first.commit, undefined);
    const own = commitFiles(folder, { 'mine.txt': 'm\n' }, 'Mine');
    const base = await landingBase(repository, refinery);
    assert.equal(base.expected, first.commit);
    assert.equal(await repository.isAncestor(own, base.commit), true);
    assert.equal(await repository.isAncestor(first.commit, base.commit), true);
  });

  it('says so when both have moved and conflict', async () => {
    const folder = makeRepository({ 'a.txt': 'a\n' });
    const { repository, root } = await rigOf(folder);
    await repository.push((await workIn(repository, root, 'rust', { 'a.txt': 'b\n' })).commit, undefined);
    commitFiles(folder, { 'a.txt': 'c\n' }, 'Mine');
    await assert.rejects(
      landingBase(repository, refinery),
      (error: unknown) =>
        error instanceof UserError && /conflict/.test(error.message) && /by hand/.test(error.hint ?? ''),
    );
  });
});

describe('rebase', () => {
  it('keeps authors, names the refinery as committer, and reports conflicts by file', async () => {
    const folder = makeRepository({ 'a.txt': 'a\n' });
    const { repository, root } = await rigOf(folder);
    const clean = await workIn(repository, root, 'rust', { 'b.txt': 'b\n' });
    const clash = await workIn(repository, root, 'nux', { 'a.txt': 'n\n' });
    await repository.push((await workIn(repository, root, 'dag', { 'a.txt': 'd\n' })).commit, undefined);
    const base = await landingBase(repository, refinery);
    const directory = path.join(root, 'refinery', 'rig');
    const result = await rebaseOnto(repository, directory, clean.commit, base.commit, refinery);
    assert.ok(result.kind === 'clean');
    assert.equal(sh(repository.directory, 'git', 'log', '-1', '--format=%an/%cn', result.commit), 'Ann/toy/refinery');
    assert.deepEqual(await rebaseOnto(repository, directory, clash.commit, base.commit, refinery), {
      kind: 'conflict',
      files: ['a.txt'],
    });
    // The worktree is usable again afterwards.
    assert.equal((await rebaseOnto(repository, directory, clean.commit, base.commit, refinery)).kind, 'clean');
  });
});

describe('sources', () => {
  it('plants a root in an empty repository', async () => {
    const folder = path.join(tempDir('empty'), 'nothing yet');
    fs.mkdirSync(folder);
    sh(folder, 'git', 'init', '--quiet', '--initial-branch=trunk');
    const { repository } = await rigOf(folder);
    assert.ok(await repository.tip());
    assert.equal(await fastForward(repository), 1);
    assert.equal(sh(folder, 'git', 'symbolic-ref', '--short', 'HEAD'), 'trunk');
  });

  it('lands on the default branch itself in a bare repository', async () => {
    const bare = path.join(tempDir('bare'), 'origin.git');
    sh(path.dirname(bare), 'git', 'clone', '--quiet', '--bare', makeRepository({ 'a.txt': 'a\n' }, 'trunk'), bare);
    const { repository, root } = await rigOf(bare);
    assert.equal(repository.landing, 'trunk');
    const { commit } = await workIn(repository, root, 'rust', { 'b.txt': 'b\n' });
    assert.equal(await repository.push(commit, (await landingBase(repository, refinery)).expected), true);
    assert.equal(sh(bare, 'git', 'rev-parse', 'trunk'), commit);
  });

  it('explains what is not a repository', async () => {
    await assert.rejects(inspectSource(tempDir('plain')), /is not a git repository/);
    await assert.rejects(inspectSource('/nowhere/at/all'), /there is no folder/);
    await assert.rejects(inspectSource('--upload-pack=evil'), /is not a repository/);
    await assert.rejects(inspectSource('file:///nowhere/at/all'), /cannot reach/);
  });
});

describe('worktrees', () => {
  it('keeps uncommitted and untracked files in a snapshot before it removes one', async () => {
    const { repository, root } = await rigOf(makeRepository({ 'a.txt': 'a\n', '.gitignore': 'ignored\n' }));
    const { directory } = await workIn(repository, root, 'rust', { 'b.txt': 'b\n' });
    fs.writeFileSync(path.join(directory, 'untracked.txt'), 'u\n');
    fs.writeFileSync(path.join(directory, 'a.txt'), 'changed\n');
    fs.writeFileSync(path.join(directory, 'ignored'), 'i\n');
    const snapshot = await snapshotWorktree(repository, directory, 'rust-toy-1', refinery);
    await removeWorktree(repository, directory, snapshot);
    assert.equal(fs.existsSync(directory), false);
    const files = sh(
      repository.directory,
      'git',
      'ls-tree',
      '-r',
      '--name-only',
      'refs/gastown/snapshots/rust-toy-1',
    ).split('\n');
    assert.deepEqual(files.sort(), ['.gitignore', 'a.txt', 'b.txt', 'untracked.txt']);
    assert.equal(sh(repository.directory, 'git', 'show', `${snapshot}:a.txt`), 'changed');
  });

  it('leaves a worktree alone whose commits the snapshot lacks', async () => {
    const { repository, root } = await rigOf(makeRepository({ 'a.txt': 'a\n' }));
    const { directory } = await workIn(repository, root, 'rust', { 'b.txt': 'b\n' });
    const snapshot = await snapshotWorktree(repository, directory, 'rust-toy-1', refinery);
    commitFiles(directory, { 'c.txt': 'c\n' }, 'One more');
    await assert.rejects(removeWorktree(repository, directory, snapshot), /commits that its snapshot lacks/);
    assert.ok((await inspectWorktree(directory))?.head);
  });

  it('does not build on a folder that holds something else', async () => {
    const { repository, root } = await rigOf(makeRepository({ 'a.txt': 'a\n' }));
    const directory = path.join(root, 'polecats', 'rust', 'rig');
    fs.mkdirSync(directory, { recursive: true });
    fs.writeFileSync(path.join(directory, 'precious'), '!');
    await assert.rejects(
      ensureWorktree(repository, directory, 'polecat/rust/x@1', (await repository.tip())!),
      /is not the worktree of/,
    );
    assert.equal(fs.existsSync(path.join(directory, 'precious')), true);
  });

  it('runs no hook and no filter that an agent put into the shared repository', async () => {
    const { repository, root } = await rigOf(
      makeRepository({ 'a.txt': 'a\n', '.gitattributes': '*.txt filter=evil\n' }),
    );
    const marker = path.join(root, 'evil');
    fs.mkdirSync(path.join(repository.directory, 'hooks'), { recursive: true });
    fs.writeFileSync(path.join(repository.directory, 'hooks', 'post-checkout'), `#!/bin/sh\ntouch '${marker}'\n`, {
      mode: 0o755,
    });
    sh(repository.directory, 'git', 'config', 'filter.evil.smudge', `touch '${marker}'; cat`);
    await ensureWorktree(
      repository,
      path.join(root, 'polecats', 'nux', 'rig'),
      'polecat/nux/x@1',
      (await repository.tip())!,
    );
    assert.equal(fs.existsSync(marker), false);
  });
});

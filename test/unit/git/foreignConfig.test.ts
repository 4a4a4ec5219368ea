import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { git } from '../../../server/src/git/git';
import { isHarmless, localKeys, otherEnd, overridden } from '../../../server/src/git/foreignConfig';
import { commitFiles, makeRepository, sh, tempDir } from '../../helpers/temp';

/** A program that leaves a mark, and passes through what it gets as a filter would. */
function trap(folder: string): { command: string; sprung: () => string[] } {
  const marks = path.join(folder, 'marks');
  fs.mkdirSync(marks);
  const script = path.join(folder, 'trap.sh');
  fs.writeFileSync(script, `#!/bin/sh\necho "$0 $*" > "${marks}/$$"\ncat 2>/dev/null\n`, { mode: 0o755 });
  return { command: `'${script}'`, sprung: () => fs.readdirSync(marks) };
}

const hostileSettings = (command: string, folder: string): readonly (readonly [name: string, lines: string])[] => {
  const escaped = command.replaceAll('"', '\\"');
  const program = command.replaceAll("'", '');
  return [
    ['filter.clean', `[filter "e"]\n\tclean = ${escaped}\n`],
    ['filter.clean required', `[filter "e"]\n\tclean = ${escaped}\n\tsmudge = ${escaped}\n\trequired = true\n`],
    ['filter.process', `[filter "e"]\n\tprocess = ${escaped}\n`],
    ['filter with = in its name', `[filter "a=b.e"]\n\tclean = ${escaped}\n`],
    ['core.fsmonitor', `[core]\n\tfsmonitor = ${escaped}\n`],
    ['core.hooksPath', `[core]\n\thooksPath = ${folder}/hooks\n`],
    ['core.pager', `[core]\n\tpager = ${escaped}\n[pager]\n\tstatus = ${escaped}\n`],
    ['core.editor', `[core]\n\teditor = ${escaped}\n[sequence]\n\teditor = ${escaped}\n`],
    ['core.sshCommand', `[core]\n\tsshCommand = ${escaped}\n`],
    ['diff.external', `[diff]\n\texternal = ${program}\n`],
    ['diff driver', `[diff "e"]\n\ttextconv = ${escaped}\n\tcommand = ${escaped}\n`],
    ['merge driver', `[merge "e"]\n\tdriver = ${escaped}\n`],
    ['alias', `[alias]\n\tstatus = !${escaped}\n\tmerge = !${escaped}\n`],
    ['credential.helper', `[credential]\n\thelper = !${escaped}\n`],
    ['gpg.program', `[commit]\n\tgpgsign = true\n[gpg]\n\tprogram = ${program}\n`],
    ['trailer', `[trailer "x"]\n\tcommand = ${escaped}\n`],
    ['core.alternateRefsCommand', `[core]\n\talternateRefsCommand = ${escaped}\n`],
    [
      'lazy fetch',
      `[core]\n\trepositoryformatversion = 1\n[extensions]\n\tpartialClone = origin\n[remote "origin"]\n\turl = ${folder}\n\tuploadpack = ${escaped}\n\tpromisor = true\n`,
    ],
    ['remote ext::', `[remote "origin"]\n\turl = ext::${program}\n[protocol "ext"]\n\tallow = always\n`],
  ];
};

describe('the configuration of a repository that is not ours', function () {
  this.timeout(60_000);
  const home = tempDir('foreign');
  const { command, sprung } = trap(home);
  const attributes = { '.gitattributes': '* filter=e diff=e merge=e\n', 'a.txt': 'one\n' };

  const cases = hostileSettings(command, home).flatMap(([name, lines]) => [
    { name, lines, included: false },
    ...(['filter.clean', 'core.fsmonitor', 'merge driver'].includes(name) ? [{ name, lines, included: true }] : []),
  ]);
  for (const { name, lines, included } of cases)
    it(`runs nothing: ${name}${included ? ', by an include' : ''}`, async () => {
      const project = makeRepository(attributes, 'main', path.join(tempDir('project'), 'project'));
      commitFiles(project, { 'b.txt': 'two\n' }, 'Second');
      sh(project, 'git', 'branch', 'landed');
      sh(project, 'git', 'reset', '--quiet', '--hard', 'HEAD~1');
      fs.mkdirSync(path.join(home, 'hooks'), { recursive: true });
      for (const hook of ['post-merge', 'post-checkout', 'post-index-change', 'pre-commit', 'reference-transaction'])
        for (const folder of [path.join(home, 'hooks'), path.join(project, '.git', 'hooks')]) {
          fs.mkdirSync(folder, { recursive: true });
          fs.copyFileSync(path.join(home, 'trap.sh'), path.join(folder, hook));
        }
      const config = path.join(project, '.git', 'config');
      if (included) {
        fs.writeFileSync(path.join(project, 'more'), lines);
        fs.appendFileSync(config, '[include]\n\tpath = ../more\n[includeIf "gitdir:**"]\n\tpath = ../more\n');
      } else fs.appendFileSync(config, lines);
      fs.writeFileSync(path.join(project, 'a.txt'), 'two\n');
      const status = await git(project, ['status', '--porcelain=v2', '--branch', '--untracked-files=normal']);
      assert.match(status, / a\.txt/);
      await git(project, ['diff', '--no-ext-diff', '--no-textconv', 'HEAD']);
      await git(project, ['for-each-ref']);
      fs.writeFileSync(path.join(project, 'a.txt'), 'one\n');
      await git(project, ['merge', '--ff-only', '--quiet', 'landed']);
      assert.equal(fs.readFileSync(path.join(project, 'b.txt'), 'utf8'), 'two\n');
      fs.writeFileSync(path.join(project, 'c.txt'), 'three\n');
      await git(project, ['add', '--', 'c.txt']);
      await git(project, ['commit', '--quiet', '-m', 'Third']);
      await git(project, ['rev-list', '--objects', '--all']);
      assert.deepEqual(sprung(), []);
    });

  it('would run what these settings name: the trap is one', () => {
    const own = trap(tempDir('control'));
    const project = makeRepository(attributes, 'main', path.join(tempDir('project'), 'project'));
    fs.appendFileSync(path.join(project, '.git', 'config'), `[filter "e"]\n\tclean = ${own.command}\n`);
    // Of the same size: a file of another one is known to have changed without a look at what is in it.
    fs.writeFileSync(path.join(project, 'a.txt'), 'two\n');
    sh(project, 'git', 'status');
    assert.notEqual(own.sprung().length, 0);
  });

  it('a merge driver that is switched off leaves a conflict to be seen, and takes no side', async () => {
    const project = makeRepository(attributes, 'main', path.join(tempDir('project'), 'project'));
    sh(project, 'git', 'switch', '--quiet', '-c', 'side');
    commitFiles(project, { 'a.txt': 'theirs\n' }, 'Theirs');
    sh(project, 'git', 'switch', '--quiet', 'main');
    commitFiles(project, { 'a.txt': 'ours\n' }, 'Ours');
    fs.appendFileSync(path.join(project, '.git', 'config'), `[merge "e"]\n\tdriver = ${command}\n`);
    await assert.rejects(git(project, ['merge', '--quiet', 'side']), /CONFLICT/);
    assert.match(fs.readFileSync(path.join(project, 'a.txt'), 'utf8'), /<<<<<<<[\s\S]*ours[\s\S]*theirs[\s\S]*>>>>>>>/);
    assert.deepEqual(sprung(), []);
  });

  it('core.worktree leads nowhere else', async () => {
    const project = makeRepository({ 'a.txt': 'one\n' }, 'main', path.join(tempDir('project'), 'project'));
    const elsewhere = tempDir('elsewhere');
    fs.writeFileSync(path.join(elsewhere, 'private.txt'), 'mine');
    fs.appendFileSync(path.join(project, '.git', 'config'), `[core]\n\tworktree = ${elsewhere}\n`);
    assert.equal((await git(project, ['status', '--porcelain'])).trim(), '');
    assert.equal((await git(project, ['rev-parse', '--show-toplevel'])).trim(), project);
    await git(project, ['reset', '--hard', '--quiet']);
    assert.deepEqual(fs.readdirSync(elsewhere), ['private.txt']);
  });

  it('an include that never ends is an error in time', async function () {
    if (process.platform === 'win32') this.skip();
    const project = makeRepository({ 'a.txt': 'one\n' }, 'main', path.join(tempDir('project'), 'project'));
    execFileSync('mkfifo', [path.join(project, 'pipe')]);
    fs.appendFileSync(path.join(project, '.git', 'config'), '[include]\n\tpath = ../pipe\n');
    await assert.rejects(git(project, ['status']), /cannot read the git configuration of .*may include a pipe/);
  });

  it('a fetch and a push start the other git with nothing of that repository: no hooks, no commands', async () => {
    const project = makeRepository({ 'a.txt': 'one\n' }, 'main', path.join(tempDir('project'), 'project'));
    const ours = path.join(tempDir('ours'), '.repo.git');
    sh(path.dirname(ours), 'git', 'init', '--quiet', '--bare', ours);
    for (const hook of [
      'pre-receive',
      'update',
      'post-receive',
      'post-update',
      'reference-transaction',
      'proc-receive',
    ])
      fs.copyFileSync(path.join(home, 'trap.sh'), path.join(project, '.git', 'hooks', hook));
    fs.mkdirSync(path.join(project, '.git', 'objects', 'info'), { recursive: true });
    fs.writeFileSync(path.join(project, '.git', 'objects', 'info', 'alternates'), `${path.join(ours, 'objects')}\n`);
    fs.appendFileSync(
      path.join(project, '.git', 'config'),
      `[core]\n\thooksPath = ${project}/.git/hooks\n\tfsmonitor = ${command}\n\talternateRefsCommand = ${command}\n` +
        `[uploadpack]\n\tpackObjectsHook = ${command}\n[gc]\n\tauto = 1\n`,
    );
    const other = await otherEnd(project, process.env, false);
    const config = [
      `remote.origin.url=${project}`,
      'remote.origin.fetch=+refs/heads/*:refs/remotes/origin/*',
      `remote.origin.uploadpack=${other.uploadPack}`,
      `remote.origin.receivepack=${other.receivePack}`,
    ].flatMap((setting) => ['-c', setting]);
    await git(ours, [...config, 'fetch', '--quiet', 'origin']);
    await git(ours, [...config, 'push', '--quiet', 'origin', 'refs/remotes/origin/main:refs/heads/gastown/main']);
    assert.notEqual(sh(project, 'git', 'rev-parse', 'gastown/main'), '');
    assert.deepEqual(sprung(), []);
  });

  it('plain repositories need no further look; whatever else does', () => {
    assert.equal(isHarmless('[core]\n\tbare = true\n[remote "o\'x"]\n\turl = /x\n; y\n'), true);
    for (const text of [
      '[include]\n\tpath = x\n',
      '[core]\n\tfsmonitor\n',
      '[filter "x"] clean = y\n',
      '[core]\n\tbare = \\\n x\n',
    ])
      assert.equal(isHarmless(text), false, text);
    assert.equal(isHarmless(undefined), false);
    assert.deepEqual(localKeys('global\0a.b\nx\0local\0c.d\ny\ny\0worktree\0e.f\0'), ['c.d', 'e.f']);
    assert.deepEqual(overridden(['user.name', 'color.ui']), new Map());
  });
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { plainUserName } from '../../../server/src/cli/shared/gitUserName';
import { sh, tempDir } from '../../helpers/temp';

function asked(env: NodeJS.ProcessEnv, cwd: string): string {
  try {
    return execFileSync('git', ['config', '--get', 'user.name'], {
      cwd,
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return '';
  }
}

describe('the name that git has for a person', function () {
  this.timeout(60_000);
  const home = tempDir('home');
  const repository = path.join(tempDir('repository'), 'project');
  const env = { PATH: process.env.PATH, HOME: home, GIT_CONFIG_NOSYSTEM: '1' };
  const plain = { PATH: process.env.PATH, HOME: home };
  const xdg = path.join(home, '.config', 'git', 'config');

  before(() => {
    fs.mkdirSync(path.dirname(xdg), { recursive: true });
    fs.mkdirSync(repository);
    sh(repository, 'git', 'init', '--quiet');
    fs.mkdirSync(path.join(repository, 'below'));
  });

  function set(files: { person?: string; xdg?: string; repository?: string }): void {
    for (const [file, text] of [
      [path.join(home, '.gitconfig'), files.person],
      [xdg, files.xdg],
      [path.join(repository, '.git', 'config'), files.repository ?? '[core]\n\tbare = false\n'],
    ] as const) {
      if (text === undefined) fs.rmSync(file, { force: true });
      else fs.writeFileSync(file, text);
    }
  }

  it('is read from the three files in their order, without starting git', () => {
    set({ person: '[user]\n\temail = a@example.org\n\tname = Ann of Example\n', xdg: '[user]\nname=X\n' });
    assert.equal(plainUserName(plain, home), 'Ann of Example');
    assert.equal(plainUserName(plain, path.join(repository, 'below')), 'Ann of Example');
    set({ person: '[user]\n\tname = Ann\n', repository: '[core]\n\tbare = false\n[USER]\n\tName=Work\n' });
    assert.equal(plainUserName(plain, repository), 'Work');
    set({ xdg: '[user]\nname=X\n' });
    assert.equal(plainUserName(plain, home), 'X');
  });

  it('is left to git where anything is not plain', () => {
    for (const text of [
      '[include]\n\tpath = other\n[user]\n\tname = A\n',
      '[includeIf "gitdir:~/"]\npath = x\n',
      '[user]\n\tname = "Ann"\n',
      '[user]\n\tname = Ann # me\n',
      '[user] name = Ann\n',
      '[user]\n\tname = A\\\nnn\n',
      '[user]\nname\n',
      '',
    ]) {
      set({ person: text });
      assert.equal(plainUserName(plain, home), undefined, text);
    }
    set({ person: '[user]\n\tname = Ann\n' });
    assert.equal(plainUserName({ ...plain, GIT_CONFIG_GLOBAL: '/dev/null' }, home), undefined);
    assert.equal(plainUserName({ ...plain, GIT_DIR: repository }, home), undefined);
    const worktree = path.join(path.dirname(repository), 'worktree');
    fs.mkdirSync(worktree);
    fs.writeFileSync(path.join(worktree, '.git'), 'gitdir: /nowhere\n');
    assert.equal(plainUserName(plain, worktree), undefined);
    // Git passes by what is not a whole repository, and what it is too old for.
    const half = path.join(path.dirname(repository), 'half');
    fs.mkdirSync(path.join(half, '.git'), { recursive: true });
    fs.writeFileSync(path.join(half, '.git', 'config'), '[user]\n\tname = Half\n');
    assert.equal(plainUserName(plain, half), undefined);
    for (const text of [
      '[core]\n\trepositoryformatversion = 99\n[user]\n\tname = R\n',
      '[extensions]\n\tnoop = true\n[user]\n\tname = R\n',
      '[user]\n\tname = Ann\tB\n',
    ]) {
      set({ person: '[user]\n\tname = Ann\n', repository: text });
      assert.equal(plainUserName(plain, repository), undefined, text);
    }
    set({ person: '[user]\n\tname = Ann\n', repository: '[core]\n\trepositoryformatversion = 0\n' });
    assert.equal(plainUserName(plain, repository), 'Ann');
  });

  it('never differs from what git says', () => {
    const line = fc.constantFrom(
      '[user]',
      '[ user ]',
      '[User]',
      '[user "x"]',
      '[alias]',
      '\tname = Ann',
      'name=Bob',
      ' NAME = Eve Example ',
      '\tname',
      'name = "q"',
      'name = a;b',
      '# name = No',
      '; x',
      '[user] name = Z',
      '\temail = e',
      'name = ',
      '\tname = x \\',
      '[include]',
      'name = A\tB',
      '[core]',
      '\trepositoryformatversion = 0',
      '\trepositoryformatversion = 1',
      '[extensions]',
    );
    const text = fc.option(
      fc.array(line, { maxLength: 6 }).map((lines) => `${lines.join('\n')}\n`),
      { nil: undefined },
    );
    fc.assert(
      fc.property(text, text, text, (person, inXdg, inRepository) => {
        set({ person, xdg: inXdg, repository: inRepository });
        const found = plainUserName(plain, repository);
        if (found !== undefined) assert.equal(found, asked(env, repository));
      }),
      { numRuns: 150 },
    );
  });
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { ensurePrograms } from '../harness/commands';
import { CliTown, Person } from '../helpers/cliTown';
import { commitFiles, makeRepository, sh, tempDir } from '../helpers/temp';
import type { ConvoyInfo } from '../../server/src/protocol/town';

/** What one kind of repository needs beside its making. */
interface Kind {
  /** What is given to `gt rig add`. */
  source: string;
  person?: Person;
  /** Path of the repository in which what has landed is looked at; its source by default. */
  lands?: string;
  branch?: string;
  gate?: string;
  /** Lines of each script, before its own file is written. */
  script?: string;
  settings?: object;
}

/** Slings three beads, the last two after the first, waits until they have landed, and gives a fresh clone of the target. */
async function landsThree(town: CliTown, kind: Kind): Promise<string> {
  const work = (name: string): string =>
    `${kind.script ?? ''}\necho ${name} > ${name}.txt\ngit add --all\ngit commit --quiet -m ${name}`;
  const first = await town.bead('First', work('first'));
  const second = await town.bead('Second', `test -f first.txt\n${work('second')}`, first);
  const third = await town.bead('Third', `test -f first.txt\n${work('third')}`, first);
  const convoy = await town.person.json<ConvoyInfo>(
    'gt',
    ['convoy', 'create', '--launch', 'Three', first, second, third],
    {
      cwd: town.root,
    },
  );
  await town.gt('up');
  await town.convoyLands(convoy.id, 150_000);
  const clone = path.join(tempDir('clone'), 'fresh');
  const source = kind.lands ?? kind.source;
  execFileSync(
    'git',
    [
      '-c',
      'protocol.file.allow=always',
      'clone',
      '--quiet',
      '--recurse-submodules',
      '--branch',
      kind.branch ?? 'gastown/main',
      source,
      clone,
    ],
    { env: town.person.env, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  for (const name of ['first', 'second', 'third'])
    assert.equal(fs.readFileSync(path.join(clone, `${name}.txt`), 'utf8').trim(), name);
  assert.equal(sh(clone, 'git', 'rev-list', '--count', 'HEAD~3..HEAD'), '3');
  return clone;
}

function upstream(home: string, files: Record<string, string> = { 'README.md': '# toy\n' }): string {
  const folder = makeRepository({ 'old.txt': 'old\n' }, 'main', path.join(home, 'upstream'));
  commitFiles(folder, files, 'More');
  sh(folder, 'git', 'tag', '-a', '-m', 'One', 'v1');
  sh(folder, 'git', 'config', 'uploadpack.allowFilter', 'true');
  return folder;
}

function clone(of: string, to: string, ...options: string[]): string {
  sh(path.dirname(to), 'git', 'clone', '--quiet', ...options, `file://${encodeURI(of)}`, to);
  return to;
}

describe('a rig lands three beads from a repository', function () {
  this.timeout(240_000);
  let town: CliTown | undefined;
  let person: Person;
  beforeEach(() => {
    person = new Person();
  });
  afterEach(async () => {
    await town?.dispose();
    town = undefined;
  });

  async function lands(kind: Kind): Promise<string> {
    town = await CliTown.make({
      person: kind.person ?? person,
      project: kind.source,
      gates: [`test=${kind.gate ?? 'test -f README.md'}`],
      settings: kind.settings,
    });
    return landsThree(town, kind);
  }

  /** Three beads one after the other whose scripts commit nothing: the runtime commits what they leave. */
  async function landsUncommitted(source: string): Promise<void> {
    town = await CliTown.make({ person, project: source, gates: ['test=test -f README.md'] });
    const ids: string[] = [];
    for (const name of ['first', 'second', 'third'])
      ids.push(await town.bead(name, `echo ${name} > ${name}.txt`, ...ids.slice(-1)));
    const convoy = await town.person.json<ConvoyInfo>('gt', ['convoy', 'create', '--launch', 'Three', ...ids], {
      cwd: town.root,
    });
    await town.gt('up');
    await town.convoyLands(convoy.id, 150_000);
  }

  it('with submodules, and with tags for its gates', async () => {
    const lib = makeRepository({ 'x.txt': 'x\n' }, 'main', path.join(person.home, 'lib'));
    const folder = upstream(person.home);
    sh(folder, 'git', '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', lib, 'lib');
    commitFiles(folder, {}, 'Lib');
    const fresh = await lands({
      source: folder,
      gate: 'test -f lib/x.txt && git describe --tags',
      script: 'test -f lib/x.txt',
    });
    assert.equal(fs.readFileSync(path.join(fresh, 'lib', 'x.txt'), 'utf8'), 'x\n');
  });

  it('with files of git-lfs, which a fresh clone gets', async function () {
    try {
      await ensurePrograms('the test with git-lfs', [{ program: 'git-lfs', debianPackages: ['git-lfs'] }], console.log);
    } catch (error) {
      console.log(String(error));
      this.skip();
    }
    execFileSync('git', ['lfs', 'install', '--skip-repo'], { env: person.env, stdio: 'ignore' });
    const folder = path.join(person.home, 'upstream');
    fs.mkdirSync(folder);
    const git = (...args: string[]): void =>
      void execFileSync('git', args, { cwd: folder, env: person.env, stdio: ['ignore', 'ignore', 'pipe'] });
    git('init', '--quiet', '--initial-branch=main');
    git('lfs', 'track', '*.bin');
    fs.writeFileSync(path.join(folder, 'README.md'), '# toy\n');
    fs.writeFileSync(path.join(folder, 'large.bin'), 'large '.repeat(1000));
    git('add', '--all');
    git('commit', '--quiet', '-m', 'Begin');
    const fresh = await lands({
      source: folder,
      gate: 'grep -q "large large" large.bin && ! grep -l "oid sha256" *.bin',
      script: 'grep -q "large large" large.bin\necho "$GT_BEAD is large" > "$GT_BEAD.bin"',
    });
    const objects = fs.readdirSync(fresh).filter((name) => name.endsWith('.bin'));
    assert.equal(objects.length, 4);
    for (const name of objects)
      assert.match(fs.readFileSync(path.join(fresh, name), 'utf8'), /large/, `${name} is a pointer`);
  });

  it('with a filter that only the project has set up, once a person takes it', async () => {
    const folder = upstream(person.home, {
      'README.md': '# toy\n',
      '.gitattributes': '*.up filter=up\n',
      'a.up': 'small\n',
    });
    sh(folder, 'git', 'config', 'filter.up.clean', 'tr A-Z a-z');
    sh(folder, 'git', 'config', 'filter.up.smudge', 'tr a-z A-Z');
    sh(folder, 'git', 'config', 'filter.up.required', 'true');
    const gate = 'grep -q SMALL a.up && ! grep -l small *.up';
    town = await CliTown.make({ person, project: folder, gates: [`test=${gate}`] });
    assert.match(await town.gt('rig', 'set', 'toy', 'git_filters=up'), /filter up \(smudge\): tr a-z A-Z/);
    await landsThree(town, { source: folder, script: 'grep -q SMALL a.up\necho SMALL > "$GT_BEAD.up"' });
    const names = sh(folder, 'git', 'ls-tree', '--name-only', 'gastown/main').split('\n');
    const filtered = names.filter((name) => name.endsWith('.up'));
    assert.equal(filtered.length, 4);
    for (const name of filtered) assert.equal(sh(folder, 'git', 'cat-file', 'blob', `gastown/main:${name}`), 'small');
    // A program that somebody writes into the settings is asked about, and does not run.
    const settings = path.join(town.root, 'toy', 'settings', 'config.json');
    fs.writeFileSync(settings, fs.readFileSync(settings, 'utf8').replaceAll('tr a-z', 'evil'));
    const asked = await town.person.json<{ kind: string; detail: string }[]>('gt', ['attention'], { cwd: town.root });
    assert.match(asked.find(({ kind }) => kind === 'consent')?.detail ?? '', /filter up \(smudge\): evil A-Z/);
  });

  it('with hooks of husky, which are not those of agents', async () => {
    const hook = '#!/bin/sh\necho "a person has to look" >&2\nexit 1\n';
    const folder = upstream(person.home, { 'README.md': '# toy\n', '.husky/_/h': '', 'package.json': '{}' });
    for (const name of ['pre-commit', 'commit-msg', 'pre-push', 'post-checkout', 'prepare-commit-msg', 'pre-rebase'])
      fs.writeFileSync(path.join(folder, '.husky', name), hook, { mode: 0o755 });
    sh(folder, 'git', 'add', '--all');
    sh(folder, 'git', 'commit', '--quiet', '-m', 'Hooks');
    sh(folder, 'git', 'config', 'core.hooksPath', '.husky');
    // What its `prepare` script does in every checkout.
    await lands({ source: folder, gate: 'test -f .husky/pre-commit', script: 'git config core.hooksPath .husky' });
  });

  it('whose person signs every commit, with a program that asks', async () => {
    fs.appendFileSync(
      path.join(person.home, '.gitconfig'),
      '[commit]\n\tgpgsign = true\n[tag]\n\tgpgsign = true\n[push]\n\tgpgSign = if-asked\n[gpg]\n\tprogram = false\n[user]\n\tsigningkey = 1234\n',
    );
    await lands({ source: upstream(person.home) });
  });

  it('with CRLF that its attributes do not want', async () => {
    const folder = upstream(person.home, { 'README.md': 'one\r\ntwo\r\n' });
    fs.writeFileSync(path.join(folder, '.gitattributes'), '* text eol=lf\n');
    sh(folder, 'git', 'add', '.gitattributes');
    sh(folder, 'git', 'commit', '--quiet', '-m', 'Attributes');
    const folderTree = sh(folder, 'git', 'rev-parse', 'HEAD:README.md');
    await landsUncommitted(folder);
    assert.equal(sh(folder, 'git', 'rev-parse', 'gastown/main:README.md'), folderTree, 'rewritten by nobody');
    assert.equal(sh(folder, 'git', 'diff', '--name-only', 'main', 'gastown/main'), 'first.txt\nsecond.txt\nthird.txt');
  });

  it('that is bare with worktrees', async () => {
    const home = path.join(person.home, 'project');
    fs.mkdirSync(home);
    sh(home, 'git', 'clone', '--quiet', '--bare', upstream(person.home), path.join(home, '.bare'));
    fs.writeFileSync(path.join(home, '.git'), 'gitdir: ./.bare\n');
    sh(home, 'git', 'worktree', 'add', '--quiet', path.join(home, 'main'), 'main');
    await lands({ source: home });
    await town!.gt('rig', 'fast-forward', 'toy');
    assert.ok(fs.existsSync(path.join(home, 'main', 'third.txt')));
  });

  it('that is shallow', async () => {
    const origin = upstream(person.home);
    const folder = clone(origin, path.join(person.home, 'shallow'), '--depth=1');
    const refs = sh(
      folder,
      'git',
      'for-each-ref',
      '--format=%(refname) %(objectname)',
      'refs/heads/main',
      'refs/remotes',
    );
    await lands({ source: folder });
    const now = sh(
      folder,
      'git',
      'for-each-ref',
      '--format=%(refname) %(objectname)',
      'refs/heads/main',
      'refs/remotes',
    );
    assert.equal(now, refs);
    assert.equal(sh(folder, 'git', 'rev-list', '--max-parents=0', '--count', 'gastown/main'), '1');
  });

  it('that is partial', async () => {
    const folder = clone(upstream(person.home), path.join(person.home, 'partial'), '--filter=blob:none');
    await landsUncommitted(folder);
    assert.equal(sh(folder, 'git', 'diff', '--name-only', 'main', 'gastown/main'), 'first.txt\nsecond.txt\nthird.txt');
  });

  it('whose HEAD is detached', async () => {
    const folder = upstream(person.home);
    sh(folder, 'git', 'checkout', '--quiet', '--detach', 'HEAD~1');
    await lands({ source: folder });
    assert.equal(sh(folder, 'git', 'rev-parse', '--abbrev-ref', 'HEAD'), 'HEAD');
  });

  it('of SHA-256', async () => {
    const folder = path.join(person.home, 'sha256');
    fs.mkdirSync(folder);
    sh(folder, 'git', 'init', '--quiet', '--object-format=sha256', '--initial-branch=main');
    commitFiles(folder, { 'README.md': '# toy\n' }, 'Begin');
    await lands({ source: folder });
  });

  it('of SHA-256, empty, and known by its URL alone', async () => {
    const folder = path.join(person.home, 'empty256.git');
    sh(person.home, 'git', 'init', '--quiet', '--bare', '--object-format=sha256', '--initial-branch=main', folder);
    await lands({ source: `file://${folder}`, branch: 'main', gate: 'test -f first.txt' });
    assert.equal(sh(folder, 'git', 'rev-parse', 'main').length, 64);
  });

  it('that is empty', async () => {
    const folder = path.join(person.home, 'empty');
    fs.mkdirSync(folder);
    sh(folder, 'git', 'init', '--quiet', '--initial-branch=main');
    await lands({ source: folder, gate: 'test -f first.txt' });
    await town!.gt('rig', 'fast-forward', 'toy');
    assert.ok(fs.existsSync(path.join(folder, 'third.txt')));
  });

  it('of 30,000 files', async () => {
    const files: Record<string, string> = { 'README.md': '# toy\n' };
    for (let index = 0; index < 30_000; index += 1) files[`d${index % 300}/f${index}.txt`] = `${index}\n`;
    await lands({ source: upstream(person.home, files) });
  });
});

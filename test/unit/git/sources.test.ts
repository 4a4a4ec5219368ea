import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { UserError } from '../../../server/src/base/errors';
import { CredentialFile, splitAddress } from '../../../server/src/git/credentials';
import { fastForward, fastForwardState } from '../../../server/src/git/fastForward';
import { landingBase } from '../../../server/src/git/landingBase';
import { remoteLines, withoutProgress, withoutSecrets } from '../../../server/src/git/messages';
import { RigRepository } from '../../../server/src/git/repository';
import { inspectSource } from '../../../server/src/git/source';
import { ensureWorktree } from '../../../server/src/git/worktree';
import { commitFiles, makeRepository, sh, tempDir } from '../../helpers/temp';

const refinery = { name: 'toy/refinery', email: 'toy.refinery@example.org' };

async function rigOf(location: string, branch?: string): Promise<{ repository: RigRepository; root: string }> {
  const root = tempDir('rig');
  const repository = new RigRepository(path.join(root, '.repo.git'), await inspectSource(location, branch));
  await repository.create();
  return { repository, root };
}

/** Does a piece of work, lands it, and gives the files of the target. */
async function landIn({ repository, root }: Awaited<ReturnType<typeof rigOf>>): Promise<string[]> {
  const directory = path.join(root, 'polecats', 'rust', 'rig');
  const base = await landingBase(repository, refinery);
  await ensureWorktree(repository, directory, 'polecat/rust/toy-1@x', base.commit);
  const commit = commitFiles(directory, { 'new.txt': 'new\n' }, 'New');
  assert.equal(await repository.push(commit, base.expected), true);
  return sh(
    repository.directory,
    'git',
    '--git-dir=.',
    'ls-tree',
    '--name-only',
    `refs/remotes/origin/${repository.landing}`,
  ).split('\n');
}

function allRefs(directory: string): string {
  return sh(directory, 'git', 'for-each-ref', '--format=%(refname) %(objectname)');
}

/** Runs with settings of the person's own git. */
async function withPersonalSettings(text: string, task: () => Promise<void>): Promise<void> {
  const before = process.env.GIT_CONFIG_GLOBAL;
  const file = path.join(tempDir('home'), '.gitconfig');
  fs.writeFileSync(file, text);
  process.env.GIT_CONFIG_GLOBAL = file;
  try {
    await task();
  } finally {
    if (before === undefined) delete process.env.GIT_CONFIG_GLOBAL;
    else process.env.GIT_CONFIG_GLOBAL = before;
  }
}

/** A repository of three commits, on `main`. */
function upstream(): string {
  const folder = makeRepository({ 'a.txt': 'one\n' });
  commitFiles(folder, { 'a.txt': 'two\n', 'old.txt': 'old\n' }, 'Two');
  commitFiles(folder, { 'a.txt': 'three\n' }, 'Three');
  return folder;
}

function clone(of: string, ...options: string[]): string {
  const folder = path.join(tempDir('clone'), 'project');
  sh(path.dirname(folder), 'git', 'clone', '--quiet', ...options, `file://${encodeURI(of)}`, folder);
  return folder;
}

describe('a rig from', function () {
  this.timeout(60_000);

  it('a shallow clone works on what is there, and plants nothing', async () => {
    for (const options of [['--depth=1'], ['--depth=1', '--no-single-branch'], ['--shallow-exclude=v1']]) {
      const origin = upstream();
      sh(origin, 'git', 'tag', 'v1', 'HEAD~2');
      const folder = clone(origin, ...options);
      const before = allRefs(folder);
      const rig = await rigOf(folder);
      assert.equal(allRefs(folder), before, options.join(' '));
      assert.deepEqual(await landIn(rig), ['a.txt', 'new.txt', 'old.txt']);
      assert.equal(await fastForward(rig.repository), 1);
      assert.equal(fs.readFileSync(path.join(folder, 'new.txt'), 'utf8'), 'new\n');
    }
  });

  it('a partial clone gets what it lacks from the remote of the clone', async () => {
    for (const filter of ['blob:none', 'tree:0']) {
      const origin = upstream();
      sh(origin, 'git', 'config', 'uploadpack.allowFilter', 'true');
      const folder = clone(origin, `--filter=${filter}`);
      const rig = await rigOf(folder);
      assert.equal(rig.repository.source.isPartial, true);
      assert.deepEqual(await landIn(rig), ['a.txt', 'new.txt', 'old.txt'], filter);
    }
  });

  it('a repository of SHA-256 is one too', async () => {
    for (const bare of [false, true]) {
      const folder = path.join(tempDir('sha256'), 'project');
      fs.mkdirSync(folder);
      sh(folder, 'git', 'init', '--quiet', '--object-format=sha256', '--initial-branch=main');
      commitFiles(folder, { 'a.txt': 'a\n' }, 'Begin');
      const rig = await rigOf(bare ? `file://${encodeURI(clone(folder, '--bare'))}` : folder);
      assert.equal(sh(rig.repository.directory, 'git', 'rev-parse', '--show-object-format'), 'sha256');
      assert.deepEqual(await landIn(rig), ['a.txt', 'new.txt']);
      assert.equal((await rig.repository.tip())?.length, 64);
    }
  });

  it('a folder with a detached HEAD lands on its usual branch, and asks where there is none', async () => {
    const folder = upstream();
    sh(folder, 'git', 'branch', 'other');
    sh(folder, 'git', 'checkout', '--quiet', '--detach', 'HEAD~1');
    const rig = await rigOf(folder);
    assert.equal(rig.repository.landing, 'gastown/main');
    assert.deepEqual(await landIn(rig), ['a.txt', 'new.txt', 'old.txt']);
    sh(folder, 'git', 'branch', '--move', 'main', 'trunk');
    await assert.rejects(
      inspectSource(folder),
      (error: unknown) =>
        error instanceof UserError &&
        /names no default branch/.test(error.message) &&
        /trunk/.test(error.hint ?? '') &&
        /other/.test(error.hint ?? ''),
    );
    assert.equal((await inspectSource(folder, 'other')).defaultBranch, 'other');
  });

  it('a bare repository with worktrees never pushes to what is checked out in one', async () => {
    const home = tempDir('bare');
    const bare = path.join(home, '.bare');
    sh(home, 'git', 'clone', '--quiet', '--bare', upstream(), bare);
    fs.writeFileSync(path.join(home, '.git'), 'gitdir: ./.bare\n');
    sh(home, 'git', 'worktree', 'add', '--quiet', path.join(home, 'main'), 'main');
    for (const location of [home, bare, path.join(home, 'main')]) {
      const { repository } = await rigOf(location);
      assert.equal(repository.landing, 'gastown/main', location);
    }
    const rig = await rigOf(home);
    assert.deepEqual(await landIn(rig), ['a.txt', 'new.txt', 'old.txt']);
    assert.deepEqual(await fastForwardState(rig.repository), { commits: 1, clean: true });
    assert.equal(await fastForward(rig.repository), 1);
    assert.equal(fs.readFileSync(path.join(home, 'main', 'new.txt'), 'utf8'), 'new\n');
  });

  it('an empty repository gets a first commit; one that has any ref gets none', async () => {
    const empty = path.join(tempDir('empty'), 'project');
    fs.mkdirSync(empty);
    sh(empty, 'git', 'init', '--quiet', '--initial-branch=trunk');
    assert.deepEqual(await landIn(await rigOf(empty)), ['new.txt']);

    const unborn = upstream();
    sh(unborn, 'git', 'branch', '--move', 'main', 'dev');
    sh(unborn, 'git', 'symbolic-ref', 'HEAD', 'refs/heads/nothing');
    const tagged = upstream();
    sh(tagged, 'git', 'tag', 'v1');
    sh(tagged, 'git', 'checkout', '--quiet', '--detach');
    sh(tagged, 'git', 'branch', '--delete', '--force', 'main');
    for (const [folder, words] of [
      [unborn, /its branches: dev/],
      [tagged, /no branch/],
    ] as const) {
      const before = allRefs(folder);
      await assert.rejects(
        rigOf(folder),
        (error: unknown) => error instanceof UserError && words.test(error.hint ?? ''),
      );
      await assert.rejects(rigOf(folder, 'main'), UserError);
      assert.equal(allRefs(folder), before);
    }
  });

  it('a repository works whatever the person allows git to come across by chance', async () => {
    await withPersonalSettings('[safe]\n\tbareRepository = explicit\n[core]\n\tautocrlf = true\n', async () => {
      assert.deepEqual(await landIn(await rigOf(upstream())), ['a.txt', 'new.txt', 'old.txt']);
      assert.deepEqual(await landIn(await rigOf(clone(upstream(), '--bare'))), ['a.txt', 'new.txt', 'old.txt']);
    });
  });

  it('a folder that git will not use is refused with the words of git', async () => {
    const folder = upstream();
    fs.writeFileSync(path.join(folder, '.git', 'config'), '[core\n');
    await assert.rejects(inspectSource(folder), /git cannot use .*bad config line 1/s);
    const torn = upstream();
    fs.rmSync(path.join(torn, '.git', 'objects'), { recursive: true });
    await assert.rejects(
      rigOf(torn),
      (error: unknown) => error instanceof UserError && /fatal|git/.test(error.message),
    );
  });
});

describe('the repository of a rig', function () {
  this.timeout(60_000);

  it('says "no" only for what is not there, and never for damage', async () => {
    const { repository } = await rigOf(upstream());
    assert.equal(await repository.resolve('refs/heads/none'), undefined);
    assert.equal(await repository.resolve('1'.repeat(40)), undefined);
    fs.mkdirSync(path.join(repository.directory, 'refs', 'heads'), { recursive: true });
    fs.writeFileSync(path.join(repository.directory, 'refs', 'heads', 'torn'), `${'1'.repeat(40)}\n`);
    await assert.rejects(repository.resolve('refs/heads/torn'), /fatal/);
    fs.writeFileSync(path.join(repository.directory, 'refs', 'heads', 'torn'), 'garbage\n');
    await assert.rejects(repository.resolve('refs/heads/torn'), /broken ref/);
  });

  it('has no remote that an agent could push to, and tags for its gates', async () => {
    const folder = upstream();
    sh(folder, 'git', 'tag', '-a', '-m', 'One', 'v1');
    const bare = clone(folder, '--bare');
    const { repository, root } = await rigOf(bare);
    const directory = path.join(root, 'polecats', 'rust', 'rig');
    await ensureWorktree(repository, directory, 'polecat/rust/toy-1@x', (await repository.tip())!);
    commitFiles(directory, { 'evil.txt': '!' }, 'Evil');
    for (const args of [['origin', 'HEAD:main'], ['HEAD:main'], []])
      assert.throws(() => sh(directory, 'git', 'push', ...args), /push|remote|repository/, args.join(' '));
    assert.equal(sh(directory, 'git', 'remote'), '');
    assert.match(sh(directory, 'git', 'describe', '--tags'), /^v1-1-g/);
    // What an agent does to the memory of the remote does not last.
    sh(directory, 'git', 'push', '--quiet', '.', 'HEAD:refs/remotes/origin/main');
    const base = await landingBase(repository, refinery);
    assert.equal(base.commit, sh(bare, 'git', 'rev-parse', 'main'));
    // A tag that came later comes with the next landing; one that an agent has made stays.
    sh(directory, 'git', 'tag', 'mine');
    sh(bare, 'git', 'tag', 'v2', 'main');
    await landingBase(repository, refinery);
    assert.equal(sh(directory, 'git', 'tag'), 'mine\nv1\nv2');
  });

  it('takes tags of a folder too, though no branch has moved', async () => {
    const folder = upstream();
    const { repository } = await rigOf(folder);
    sh(folder, 'git', 'tag', 'v1');
    await landingBase(repository, refinery);
    assert.equal(sh(repository.directory, 'git', 'tag'), 'v1');
  });

  it('follows a default branch that was renamed, with what has landed under the old name', async () => {
    for (const isFolder of [true, false]) {
      const folder = upstream();
      const location = isFolder ? folder : clone(folder, '--bare');
      const followed: string[] = [];
      const root = tempDir('rig');
      const repository = new RigRepository(path.join(root, '.repo.git'), await inspectSource(location), (branch) =>
        followed.push(branch),
      );
      await repository.create();
      await landIn({ repository, root });
      sh(location, 'git', 'branch', '--move', 'main', 'trunk');
      const base = await landingBase(repository, refinery);
      assert.deepEqual(followed, ['trunk']);
      assert.equal(repository.landing, isFolder ? 'gastown/trunk' : 'trunk');
      assert.ok(sh(repository.directory, 'git', 'ls-tree', '--name-only', base.commit).includes('new.txt'));
    }
  });

  it('takes another default branch where a person names one that is there', async () => {
    const folder = upstream();
    sh(folder, 'git', 'branch', 'next');
    const { repository } = await rigOf(folder);
    await assert.rejects(repository.useDefaultBranch('none'), /has no branch none/);
    await repository.useDefaultBranch('next');
    assert.equal(repository.landing, 'gastown/next');
    assert.equal((await landingBase(repository, refinery)).commit, sh(folder, 'git', 'rev-parse', 'next'));
  });

  it('says which branches there are where the default branch is gone and no other takes its place', async () => {
    const folder = upstream();
    const { repository } = await rigOf(folder);
    sh(folder, 'git', 'checkout', '--quiet', '--detach');
    sh(folder, 'git', 'branch', '--move', 'main', 'elsewhere');
    await assert.rejects(
      landingBase(repository, refinery),
      (error: unknown) => error instanceof UserError && /elsewhere/.test(error.hint ?? ''),
    );
  });

  it('gives up at once where the remote refuses, with what the remote says', async () => {
    const bare = clone(upstream(), '--bare');
    const rig = await rigOf(bare);
    const hook = path.join(bare, 'hooks', 'pre-receive');
    fs.writeFileSync(hook, '#!/bin/sh\necho "main is closed until Monday" >&2\nexit 1\n', { mode: 0o755 });
    await assert.rejects(landIn(rig), (error: unknown) => {
      assert.ok(error instanceof UserError);
      assert.equal(error.code, 'refused');
      assert.match(error.message, /pre-receive hook declined[\s\S]*main is closed until Monday/);
      assert.doesNotMatch(error.message, /objects|Delta|Writing/);
      return true;
    });
    fs.rmSync(hook);
    fs.writeFileSync(path.join(bare, 'hooks', 'update'), '#!/bin/sh\necho "not you" >&2\nexit 1\n', { mode: 0o755 });
    const commit = (await rig.repository.resolve('refs/heads/polecat/rust/toy-1@x'))!;
    await assert.rejects(
      rig.repository.push(commit, (await landingBase(rig.repository, refinery)).expected),
      (error: unknown) => error instanceof UserError && error.code === 'refused' && /not you/.test(error.message),
    );
    fs.renameSync(bare, `${bare}.away`);
    await assert.rejects(
      rig.repository.push(commit, undefined),
      (error: unknown) => error instanceof UserError && error.code === 'unavailable',
    );
  });
});

describe('secrets of addresses', () => {
  it('are taken out of http addresses, and passwords out of others', () => {
    assert.deepEqual(splitAddress('https://user:T%40K@host:8443/a.git'), {
      location: 'https://host:8443/a.git',
      credential: { username: 'user', password: 'T@K' },
    });
    assert.deepEqual(splitAddress('http://ghp_token@host/a.git'), {
      location: 'http://host/a.git',
      credential: { username: 'ghp_token', password: '' },
    });
    assert.deepEqual(splitAddress('https://a:p@ss@host/x@y'), {
      location: 'https://host/x@y',
      credential: { username: 'a', password: 'p@ss' },
    });
    assert.deepEqual(splitAddress('ssh://git:secret@host/a.git'), { location: 'ssh://git@host/a.git' });
    assert.deepEqual(splitAddress('git@host:a.git'), { location: 'git@host:a.git' });
    assert.deepEqual(splitAddress('https://host/a@b.git'), { location: 'https://host/a@b.git' });
    assert.throws(() => splitAddress('https://a:b%0Ahost=evil@host/a.git'), UserError);
  });

  it('are left out of messages', () => {
    assert.equal(
      withoutSecrets("fatal: unable to access 'https://u:T/x@host/a.git/': The requested URL"),
      "fatal: unable to access 'https://u:T/x@host/a.git/': The requested URL",
    );
    assert.equal(withoutSecrets('see http://u:p@ss@host/a, ssh://git:x@h/b'), 'see http://host/a, ssh://git@h/b');
  });

  it('lie in a file that only its owner reads, which git asks for that host alone', () => {
    const file = path.join(tempDir('cred'), "it's", '.credentials');
    fs.mkdirSync(path.dirname(file));
    const credentials = new CredentialFile(file, 'https://host.example/a.git');
    assert.deepEqual(credentials.config, []);
    credentials.write({ username: 'ann', password: 'T0KEN' });
    assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    const settings = credentials.config.flatMap((setting) => ['-c', setting]);
    const ask = (host: string): string =>
      sh(
        tempDir('any'),
        'sh',
        '-c',
        `printf 'protocol=https\\nhost=${host}\\n' | GIT_TERMINAL_PROMPT=0 git "$@" credential fill; true`,
        'sh',
        ...settings,
      );
    assert.match(ask('host.example'), /password=T0KEN/);
    assert.doesNotMatch(ask('other.example'), /T0KEN/);
    assert.ok(!settings.join(' ').includes('T0KEN'));
    credentials.write(undefined);
    assert.equal(fs.existsSync(file), false);
  });
});

describe('what git prints', () => {
  it('is read without its progress', () => {
    const text =
      'Enumerating objects: 5, done.\rCounting objects:  20% (1/5)\rWriting objects: 100% (3/3), 280 bytes\nTotal 3 (delta 0)\nremote: Resolving deltas: 100% (2/2), done.\nremote: error: no way        \nremote: \nTo /x\n';
    assert.equal(withoutProgress(text), 'remote: error: no way\nremote:\nTo /x');
    assert.equal(remoteLines(text), 'error: no way');
  });
});

describe('the repository of a rig that was removed', () => {
  for (const what of ['whole', 'HEAD'] as const)
    it(`is recreated from the source (${what})`, async () => {
      const project = makeRepository({ 'a.txt': 'a\n' }, 'main', path.join(tempDir('project'), 'project'));
      const repository = new RigRepository(path.join(tempDir('town'), '.repo.git'), await inspectSource(project));
      await repository.create();
      const tip = await repository.tip();
      fs.rmSync(what === 'whole' ? repository.directory : path.join(repository.directory, 'HEAD'), { recursive: true });
      await repository.fetchMoved();
      assert.equal(await repository.tip(), tip);
    });
});

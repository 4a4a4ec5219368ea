import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { identify, isAlive } from '../../../server/src/base/process';
import { bundledFile } from '../../../server/src/base/bundledFile';
import { git, gitLine, GitError, runCommandsWith } from '../../../server/src/git/git';
import { runAbortable, AbortedError } from '../../../server/src/base/abort';
import { GitProcess } from '../../../server/src/git/process/gitProcess';
import { commitFiles, makeRepository, sh, tempDir, waitUntil } from '../../helpers/temp';

describe('git in a process of its own', function () {
  this.timeout(60_000);
  let repository: string;
  let logged: string[];
  let processes: GitProcess;
  let stop: () => void;

  function use(script = bundledFile('gitProcess.js'), idleMs?: number): void {
    processes = new GitProcess(script, { error: (text) => void logged.push(text) }, idleMs);
    stop = runCommandsWith((command, abort) => processes.run(command, abort));
  }
  beforeEach(() => {
    repository = makeRepository({ 'a.txt': 'a\n' });
    logged = [];
  });
  afterEach(() => {
    stop();
    processes.dispose();
  });

  /** A command of git that runs until it is killed, and writes down its parent. */
  const slow = (file: string): string[] => [
    '-c',
    `alias.slow=!ps -o ppid= -p $PPID > '${file}'; exec sleep 50`,
    'slow',
  ];
  async function parentOf(file: string): Promise<number> {
    await waitUntil('it runs', () => fs.existsSync(file) && fs.readFileSync(file, 'utf8').trim() !== '');
    return Number(fs.readFileSync(file, 'utf8'));
  }

  it('has the output, the settings, the environment and the failures of git', async () => {
    use();
    assert.equal(await gitLine(repository, ['rev-parse', 'HEAD']), sh(repository, 'git', 'rev-parse', 'HEAD'));
    assert.equal(await gitLine(repository, ['config', 'core.fsmonitor']), 'false');
    assert.equal(await gitLine(repository, ['config', 'a.b'], { config: ['a.b=ü'] }), 'ü');
    const identity = { name: 'Zoë', email: 'zoe@example.org' };
    assert.match(await git(repository, ['var', 'GIT_AUTHOR_IDENT'], { identity }), /^Zoë <zoe@example\.org> /);
    await assert.rejects(git(repository, ['rev-parse', '--verify', 'nothing']), (error: unknown) => {
      assert.ok(error instanceof GitError);
      assert.deepEqual([error.exitCode, error.stdout], [128, '']);
      assert.match(error.message, /Needed a single revision\ngit rev-parse ended with exit code 128/);
      return true;
    });
    await assert.rejects(git(path.join(repository, 'none'), ['status']), /does not exist/);
    assert.deepEqual(logged, []);
  });

  it('answers many commands at a time, each its own', async () => {
    use();
    const names = Array.from({ length: 40 }, (_, index) => `f${index}.txt`);
    commitFiles(repository, Object.fromEntries(names.map((name) => [name, name.repeat(5_000)])), 'many');
    const texts = await Promise.all(names.map((name) => git(repository, ['show', `HEAD:${name}`])));
    assert.deepEqual(
      texts,
      names.map((name) => name.repeat(5_000)),
    );
  });

  it('is another process, which ends git when the operation is cancelled', async () => {
    use();
    const file = path.join(tempDir('slow'), 'parent');
    const cancel = new AbortController();
    const run = runAbortable(cancel.signal, () => git(repository, slow(file)));
    const parent = await parentOf(file);
    assert.notEqual(parent, process.pid);
    cancel.abort();
    await assert.rejects(run, AbortedError);
    assert.equal(await gitLine(repository, ['rev-parse', '--is-inside-work-tree']), 'true');
  });

  it('that was killed fails its commands, and the next one starts another', async () => {
    use();
    const file = path.join(tempDir('slow'), 'parent');
    const run = git(repository, slow(file));
    const failed = assert.rejects(run, /git was killed: it has ended with SIGKILL/);
    const parent = await parentOf(file);
    process.kill(parent, 'SIGKILL');
    await failed;
    assert.match(logged.join('\n'), /with 1 command$/);
    const second = path.join(tempDir('slow'), 'parent');
    const cancel = new AbortController();
    const again = runAbortable(cancel.signal, () => git(repository, slow(second)));
    assert.notEqual(await parentOf(second), parent);
    cancel.abort();
    await assert.rejects(again, AbortedError);
  });

  it('ends when it is idle, and starts again', async () => {
    use(undefined, 20);
    await git(repository, ['status']);
    const file = path.join(tempDir('slow'), 'parent');
    const cancel = new AbortController();
    const run = runAbortable(cancel.signal, () => git(repository, slow(file)));
    const running = identify(await parentOf(file));
    cancel.abort();
    await assert.rejects(run, AbortedError);
    await waitUntil('it has ended', () => !isAlive(running));
    assert.equal(await gitLine(repository, ['rev-parse', '--is-inside-work-tree']), 'true');
  });

  it('is not idle while a command runs that began as the last one ended', async () => {
    use(undefined, 20);
    const cancel = new AbortController();
    let long: Promise<string> | undefined;
    const removeEventListener = cancel.signal.removeEventListener.bind(cancel.signal);
    cancel.signal.removeEventListener = (...args: Parameters<typeof removeEventListener>): void => {
      long ??= processes.run({
        directory: repository,
        args: ['-c', 'alias.long=!sleep 0.5; echo whole', 'long'],
        config: [],
        environment: { PATH: process.env.PATH! },
        timeoutMs: 20_000,
      });
      removeEventListener(...args);
    };
    await runAbortable(cancel.signal, () => git(repository, ['status']));
    assert.equal(await long, 'whole\n');
  });

  it('that cannot be started is done without', async () => {
    use(path.join(tempDir('none'), 'missing.js'));
    assert.equal(await gitLine(repository, ['rev-parse', '--is-inside-work-tree']), 'true');
    assert.match(logged.join('\n'), /missing\.js does not start, so git is run by the server/);
  });
});

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { tryLock, unlock } from '../../server/src/base/kernelLock';
import { Lease } from '../../server/src/base/lease';
import { KeyedMutex } from '../../server/src/base/mutex';
import { readTextIfPresent, writeFileAtomic } from '../../server/src/base/safeFiles';
import { endProcessGroup, identify, isAlive } from '../../server/src/base/process';
import { recordedProcess } from '../../server/src/base/recordedProcess';
import { Disposable, Emitter, toDisposable } from '../../server/src/base/lifecycle';
import { tempDir } from '../helpers/temp';

describe('lease', () => {
  it('has one holder, and is free again after its release', () => {
    const directory = tempDir('lease');
    const lease = Lease.tryAcquire(directory);
    assert.ok(lease);
    assert.equal(Lease.tryAcquire(directory), undefined);
    assert.equal(Lease.holder(directory)?.pid, process.pid);
    lease.release();
    assert.equal(Lease.holder(directory), undefined);
    const next = Lease.tryAcquire(directory);
    assert.ok(next);
    assert.equal(next.isCurrent(), true);
    assert.equal(lease.isCurrent(), false);
    lease.release(); // must not take the new holder's lease away
    assert.ok(next.isCurrent());
  });

  it('is taken over at once from a dead process, also when its pid lives on in another', () => {
    const directory = tempDir('lease');
    fs.writeFileSync(path.join(directory, '7'), JSON.stringify({ pid: process.pid, start: 'another run', nonce: 'x' }));
    assert.ok(Lease.tryAcquire(directory));
    assert.deepEqual(fs.readdirSync(directory), ['8']);
  });

  it('is gone with its folder, without an error', () => {
    const directory = tempDir('lease');
    const lease = Lease.tryAcquire(directory);
    fs.rmSync(directory, { recursive: true });
    assert.equal(lease?.isCurrent(), false);
    lease?.release();
  });

  it('survives garbage', () => {
    const directory = tempDir('lease');
    fs.writeFileSync(path.join(directory, '3'), '{torn');
    fs.writeFileSync(path.join(directory, 'abc.tmp'), '');
    assert.ok(Lease.tryAcquire(directory));
  });

  it('goes to exactly one of many processes that see the same dead holder', async () => {
    const directory = tempDir('lease');
    fs.writeFileSync(
      path.join(directory, '1'),
      JSON.stringify({ pid: 999_999_999, start: 'gone for ever', nonce: 'x' }),
    );
    const script = `const { Lease } = require(${JSON.stringify(path.join(__dirname, 'leaseTaker.js'))}); process.stdout.write(Lease.tryAcquire(process.argv[1]) ? 'won' : 'lost'); process.stdin.resume();`;
    await import('esbuild').then((esbuild) =>
      esbuild.build({
        entryPoints: [path.resolve('server/src/base/lease.ts')],
        bundle: true,
        platform: 'node',
        outfile: path.join(__dirname, 'leaseTaker.js'),
      }),
    );
    // The winner holds it until all have answered: a taker that comes after its end would win with right.
    const takers = Array.from({ length: 12 }, () =>
      spawn(process.execPath, ['-e', script, directory], { stdio: ['pipe', 'pipe', 'inherit'] }),
    );
    const answers = await Promise.all(
      takers.map(
        (taker) => new Promise<string>((resolve) => taker.stdout.once('data', (text) => resolve(String(text)))),
      ),
    );
    for (const taker of takers) taker.stdin.end();
    assert.equal(answers.filter((answer) => answer === 'won').length, 1, answers.join(' '));
  });
});

/** Runs a command where process numbers start over, as in a container; undefined where that is not permitted. */
function elsewhere(command: string, ...args: string[]): string | undefined {
  const unshare = ['--pid', '--fork', '--mount-proc', command, ...args];
  const ended = spawnSync('unshare', unshare, { encoding: 'utf8', timeout: 30_000 });
  if (ended.error || /unshare: .*(?:not permitted|failed)/.test(ended.stderr)) return undefined;
  return ended.stdout + ended.stderr;
}

describe('lease of a process in another container', () => {
  const taker = path.join(__dirname, 'leaseTaker.js');
  const take = `const { Lease } = require(${JSON.stringify(taker)}); const { pid, isHere } = Lease.holder(process.argv[1]) ?? {}; process.stdout.write((Lease.tryAcquire(process.argv[1]) ? 'won' : 'lost') + ' ' + pid + ' ' + isHere)`;

  it('is seen although its process is not, and is free when it ends', async function () {
    if (elsewhere('true') === undefined) this.skip(); // it needs the right to make namespaces
    const directory = tempDir('lease');
    const lease = Lease.tryAcquire(directory);
    assert.equal(elsewhere(process.execPath, '-e', take, directory), `lost ${process.pid} false`);
    lease?.release();
    assert.match(elsewhere(process.execPath, '-e', take, directory)!, /^won/);
    // That one has ended without a release: nothing but the kernel says so.
    assert.equal(Lease.holder(directory), undefined);
    const next = Lease.tryAcquire(directory);
    assert.equal(next?.epoch, 3);
    next?.release();
  });

  it('cannot be told from a dead one where there is no lock: the second one is refused with the reason', () => {
    const directory = tempDir('lease');
    const record = { pid: 4321, start: 'x', nonce: 'x', space: 'another boot pid:[1]', host: 'devbox' };
    fs.writeFileSync(path.join(directory, '7'), JSON.stringify(record));
    const before = process.env.PATH;
    process.env.PATH = '/nowhere';
    try {
      if (process.platform !== 'darwin')
        assert.throws(
          () => Lease.tryAcquire(directory),
          /belongs to process 4321 of another machine or container \(devbox\).*there is no flock, perl, python3 on PATH/,
        );
    } finally {
      process.env.PATH = before;
    }
    assert.deepEqual(Lease.holder(directory), undefined);
    assert.ok(Lease.tryAcquire(directory));
  });

  it('is locked with whatever program of the system can', () => {
    for (const program of ['flock', 'perl', 'python3']) {
      const found = ['/usr/bin', '/bin']
        .map((folder) => path.join(folder, program))
        .find((file) => fs.existsSync(file));
      if (!found) continue;
      const directory = tempDir('lock');
      const bin = tempDir('bin');
      fs.symlinkSync(found, path.join(bin, program));
      const before = process.env.PATH;
      process.env.PATH = bin;
      try {
        const first = tryLock(directory);
        assert.equal(first.kind, 'locked', program);
        assert.equal(tryLock(directory).kind, 'held', program);
        assert.equal(tryLock(directory, 'shared').kind, 'held', program);
        if (first.kind === 'locked') unlock(first.fd);
        assert.equal(tryLock(directory).kind, 'locked', program);
      } finally {
        process.env.PATH = before;
      }
    }
  });
});

describe('processes', () => {
  it('are told from later ones with the same pid', () => {
    const me = identify(process.pid);
    assert.equal(isAlive(me), true);
    assert.equal(isAlive({ ...me, start: 'other' }), false);
    assert.equal(isAlive({ pid: 999_999_999, start: 'x' }), false);
  });

  it('end with their group, and a stranger with a reused pid does not', async () => {
    const child = spawn('sh', ['-c', 'trap "" TERM; sleep 300 & sleep 300'], { detached: true, stdio: 'ignore' });
    const identity = identify(child.pid!);
    const gone = new Promise((done) => child.once('exit', done));
    await endProcessGroup({ ...identity, start: 'somebody before' });
    assert.equal(isAlive(identity), true);
    await endProcessGroup(identity, 100);
    await gone;
    assert.equal(isAlive(identity), false);
  });
});

describe('recorded processes', () => {
  it('are never everybody, and never one that only a pid names', () => {
    assert.equal(recordedProcess.safeParse({ pid: 4321, start: 'boot:12' }).success, true);
    for (const bad of [
      { pid: 1, start: 'x' },
      { pid: 0, start: 'x' },
      { pid: -5, start: 'x' },
      { pid: 1.5, start: 'x' },
      { pid: 4321 },
    ]) {
      assert.equal(recordedProcess.safeParse(bad).success, false, JSON.stringify(bad));
    }
    if (process.platform !== 'win32') assert.equal(recordedProcess.safeParse({ pid: 4321, start: '' }).success, false);
  });
});

describe('atomic files', () => {
  it('leave the old text and no litter when they cannot be written', () => {
    const directory = tempDir('atomic');
    const file = path.join(directory, 'x');
    writeFileAtomic(file, 'old');
    fs.mkdirSync(path.join(directory, 'folder'));
    assert.throws(() => writeFileAtomic(path.join(directory, 'folder'), 'new'));
    assert.deepEqual(fs.readdirSync(directory).sort(), ['folder', 'x']);
    assert.equal(fs.readFileSync(file, 'utf8'), 'old');
  });
});

describe('mutex', () => {
  it('runs one task of a key at a time, and goes on after a failure', async () => {
    const mutex = new KeyedMutex();
    const seen: string[] = [];
    const task = (name: string, fail = false) =>
      mutex.run('k', async () => {
        seen.push(`${name}>`);
        await new Promise((done) => setTimeout(done, 5));
        seen.push(`<${name}`);
        if (fail) throw new Error(name);
      });
    await Promise.allSettled([task('a'), task('b', true), task('c')]);
    assert.deepEqual(seen, ['a>', '<a', 'b>', '<b', 'c>', '<c']);
  });
});

describe('a file that somebody else chose', () => {
  it('is read only where it is a regular one of a usual size: nothing waits for a pipe, or for the end of a device', function () {
    if (process.platform === 'win32') this.skip();
    const folder = tempDir();
    const at = (name: string): string => path.join(folder, name);
    fs.writeFileSync(at('plain'), 'text');
    assert.equal(readTextIfPresent(at('plain'), 4), 'text');
    assert.equal(readTextIfPresent(at('none'), 4), undefined);
    assert.throws(() => readTextIfPresent(at('plain'), 3), /larger than 3 bytes/);
    execFileSync('mkfifo', [at('pipe')]);
    fs.symlinkSync('/dev/zero', at('device'));
    for (const name of ['pipe', 'device', '.'])
      assert.throws(() => readTextIfPresent(at(name), 4), /it is (not a regular file|a symbolic link)/, name);
  });
});

describe('lifecycle', () => {
  it('disposes in reverse order, once, and at once what comes too late', () => {
    const seen: string[] = [];
    class Owner extends Disposable {
      add(name: string): void {
        this._register(toDisposable(() => seen.push(name)));
      }
    }
    const owner = new Owner();
    owner.add('a');
    owner.add('b');
    owner.dispose();
    owner.dispose();
    owner.add('late');
    assert.deepEqual(seen, ['b', 'a', 'late']);
  });
  it('lets a listener leave while it is called', () => {
    const emitter = new Emitter<number>();
    const seen: number[] = [];
    const subscription = emitter.event((value) => {
      seen.push(value);
      subscription.dispose();
    });
    emitter.event((value) => seen.push(value * 10));
    emitter.fire(1);
    emitter.fire(2);
    assert.deepEqual(seen, [1, 10, 20]);
  });
});

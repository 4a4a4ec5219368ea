import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { execFileSync, spawn } from 'node:child_process';
import { Lease } from '../../server/src/base/lease';
import { KeyedMutex } from '../../server/src/base/mutex';
import { readTextIfPresent, writeFileAtomic } from '../../server/src/base/safeFiles';
import { endProcessGroup, identify, isAlive } from '../../server/src/base/process';
import { recordedProcess } from '../../server/src/base/recordedProcess';
import { Debouncer } from '../../server/src/base/debouncer';
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

describe('settled', () => {
  it('waits until it is quiet, but never longer than its limit', async () => {
    let runs = 0;
    const settled = new Debouncer(60, 200, () => {
      runs += 1;
    });
    const begun = Date.now();
    while (Date.now() - begun < 500) {
      settled.changed();
      await new Promise((done) => setTimeout(done, 10));
    }
    assert.ok(runs >= 1 && runs <= 3, `${runs} runs while it was never quiet`);
    const before = runs;
    await new Promise((done) => setTimeout(done, 150));
    assert.equal(runs, before + 1, 'once it is quiet');
    settled.changed();
    settled.dispose();
    await new Promise((done) => setTimeout(done, 100));
    assert.equal(runs, before + 1);
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
      assert.throws(() => readTextIfPresent(at(name), 4), /it is no regular file/, name);
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

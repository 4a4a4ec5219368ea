import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { endRecordedGate, runGate } from '../../../server/src/rigs/gates';
import { identify, isAlive } from '../../../server/src/base/process';
import type { GateInfo } from '../../../server/src/protocol/town';
import { canLimit, exceeded } from '../../../server/src/rigs/gateLimits';
import { tempDir, waitUntil } from '../../helpers/temp';

function run(command: string, timeoutSeconds = 20, more: Partial<GateInfo> = {}) {
  const directory = tempDir('gate');
  const log = path.join(directory, 'logs', 'gate.log');
  const result = runGate(
    { name: 'test', command, timeoutSeconds, ...more },
    directory,
    process.env,
    log,
    path.join(directory, 'group.json'),
  );
  return { directory, log, result };
}

describe('a gate', () => {
  it('passes with exit code 0 and keeps its output', async () => {
    const { result, log, directory } = run('echo fine; pwd');
    assert.equal((await result).passed, true);
    assert.equal(fs.readFileSync(log, 'utf8'), `fine\n${directory}\n`);
    assert.equal(fs.existsSync(path.join(directory, 'group.json')), false);
  });

  it('fails with what it printed', async () => {
    const outcome = await run('echo on stdout; echo on stderr >&2; exit 3').result;
    assert.ok(!outcome.passed);
    assert.equal(outcome.problem, 'failed with exit code 3');
    assert.match(outcome.output, /on stdout/);
    assert.match(outcome.output, /on stderr/);
  });

  it('is ended with all it started when it hangs', async () => {
    const { result, directory } = run('sleep 300 & echo $! > child; sleep 300', 0.5);
    const outcome = await result;
    assert.ok(!outcome.passed);
    assert.match(outcome.problem, /longer than its limit of 0.5 s/);
    const child = Number(fs.readFileSync(path.join(directory, 'child'), 'utf8'));
    await waitUntil('the child is gone', () => !isAlive(identify(child)));
  });

  it('is ended with all it started when it uses more memory or processes than its limits', async function () {
    if (!canLimit()) return this.skip();
    const hold = `'${process.execPath}' -e 'global.kept = Buffer.alloc(200e6, 1); setTimeout(() => {}, 300000)'`;
    const memory = await run(`setsid ${hold} & echo $! > child; wait`, 300, { limits: { memoryMb: 120 } }).result;
    assert.ok(!memory.passed);
    assert.match(memory.problem, /^used \d+ MB of memory; the limit is 120 MB$/);
    assert.equal(memory.code, null, 'it says nothing about the files');
    const { result, directory } = run('for n in 1 2 3 4 5 6 7 8; do sleep 300 & done; echo $! > child; wait', 300, {
      limits: { processes: 5 },
    });
    const processes = await result;
    assert.match(processes.passed ? '' : processes.problem, /^used \d+ processes; the limit is 5$/);
    const child = Number(fs.readFileSync(path.join(directory, 'child'), 'utf8'));
    await waitUntil('the child is gone', () => !isAlive(identify(child)));
    const within = { limits: { memoryMb: 4_000, processes: 50 } };
    assert.equal((await run('sleep 0.3', 300, within).result).passed, true);
  });

  it('counts what all of its processes use together', () => {
    const of = (...pids: number[]) => pids.map((pid) => ({ pid, start: 'x' }));
    const memory = (pid: number): number => pid * 1024 * 1024;
    assert.equal(exceeded(of(10, 20), { memoryMb: 30, processes: 2 }, memory), undefined);
    assert.match(exceeded(of(10, 21), { memoryMb: 30 }, memory)!, /used 31 MB/);
    assert.match(exceeded(of(1, 2, 3), { processes: 2 }, memory)!, /used 3 processes/);
    assert.deepEqual([canLimit('linux'), canLimit('darwin'), canLimit('win32')], [true, false, false]);
  });

  it('gets the variables of its rig', async () => {
    const outcome = await run('echo "cache in $CACHE"; exit 3', 20, { env: { CACHE: '/srv/cache' } }).result;
    assert.match(outcome.output, /cache in \/srv\/cache/);
  });

  it('takes nothing along that it left in the background', async () => {
    const { result, directory } = run('sleep 300 & echo $! > child');
    assert.equal((await result).passed, true);
    const child = Number(fs.readFileSync(path.join(directory, 'child'), 'utf8'));
    await waitUntil('the child is gone', () => !isAlive(identify(child)));
  });

  it('leaves alone what another gate in the same folder has started, which the last one takes along', async () => {
    const directory = tempDir('gates');
    const gate = (name: string, command: string) =>
      runGate(
        { name, command, timeoutSeconds: 20 },
        directory,
        process.env,
        path.join(directory, `${name}.log`),
        path.join(directory, `${name}.json`),
      );
    const until = (file: string): string => `until test -s ${file}; do sleep 0.05; done`;
    const quick = gate('quick', until('daemon'));
    const daemon = `(env -i PATH="$PATH" setsid sh -c 'echo $$ > daemon; exec sleep 300' > daemon.log 2>&1 &)`;
    const slow = gate('slow', `${daemon}; ${until('go')}; kill -0 $(cat daemon)`);
    assert.equal((await quick).passed, true);
    fs.writeFileSync(path.join(directory, 'go'), 'go');
    assert.equal((await slow).passed, true, 'its daemon was alive');
    const child = Number(fs.readFileSync(path.join(directory, 'daemon'), 'utf8'));
    await waitUntil('the daemon is gone', () => !isAlive(identify(child)));
  });

  it('takes nothing along that has left its process group, nor does a killed server leave it running', async () => {
    const { result, directory } = run(
      'setsid sleep 300 & echo $! > child; (setsid sh -c "setsid sleep 300 & echo \\$! > deep; exec sleep 300" &); while [ ! -s deep ]; do sleep 0.05; done',
    );
    assert.equal((await result).passed, true);
    for (const name of ['child', 'deep']) {
      const pid = Number(fs.readFileSync(path.join(directory, name), 'utf8'));
      await waitUntil(`${name} is gone`, () => !isAlive(identify(pid)));
    }
    // Without the variables, with and without the gate's own output.
    const bare = run(
      'env -i setsid sleep 300 & echo $! > heir; (env -i setsid sleep 300 </dev/null >/dev/null 2>&1 & echo $! > here)',
    );
    assert.equal((await bare.result).passed, true);
    for (const name of ['heir', 'here']) {
      const pid = Number(fs.readFileSync(path.join(bare.directory, name), 'utf8'));
      await waitUntil(`${name} is gone`, () => !isAlive(identify(pid)));
    }
    // As after a kill -9 of the server: the record is all that is known.
    const mark = randomUUID();
    const leader = spawn('sh', ['-c', 'setsid sleep 300 & echo $! > "$0"; exit 0', path.join(directory, 'left')], {
      detached: true,
      env: { ...process.env, GT_GATE_RUN: mark },
    });
    const group = identify(leader.pid!);
    await waitUntil('it has been left', () => {
      const file = path.join(directory, 'left');
      return fs.existsSync(file) && fs.readFileSync(file, 'utf8').endsWith('\n');
    });
    const left = identify(Number(fs.readFileSync(path.join(directory, 'left'), 'utf8')));
    const record = path.join(directory, 'group.json');
    fs.writeFileSync(record, JSON.stringify({ ...group, mark }));
    await endRecordedGate(record);
    await waitUntil('it is gone', () => !isAlive(left));
  });

  it('keeps the end of a flood, and no more', async () => {
    const { result, log } = run('yes 0123456789 | head -c 12000000; echo the end; exit 1');
    const outcome = await result;
    assert.ok(!outcome.passed && outcome.output.length < 9000);
    assert.match(outcome.output, /the end\n$/);
    assert.ok(fs.statSync(log).size < 6_000_000);
  });

  it('left behind by a killed server is ended before the next', async () => {
    const directory = tempDir('gate');
    const child = spawn('sleep', ['300'], { detached: true, stdio: 'ignore' });
    const file = path.join(directory, 'group.json');
    fs.writeFileSync(file, JSON.stringify(identify(child.pid!)));
    const gone = new Promise((done) => child.once('exit', done));
    await endRecordedGate(file);
    await gone;
    assert.equal(fs.existsSync(file), false);
    await endRecordedGate(file);
  });
});

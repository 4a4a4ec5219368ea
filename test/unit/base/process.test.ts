import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { aliveAmong, identify, isAlive, listingCommand, parseStartMarks } from '../../../server/src/base/process';

describe('the start of a process', () => {
  it('is asked for many at once, on every system', () => {
    assert.deepEqual(listingCommand('darwin', [12, 345]), ['ps', ['-o', 'pid=,lstart=', '-p', '12,345']]);
    const [command, args] = listingCommand('win32', [12, 345]);
    assert.equal(command, 'powershell.exe');
    assert.match(args.at(-1)!, /-Id 12,345 .*StartTime\.Ticks/);
  });

  it('is read from what the system prints', () => {
    const unix = '   12 Mon Jan  1 10:00:00 2024\n  345 Tue Jan  2 11:00:00 2024    \n\n';
    assert.deepEqual(
      [...parseStartMarks(unix)],
      [
        [12, 'Mon Jan  1 10:00:00 2024'],
        [345, 'Tue Jan  2 11:00:00 2024'],
      ],
    );
    assert.deepEqual([...parseStartMarks('12 638395200000000000\r\n')], [[12, '638395200000000000']]);
    assert.equal(parseStartMarks('no such process').size, 0);
  });

  it('that is not known matches nobody: a pid alone may be a stranger by now', async () => {
    assert.equal(isAlive({ pid: process.pid, start: '' }), false);
    assert.deepEqual([...(await aliveAmong([{ pid: process.pid, start: '' }]))], []);
  });

  it('tells the living from the dead', async () => {
    const child = spawn('sleep', ['100']);
    const identity = identify(child.pid!);
    const me = identify(process.pid);
    const stranger = { pid: process.pid, start: 'another run' };
    assert.deepEqual([...(await aliveAmong([identity, me]))].sort(), [child.pid!, process.pid].sort());
    const gone = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await gone;
    assert.deepEqual([...(await aliveAmong([identity, stranger]))], []);
  });
});

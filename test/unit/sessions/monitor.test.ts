import assert from 'node:assert/strict';
import fs from 'node:fs';
import { aliveAmong, identify } from '../../../server/src/base/process';
import { SessionMonitor } from '../../../server/src/sessions/monitor';
import type { SessionRecord } from '../../../server/src/sessions/records';
import type { SessionInfo } from '../../../server/src/sessions/protocol';
import { tempDir } from '../../helpers/temp';

const START = Date.parse('2026-01-01T00:00:00Z');
const folder = tempDir('seat');

/** Sessions that are this very process, so that they live. */
class Sessions {
  records: SessionRecord[] = [];
  infos: SessionInfo[] | undefined = [];
  screens = new Map<string, string>();
  exited: string[] = [];
  changes = 0;
  readonly watch = new SessionMonitor({
    living: () => this.records.filter((record) => !record.exit),
    list: async () => this.infos,
    screen: async (id) => {
      const screen = this.screens.get(id);
      if (screen === undefined) throw new Error('no screen');
      return screen;
    },
    asks: (_record, screen) => (screen.includes('?') ? `asks ${screen}` : undefined),
    aliveAmong,
    hasFolder: async (path) => fs.existsSync(path),
    folderOf: () => folder,
    markExited: async (record) => {
      this.exited.push(record.id);
    },
    onChange: () => {
      this.changes += 1;
    },
    log: { error: () => undefined },
  });

  add(id: string, lastOutputAt?: string): this {
    const { pid, start } = identify(process.pid);
    this.records.push({
      id,
      agent: `toy/polecats/${id}`,
      role: 'polecat',
      name: id,
      runtime: 'claude',
      attempt: 1,
      tokenHash: '',
      startedAt: START,
      pid,
      start,
    });
    this.infos!.push({ id, pid, start, startedAt: '', lastOutputAt, cols: 80, rows: 24, degraded: false });
    return this;
  }
}

describe('the watch over sessions', () => {
  it('sees when something was said last, and what a still screen asks', async () => {
    const town = new Sessions().add('a', '2026-01-01T00:01:00Z').add('b');
    town.screens.set('a', 'May I?').set('b', 'nothing');
    await town.watch.look(START + 61_000);
    assert.equal(town.watch.of('a')?.asks, undefined, 'a screen that moves asks for nothing');
    await town.watch.look(START + 90_000);
    assert.deepEqual(
      [town.watch.of('a')?.asks, town.watch.of('a')?.lastOutputAt, town.watch.of('a')?.saidNothing],
      ['asks May I?', START + 60_000, false],
    );
    assert.deepEqual([town.watch.of('b')?.saidNothing, town.watch.of('b')?.lastOutputAt], [true, START]);
    assert.equal(town.changes, 1);
  });

  it('takes no time that is still to come, after the clock was set back, and counts on from there', async () => {
    const DAY_MS = 24 * 3600_000;
    const town = new Sessions().add('a', '2026-01-01T00:01:00Z').add('b');
    town.screens.set('a', 'May I?').set('b', 'b?');
    const back = START - 400 * DAY_MS;
    await town.watch.look(back);
    for (const id of ['a', 'b']) assert.equal(town.watch.of(id)?.lastOutputAt, back, id);
    await town.watch.look(back + 10_000);
    for (const id of ['a', 'b'])
      assert.deepEqual([town.watch.of(id)?.lastOutputAt, town.watch.of(id)?.asks !== undefined], [back, true], id);
    town.infos![0]!.lastOutputAt = '2026-01-01T00:02:00Z';
    await town.watch.look(back + 60_000);
    assert.equal(town.watch.of('a')?.lastOutputAt, back + 60_000, 'something new was said');
    assert.equal(town.watch.of('b')?.lastOutputAt, back);
    // Set back once more, behind what was seen since.
    await town.watch.look(back - DAY_MS);
    assert.equal(town.watch.of('b')?.lastOutputAt, back - DAY_MS);
  });

  it('keeps on looking at the others where one cannot be looked at, and says nothing of what it has not seen', async () => {
    const town = new Sessions().add('a').add('b');
    town.screens.set('b', 'Well?');
    await town.watch.look(START + 90_000);
    assert.equal(town.watch.of('a'), undefined);
    assert.equal(town.watch.of('b')?.asks, 'asks Well?');
    town.infos = undefined;
    await town.watch.look(START + 100_000);
    assert.deepEqual(town.exited, [], 'no host to ask is not an end');
  });

  it('marks as exited what has no process at the second look, unless its end was heard of meanwhile', async () => {
    const town = new Sessions().add('gone').add('heard');
    for (const id of ['gone', 'heard']) town.screens.set(id, '');
    town.infos = [];
    await town.watch.look(START + 90_000);
    assert.deepEqual(town.exited, []);
    town.records[1] = { ...town.records[1]!, exit: { kind: 'exited', code: 0 } };
    await town.watch.look(START + 94_000);
    assert.deepEqual(town.exited, ['gone']);
  });
});

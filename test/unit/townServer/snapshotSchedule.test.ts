import assert from 'node:assert/strict';
import { mock } from 'node:test';
import type { SnapshotFeed } from '../../../server/src/townServer/snapshot/snapshotFeed';
import { SnapshotSchedule } from '../../../server/src/townServer/snapshot/snapshotSchedule';

describe('when deltas are sent', () => {
  let size: number;
  let next: number | undefined;
  let updates: number;
  let fails: boolean;
  let errors: string[];
  let schedule: SnapshotSchedule;

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 });
    [size, next, updates, fails, errors] = [1, undefined, 0, false, []];
    const feed = {
      get size() {
        return size;
      },
      update: () => {
        updates += 1;
        if (fails) throw new Error('half-edited');
      },
      model: { nextChange: () => next },
    } as unknown as SnapshotFeed;
    const log = { info: () => undefined, error: (text: string) => void errors.push(text) };
    schedule = new SnapshotSchedule(feed, log);
  });
  afterEach(() => {
    schedule.dispose();
    mock.timers.reset();
  });

  it('is once after a burst of changes, and never while nobody follows the town', () => {
    for (let index = 0; index < 50; index++) schedule.changed();
    mock.timers.tick(1_000);
    assert.equal(updates, 1);
    size = 0;
    schedule.changed();
    next = Date.now() + 10;
    schedule.followClock();
    mock.timers.tick(100_000);
    assert.equal(updates, 1);
  });

  it('is when time alone changes something, however far away, and not after the end', () => {
    next = Date.now() + 40 * 24 * 3_600_000;
    schedule.followClock();
    for (let hour = 0; hour < 24; hour++) mock.timers.tick(3_600_000);
    assert.equal(updates, 24, 'it looks again each hour: timers cannot wait for weeks');
    next = Date.now() + 5_000;
    schedule.followClock();
    mock.timers.tick(4_999);
    assert.equal(updates, 24);
    mock.timers.tick(1);
    assert.equal(updates, 25);
    next = Date.now() + 5_000;
    schedule.followClock();
    schedule.changed();
    schedule.dispose();
    schedule.changed();
    schedule.followClock();
    mock.timers.tick(100_000);
    assert.equal(updates, 25);
  });

  it('goes on after a failure, which is logged', () => {
    fails = true;
    schedule.changed();
    mock.timers.tick(100);
    assert.deepEqual([updates, errors], [1, ['snapshot: half-edited']]);
    fails = false;
    schedule.changed();
    mock.timers.tick(100);
    assert.equal(updates, 2);
  });
});

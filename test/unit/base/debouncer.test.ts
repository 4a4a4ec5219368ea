import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { Debouncer } from '../../../server/src/base/debouncer';

describe('a debouncer', () => {
  let runs: number[];
  let debouncer: Debouncer;

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 0 });
    runs = [];
    debouncer = new Debouncer(10, 30, () => void runs.push(Date.now()));
  });

  afterEach(() => {
    debouncer.dispose();
    mock.timers.reset();
  });

  it('runs when nothing has changed for a while, once for all changes', () => {
    debouncer.changed();
    mock.timers.tick(6);
    debouncer.changed();
    mock.timers.tick(9);
    assert.deepEqual(runs, []);
    mock.timers.tick(1);
    assert.deepEqual(runs, [16]);
    mock.timers.tick(100);
    assert.deepEqual(runs, [16]);
  });

  it('does not wait for ever', () => {
    for (let time = 0; time < 40; time += 5) {
      debouncer.changed();
      mock.timers.tick(5);
    }
    assert.deepEqual(runs, [30]);
  });

  it('runs only after a pause, also for what changed before it', () => {
    debouncer.changed();
    debouncer.pause(50);
    mock.timers.tick(20);
    debouncer.changed();
    mock.timers.tick(29);
    assert.deepEqual(runs, []);
    mock.timers.tick(1);
    assert.deepEqual(runs, [50]);
    mock.timers.tick(100);
    assert.deepEqual(runs, [50]);
  });

  it('runs no more after its end', () => {
    debouncer.changed();
    debouncer.dispose();
    mock.timers.tick(100);
    assert.deepEqual(runs, []);
  });
});

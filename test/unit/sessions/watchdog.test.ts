import assert from 'node:assert/strict';
import { Watchdog } from '../../../server/src/sessions/host/watchdog';
import { waitUntil } from '../../helpers/temp';

describe('the watchdog of the server', () => {
  const times = { firstMs: 1, maxMs: 4, maxStarts: 4, stableMs: 60_000 };
  let starts: number;
  let logged: string[];
  let watchdog: Watchdog;
  beforeEach(() => {
    starts = 0;
    logged = [];
    watchdog = new Watchdog(
      () => (starts += 1),
      (text) => logged.push(text),
      times,
    );
  });
  afterEach(() => watchdog.watch(false));

  it('starts one that died while it was watched', async () => {
    watchdog.connected();
    watchdog.watch(true);
    watchdog.disconnected();
    await waitUntil('a start', () => starts > 0);
    watchdog.connected();
  });

  it('leaves one alone that ended by itself', async () => {
    watchdog.connected();
    watchdog.watch(true);
    watchdog.watch(false);
    watchdog.disconnected();
    assert.equal(watchdog.isWatching, false);
    // Another one, started afterwards, would have come first.
    const other = new Watchdog(
      () => (starts += 10),
      () => undefined,
      times,
    );
    other.watch(true);
    await waitUntil('the other one', () => starts >= 10);
    other.watch(false);
    assert.equal(starts % 10, 0);
  });

  it('waits while another connection is there', () => {
    watchdog.connected();
    watchdog.connected();
    watchdog.watch(true);
    watchdog.disconnected();
    assert.equal(starts, 0);
    watchdog.disconnected();
  });

  it('gives up after its limit, and says so', async () => {
    watchdog.connected();
    watchdog.watch(true);
    watchdog.disconnected();
    await waitUntil('it gave up', () => !watchdog.isWatching);
    assert.equal(starts, times.maxStarts);
    assert.match(logged.at(-1)!, /4 times in a row/);
  });
});

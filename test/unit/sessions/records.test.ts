import assert from 'node:assert/strict';
import { SessionRecords, type SessionRecord } from '../../../server/src/sessions/records';
import { TownLayout } from '../../../server/src/town/layout';
import { tempDir } from '../../helpers/temp';

const DAY_MS = 24 * 3600_000;

describe('records of sessions', () => {
  it('hold no time that is still to come, after the clock was set back, and neither does the next server', () => {
    const layout = new TownLayout(tempDir('records'));
    const records = new SessionRecords(layout);
    const now = Date.parse('2026-01-01T00:00:00Z');
    const record = (id: string, startedAt: number, doneAt?: number): SessionRecord => ({
      id,
      agent: `toy/polecats/${id}`,
      role: 'polecat',
      name: id,
      runtime: 'claude',
      attempt: 1,
      tokenHash: '',
      startedAt,
      doneAt,
    });
    records.save(record('ahead', now + 400 * DAY_MS, now + 401 * DAY_MS));
    records.save(record('done-ahead', now - 5, now + 1));
    records.save(record('past', now - 10, now - 5));
    records.save(record('running', now));
    records.cutFuture(now);
    for (const known of [records, new SessionRecords(layout)])
      assert.deepEqual(
        new Map(known.all().map(({ id, startedAt, doneAt }) => [id, [startedAt, doneAt]])),
        new Map([
          ['ahead', [now, now]],
          ['done-ahead', [now - 5, now]],
          ['past', [now - 10, now - 5]],
          ['running', [now, undefined]],
        ]),
      );
  });
});

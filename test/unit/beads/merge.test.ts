import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import type { Bead } from '../../../server/src/protocol/bead';
import type { Stored } from '../../../server/src/beads/storage/codec';
import { mergeBead, mergeBeads } from '../../../server/src/beads/merge/merge';
import { bead, edge, someBead, stored } from './support';

const now = new Date('2026-06-01T00:00:00Z');
const t = (second: number): string => `2026-05-01T00:00:0${second}Z`;
const base = bead({ id: 'bd-1', updated_at: t(0) });
const change = (second: number, fields: Partial<Bead>, from = base): Bead => ({
  ...from,
  updated_at: t(second),
  ...fields,
});
const merge = (ours: Bead, theirs: Bead, from: Bead | undefined = base): Bead => {
  const merged = mergeBead(from, ours, theirs, now);
  assert.deepEqual(mergeBead(from, theirs, ours, now), merged, 'must not depend on the side');
  return merged;
};
const asMap = (...beads: Stored[]): Map<string, Stored> => new Map(beads.map((one) => [one.bead.id, one]));

describe('merge of one bead', () => {
  it('takes what either side changed', () => {
    const merged = merge(change(1, { title: 'A' }), change(2, { description: 'B' }));
    assert.deepEqual([merged.title, merged.description, merged.updated_at], ['A', 'B', t(2)]);
  });

  it('in a conflict takes the later side', () => {
    assert.equal(merge(change(1, { title: 'A' }), change(2, { title: 'B' })).title, 'B');
  });

  it('a cleared field stays cleared', () => {
    const from = { ...base, assignee: 'ann', pinned: true, defer_until: t(1) };
    const { assignee: _a, pinned: _p, defer_until: _d, ...cleared } = from;
    const merged = merge({ ...cleared, updated_at: t(2) }, change(3, { title: 'B' }, from), from);
    assert.ok(!('assignee' in merged) && !('pinned' in merged) && !('defer_until' in merged));
  });

  it('keeps the smaller priority, P0 included', () => {
    assert.equal(merge(change(1, { priority: 0 }), change(2, { priority: 3 })).priority, 0);
  });

  it('keeps both notes, and a longer one once', () => {
    assert.equal(merge(change(1, { notes: 'first' }), change(2, { notes: 'second' })).notes, 'first\n\n---\n\nsecond');
    assert.equal(merge(change(1, { notes: 'first' }), change(2, { notes: 'first and more' })).notes, 'first and more');
  });

  it('merges labels, dependencies and comments as sets', () => {
    const from = { ...base, labels: ['a', 'b'], dependencies: [edge('bd-1', 'bd-x'), edge('bd-1', 'bd-y')] };
    const merged = merge(
      change(1, { labels: ['a', 'b', 'ours'], dependencies: [edge('bd-1', 'bd-x')] }, from),
      change(2, { labels: ['b', 'theirs'], dependencies: [...from.dependencies, edge('bd-1', 'bd-z')] }, from),
      from,
    );
    assert.deepEqual(merged.labels, ['b', 'ours', 'theirs']);
    assert.deepEqual(
      merged.dependencies?.map((dependency) => dependency.depends_on_id),
      ['bd-x', 'bd-z'],
    );
  });

  it('comments with the same number are different comments', () => {
    const comment = (text: string) => ({ id: 1, issue_id: 'bd-1', author: 'ann', text, created_at: t(1) });
    assert.equal(
      merge(change(1, { comments: [comment('a')] }), change(2, { comments: [comment('b')] })).comments?.length,
      2,
    );
  });

  it('comments that were renumbered are the same comments', () => {
    const comment = (id: number) => ({ id, issue_id: 'bd-1', author: 'ann', text: 'a', created_at: t(1) });
    assert.equal(
      merge(change(1, { comments: [comment(1)] }), change(2, { comments: [comment(7)] })).comments?.length,
      1,
    );
  });

  it('merges metadata key by key', () => {
    const from = { ...base, metadata: { a: 1, gone: 1 } };
    const merged = merge(
      change(1, { metadata: { a: 1, ours: 1 } }, from),
      change(2, { metadata: { a: 2, gone: 1, theirs: 1 } }, from),
      from,
    );
    assert.deepEqual(merged.metadata, { a: 2, ours: 1, theirs: 1 });
  });

  it('keeps unknown keys of both sides', () => {
    const merged = merge(change(1, { key_a: 1 }), change(2, { key_b: 2 }));
    assert.deepEqual([merged.key_a, merged.key_b], [1, 2]);
  });

  it('two moves to other parents end with one parent, the later', () => {
    const from = { ...base, dependencies: [edge('bd-1', 'bd-p', 'parent-child')] };
    const merged = merge(
      change(1, { dependencies: [edge('bd-1', 'bd-q', 'parent-child')] }, from),
      change(2, { dependencies: [edge('bd-1', 'bd-r', 'parent-child')] }, from),
      from,
    );
    assert.deepEqual(
      merged.dependencies?.map((dependency) => dependency.depends_on_id),
      ['bd-r'],
    );
  });
});

describe('merge of a status', () => {
  const closed = { status: 'closed', closed_at: t(1), close_reason: 'done' } as const;

  it('closed beats in progress, whichever is later', () => {
    const merged = merge(change(1, closed), change(2, { status: 'in_progress', assignee: 'bob' }));
    assert.deepEqual([merged.status, merged.closed_at, merged.close_reason], ['closed', t(1), 'done']);
  });

  it('a reopened bead stays open where the other side only changed other fields', () => {
    const from = { ...base, ...closed };
    const { closed_at: _c, close_reason: _r, ...open } = from;
    const merged = merge({ ...open, status: 'open', updated_at: t(3) }, change(2, { title: 'B' }, from), from);
    assert.equal(merged.status, 'open');
    assert.ok(!('closed_at' in merged) && !('close_reason' in merged));
  });

  it('of reopened and closed again the later counts', () => {
    const from = { ...base, ...closed };
    const { closed_at: _c, close_reason: _r, ...open } = from;
    const again = { ...closed, closed_at: t(4), close_reason: 'again' };
    assert.equal(merge({ ...open, status: 'open', updated_at: t(3) }, change(4, again, from), from).status, 'closed');
    assert.equal(merge({ ...open, status: 'open', updated_at: t(5) }, change(4, again, from), from).status, 'open');
  });

  it('of two closings the reason of the later one counts', () => {
    const merged = merge(
      change(3, { ...closed, closed_at: t(1), close_reason: 'early' }),
      change(2, { ...closed, closed_at: t(2), close_reason: 'late' }),
    );
    assert.deepEqual([merged.closed_at, merged.close_reason], [t(2), 'late']);
  });

  it('work that began beats other states', () => {
    assert.equal(merge(change(1, { status: 'in_progress' }), change(2, { status: 'deferred' })).status, 'in_progress');
    assert.equal(merge(change(1, { status: 'failed' }), change(2, { status: 'deferred' })).status, 'deferred');
  });

  it('a tombstone beats a live bead until it expires', () => {
    const dead = change(1, { status: 'tombstone', deleted_at: '2026-05-20T00:00:00Z' });
    const live = change(5, { title: 'edited' });
    assert.equal(merge(dead, live).status, 'tombstone');
    assert.equal(merge({ ...dead, deleted_at: '2026-04-01T00:00:00Z' }, live).status, 'open');
    const { deleted_at: _, ...undated } = dead;
    assert.equal(merge(undated, live).status, 'tombstone');
  });

  it('of two tombstones the later deletion counts', () => {
    const merged = merge(
      change(1, { status: 'tombstone', deleted_at: t(1), deleted_by: 'ann' }),
      change(2, { status: 'tombstone', deleted_at: t(2), deleted_by: 'bob' }),
    );
    assert.deepEqual([merged.deleted_at, merged.deleted_by], [t(2), 'bob']);
  });
});

describe('merge of ledgers', () => {
  it('a live bead is never lost because a line is missing', () => {
    const old = stored({ id: 'bd-1' });
    assert.equal(mergeBeads(asMap(old), asMap(old), asMap(), now).size, 1);
    assert.equal(mergeBeads(asMap(old), asMap(), asMap(old), now).size, 1);
    assert.equal(mergeBeads(asMap(), asMap(old), asMap(), now).size, 1);
  });

  it('a tombstone may be pruned', () => {
    const dead = stored({ id: 'bd-1', status: 'tombstone', deleted_at: t(1) });
    assert.equal(mergeBeads(asMap(dead), asMap(dead), asMap(), now).size, 0);
    assert.equal(mergeBeads(asMap(), asMap(dead), asMap(), now).size, 1);
  });

  it('keeps both of two beads that got the same id by chance', () => {
    const ann = stored({
      id: 'bd-1',
      title: 'Ann’s',
      created_by: 'ann',
      created_at: t(1),
      updated_at: t(1),
      comments: [{ id: 1, issue_id: 'bd-1', author: 'ann', text: 'x', created_at: t(1) }],
    });
    const bob = stored({
      id: 'bd-1',
      title: 'Bob’s',
      created_by: 'bob',
      created_at: t(2),
      updated_at: t(2),
      comments: [{ id: 1, issue_id: 'bd-1', author: 'bob', text: 'y', created_at: t(2) }],
    });
    const merged = mergeBeads(asMap(), asMap(ann), asMap(bob), now);
    assert.deepEqual([...mergeBeads(asMap(), asMap(bob), asMap(ann), now)], [...merged]);
    assert.equal(merged.get('bd-1')?.bead.title, 'Ann’s');
    const [renamed] = [...merged.values()].filter((one) => one.bead.id !== 'bd-1').map((one) => one.bead);
    assert.equal(renamed?.title, 'Bob’s');
    assert.deepEqual(
      renamed?.dependencies?.map((dependency) => [dependency.depends_on_id, dependency.type]),
      [['bd-1', 'related']],
    );
    assert.equal(renamed?.comments?.[0]?.issue_id, renamed?.id);
    assert.deepEqual(
      [...mergeBeads(asMap(), asMap(bob), merged, now)].sort(),
      [...merged].sort(),
      'merging again changes nothing',
    );
  });

  const ids = ['bd-1', 'bd-2'];
  const someLedger = fc
    .tuple(...ids.map((id) => fc.option(someBead(id), { nil: undefined })))
    .map((beads) => asMap(...beads.filter((one) => one !== undefined).map((one) => stored(one))));
  const plain = (ledger: ReadonlyMap<string, Stored>): unknown =>
    Object.fromEntries([...ledger].sort().map(([id, one]) => [id, one.bead]));

  it('does not depend on the sides (property)', () => {
    fc.assert(
      fc.property(someLedger, someLedger, someLedger, (before, ours, theirs) => {
        assert.deepEqual(plain(mergeBeads(before, theirs, ours, now)), plain(mergeBeads(before, ours, theirs, now)));
      }),
      { numRuns: 1000 },
    );
  });

  it('is idempotent and absorbs its own result (property)', () => {
    fc.assert(
      fc.property(someLedger, someLedger, someLedger, (before, ours, theirs) => {
        assert.deepEqual(plain(mergeBeads(before, ours, ours, now)), plain(ours));
        const merged = mergeBeads(before, ours, theirs, now);
        assert.deepEqual(
          plain(mergeBeads(before, ours, merged, now)),
          plain(merged),
          'a crash after writing the merged file',
        );
      }),
      { numRuns: 1000 },
    );
  });

  it('one side unchanged gives the other side, but for lines that are missing (property)', () => {
    fc.assert(
      fc.property(someLedger, someLedger, (before, ours) => {
        for (const merged of [mergeBeads(before, ours, before, now), mergeBeads(before, before, ours, now)]) {
          for (const [id, one] of ours) {
            const old = before.get(id)?.bead;
            const tombstone = old?.status === 'tombstone' || (old && one.bead.status === 'tombstone');
            if (!tombstone) assert.deepEqual(merged.get(id)?.bead, one.bead);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('loses no live bead, label, comment or unknown key that was only added (property)', () => {
    fc.assert(
      fc.property(someLedger, someLedger, (ours, theirs) => {
        const merged = mergeBeads(new Map(), ours, theirs, now);
        for (const side of [ours, theirs]) {
          for (const [id, { bead: one }] of side) {
            const result = merged.get(id)?.bead;
            assert.ok(result);
            if (result.status === 'tombstone' || one.status === 'tombstone') continue;
            for (const label of one.labels ?? []) assert.ok(result.labels?.includes(label));
            for (const comment of one.comments ?? [])
              assert.ok(
                result.comments?.some((other) => other.text === comment.text && other.author === comment.author),
              );
            for (const key of Object.keys(one))
              if (!['closed_at', 'close_reason'].includes(key)) assert.ok(key in result, key);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('leaves beads consistent (property)', () => {
    fc.assert(
      fc.property(someLedger, someLedger, someLedger, (before, ours, theirs) => {
        for (const { bead: one } of mergeBeads(before, ours, theirs, now).values()) {
          assert.equal(one.status === 'closed', one.closed_at !== undefined);
          if (one.status === 'tombstone') assert.ok(one.deleted_at);
        }
      }),
      { numRuns: 500 },
    );
  });
});

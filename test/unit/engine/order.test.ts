import assert from 'node:assert/strict';
import fc from 'fast-check';
import { firstOrder, ordersFor, type Place } from '../../../server/src/engine/mergeQueue/order';
import { compareTurns } from '../../../server/src/engine/mergeQueue/score';
import { MERGE_REQUEST } from '../../../server/src/engine/state/work';
import type { Bead } from '../../../server/src/protocol/bead';

const request = (id: string, order: number): Bead =>
  ({
    id,
    issue_type: MERGE_REQUEST,
    metadata: { merge: { source: 's', rig: 'toy', branch: 'b', commit: 'c', worker: 'w', order } },
  }) as unknown as Bead;

describe('the place of a merge request that a person moves', () => {
  it('is first, last, or right before another, and all others keep their turns', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ order: fc.integer({ min: -2, max: 2 }), priority: fc.nat(4) }), {
          minLength: 2,
          maxLength: 8,
        }),
        fc.array(fc.record({ moved: fc.nat(), at: fc.constantFrom('first', 'last', 'before'), before: fc.nat() }), {
          maxLength: 10,
        }),
        (made, moves) => {
          const orders = new Map(made.map(({ order }, index) => [`r${index}`, order]));
          const turns = (): string[] =>
            made
              .map(({ priority }, index) => ({
                id: `r${index}`,
                order: orders.get(`r${index}`)!,
                priority,
                createdAt: 0,
                convoyCreatedAt: 0,
                retries: 0,
              }))
              .sort((a, b) => compareTurns(a, b, 0))
              .map(({ id }) => id);
          for (const { moved, at, before } of moves) {
            const id = `r${moved % made.length}`;
            const others = turns().filter((other) => other !== id);
            const target = others[before % others.length]!;
            const place: Place = at === 'before' ? { at, id: target } : { at: at };
            const queue = others.map((other) => request(other, orders.get(other)!));
            for (const [other, order] of ordersFor(id, place, queue)) orders.set(other, order);
            const wanted = at === 'first' ? 0 : at === 'last' ? others.length : others.indexOf(target);
            assert.deepEqual(turns(), [...others.slice(0, wanted), id, ...others.slice(wanted)]);
          }
        },
      ),
    );
  });

  it('before all others is before those that were put there earlier', () => {
    assert.equal(firstOrder([]), -1);
    assert.equal(firstOrder([request('a', -3), request('b', 0)]), -4);
  });
});

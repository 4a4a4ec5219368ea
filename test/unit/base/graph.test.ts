import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { topologicalOrder, wavesOf } from '../../../server/src/base/graph';

/** Any fixed order that has nothing to do with that of the ids: edges along it make no cycle. */
const rank = (index: number): number => (index * 7919) % 31;

const acyclic = fc
  .tuple(fc.integer({ min: 1, max: 30 }), fc.array(fc.tuple(fc.nat(29), fc.nat(29)), { maxLength: 60 }))
  .map(([count, pairs]) => {
    const needs = new Map<string, string[]>(Array.from({ length: count }, (_, index) => [`s${index}`, []]));
    for (const [a, b] of pairs) {
      const [from, to] = [a % count, b % count];
      if (rank(to) < rank(from)) needs.get(`s${from}`)!.push(`s${to}`);
    }
    return needs;
  });

describe('graphs of what waits for what', () => {
  it('are ordered so that each comes after what it needs (property)', () => {
    fc.assert(
      fc.property(acyclic, (needs) => {
        const ids = [...needs.keys()];
        const order = topologicalOrder(ids, (id) => needs.get(id) ?? []);
        assert.deepEqual([...order].sort(), [...ids].sort());
        for (const [id, list] of needs) for (const need of list) assert.ok(order.indexOf(need) < order.indexOf(id));
      }),
      { numRuns: 200 },
    );
  });

  it('keep the given order where nothing is needed, and end where there is a cycle', () => {
    assert.deepEqual(
      topologicalOrder(['b', 'c', 'a'], () => []),
      ['b', 'c', 'a'],
    );
    assert.deepEqual(topologicalOrder(['a', 'b'], (id) => (id === 'a' ? ['b'] : ['a'])).sort(), ['a', 'b']);
  });

  it('are sorted into waves: each as early as possible, none before what it needs (property)', () => {
    fc.assert(
      fc.property(acyclic, (needs) => {
        const ids = [...needs.keys()];
        const { waves, cyclic } = wavesOf(ids, (id) => needs.get(id) ?? []);
        assert.deepEqual(cyclic, []);
        assert.deepEqual(waves.flat().sort(), [...ids].sort());
        const waveOf = new Map(waves.flatMap((wave, index) => wave.map((id): [string, number] => [id, index])));
        for (const [id, list] of needs)
          assert.equal(waveOf.get(id), Math.max(-1, ...list.map((need) => waveOf.get(need)!)) + 1, id);
      }),
      { numRuns: 200 },
    );
  });

  it('name what is on a cycle or waits for one; needs outside and of itself do not count', () => {
    const needs: Record<string, string[]> = { a: ['b'], b: ['a'], c: ['b'], d: ['elsewhere'], e: ['e'] };
    assert.deepEqual(
      wavesOf(Object.keys(needs), (id) => needs[id] ?? []),
      { waves: [['d', 'e']], cyclic: ['a', 'b', 'c'] },
    );
  });

  it('may be chains longer than the call stack', () => {
    const ids = Array.from({ length: 200_000 }, (_, index) => String(index));
    const previous = (id: string): string[] => (id === '0' ? [] : [String(Number(id) - 1)]);
    assert.equal(wavesOf(ids, previous).waves.length, ids.length);
    assert.equal(topologicalOrder([...ids].reverse(), previous)[0], '0');
  });
});

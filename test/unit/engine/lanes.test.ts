import assert from 'node:assert/strict';
import fc from 'fast-check';
import { actionKey, keysMeet, laneOf, mergeKey, type Action } from '../../../server/src/engine/loop/action';
import { lanesOf, partsMeet, type Parts } from '../../../server/src/engine/mergeQueue/lanes';

interface Request {
  id: string;
  parts: Parts;
}

const request = (id: string, ...parts: string[]): Request => ({ id, parts });
const whole = (id: string): Request => ({ id, parts: undefined });
const shown = (lanes: ReturnType<typeof lanesOf<Request>>): string[] =>
  lanes.map(({ parts, requests, isRunning }) => {
    const name = parts === undefined ? 'all' : parts.join('+');
    return `${isRunning ? '(' : ''}${name}${isRunning ? ')' : ''}: ${requests.map(({ id }) => id).join(' ')}`;
  });

describe('the lanes of a merge queue', () => {
  it('hold the requests with common parts, in merge order', () => {
    assert.deepEqual(shown(lanesOf([request('a', 'docs'), request('b', 'web'), request('c', 'docs')], [])), [
      'docs: a c',
      'web: b',
    ]);
  });

  it('grow with a request of more parts, unless it would join two of them', () => {
    assert.deepEqual(shown(lanesOf([request('a', 'docs'), request('b', 'docs', 'web'), request('c', 'web')], [])), [
      'docs+web: a b c',
    ]);
    assert.deepEqual(
      shown(lanesOf([request('a', 'docs'), request('b', 'web'), request('c', 'docs', 'web'), request('d', 'web')], [])),
      ['docs: a', 'web: b'],
      'd waits for c, which waits for both',
    );
  });

  it('let a change of the whole repository wait for all of them, and nothing overtakes it', () => {
    assert.deepEqual(shown(lanesOf([request('a', 'docs'), whole('b'), request('c', 'web')], [])), ['all: a b c']);
    assert.deepEqual(shown(lanesOf([whole('b'), request('c', 'web')], [['docs']])), ['(docs): ']);
    assert.deepEqual(shown(lanesOf([whole('b'), request('c', 'web')], [])), ['all: b c']);
  });

  it('in which a batch runs take only what has no further parts', () => {
    assert.deepEqual(
      shown(
        lanesOf(
          [request('a', 'docs'), request('b', 'docs', 'web'), request('c', 'web'), request('d', 'api')],
          [['docs']],
        ),
      ),
      ['(docs): a', 'api: d'],
      'c waits for b',
    );
    assert.deepEqual(shown(lanesOf([request('a', 'docs')], [undefined])), ['(all): a']);
  });

  it('have no common parts, and keep the order of what has', () => {
    const partsArb = fc.option(fc.subarray(['a', 'b', 'c', 'd'], { minLength: 1 }), { nil: undefined });
    fc.assert(
      fc.property(
        fc.array(partsArb, { maxLength: 10 }),
        fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 2 }),
        (all, busy) => {
          const queue = all.map((parts, index) => ({ id: String(index), parts }));
          const lanes = lanesOf(
            queue,
            [...new Set(busy)].map((part) => [part]),
          );
          for (const [index, lane] of lanes.entries())
            for (const other of lanes.slice(index + 1)) assert.ok(!partsMeet(lane.parts, other.parts));
          const started = lanes.flatMap(({ requests }) => requests);
          for (const { id, parts } of started)
            for (const earlier of queue.slice(0, Number(id)))
              if (partsMeet(earlier.parts, parts)) {
                const lane = lanes.find(({ requests }) => requests.includes(earlier));
                assert.ok(lane, `${id} overtakes ${earlier.id}`);
                assert.ok(
                  lane.requests.some((each) => each.id === id),
                  `${id} and ${earlier.id} are in two lanes`,
                );
              }
          const [first] = queue;
          if (first && busy.length === 0) assert.ok(started.includes(first), 'the first one is always in a lane');
        },
      ),
    );
  });
});

describe('the keys of lanes', () => {
  const merge = (parts?: string[], target?: string): string => {
    const action: Action = {
      ...{ type: 'merge', rig: 'toy', requests: [], maxAttempts: 1, maxBatch: 1 },
      ...(parts ? { parts } : {}),
      ...(target === undefined ? {} : { target }),
    };
    return actionKey(action);
  };

  it('meet if they have a common part of the same queue', () => {
    assert.ok(keysMeet(merge(), merge()));
    assert.ok(keysMeet(merge(), merge(['docs'])));
    assert.ok(keysMeet(merge(['docs', 'web']), merge(['web'])));
    assert.ok(!keysMeet(merge(['docs']), merge(['web'])));
    assert.ok(!keysMeet(merge(['docs']), merge(['docs'], 'feature/x')));
    assert.ok(!keysMeet(merge(), merge(undefined, 'feature/x')));
    assert.ok(!keysMeet('bead:a', merge()));
    assert.ok(keysMeet('bead:a', 'bead:a'));
  });

  it('can be read again', () => {
    assert.deepEqual(laneOf(mergeKey('toy', 'feature/x', ['a b', 'c'])), {
      queue: 'merge:toy:feature/x',
      parts: ['a b', 'c'],
    });
    assert.deepEqual(laneOf(mergeKey('toy')), { queue: 'merge:toy', parts: undefined });
    assert.equal(laneOf('worktree:toy/rust'), undefined);
  });
});

import assert from 'node:assert/strict';
import { backoff, CancellableDelay } from '../../../client/src/connection/backoff';
import { findBeadIds } from '../../../client/src/features/beads/beadText';
import { DependencyGraph } from '../../../client/src/features/convoys/dependencyGraph';
import { rigNameFrom } from '../../../server/src/base/rigName';

describe('small functions of the extension', () => {
  it('derives rig names from repositories', () => {
    assert.equal(rigNameFrom('https://github.com/me/my-lib.git'), 'my_lib');
    assert.equal(rigNameFrom('/src/toy/'), 'toy');
    assert.equal(rigNameFrom('git@host:x.git', new Set(['x'])), 'x_2');
    assert.equal(rigNameFrom('/src/---'), 'rig');
    assert.equal(rigNameFrom('/src/mayor'), 'rig');
  });

  it('finds ids of beads in terminals by the prefixes of the town', () => {
    assert.deepEqual(
      findBeadIds('merged toy-a1b2c and hq-x9z.1, not utf-8x', ['toy', 'hq']).map((found) => found.id),
      ['toy-a1b2c', 'hq-x9z.1'],
    );
    assert.deepEqual(findBeadIds('polecat/nux/toy-a1b@x1', ['toy']), [{ id: 'toy-a1b', start: 12 }]);
  });

  it('finds cycles of dependencies', () => {
    const graph = new DependencyGraph([
      ['a', 'b'],
      ['b', 'c'],
    ]);
    assert.ok(graph.reaches('a', 'c'));
    assert.ok(!graph.reaches('c', 'a'));
    graph.add('c', 'a');
    assert.ok(graph.reaches('a', 'a'), 'a cycle ends the search');
    assert.ok(!graph.reaches('a', 'z'));
    assert.ok(graph.has('c', 'a') && !graph.has('a', 'c'));
  });

  it('doubles the delay between connection attempts, up to a limit', () => {
    assert.ok(backoff(0) <= 200 && backoff(1) > backoff(0) && backoff(100) === 15_000);
  });

  it('cuts a delay short', async () => {
    const delay = new CancellableDelay();
    const waiting = delay.wait(2 ** 30);
    delay.cancel();
    await waiting;
    delay.cancel(); // nothing to cancel
  });
});

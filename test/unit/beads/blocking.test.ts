import assert from 'node:assert/strict';
import {
  beadStatus,
  blockingDependencyTypes,
  dependencyType,
  type Bead,
  type BeadStatus,
  type Dependency,
} from '../../../server/src/protocol/bead';
import {
  blockedAncestor,
  closedByFailure,
  descendantsOf,
  isBlocked,
  openBlockers,
  type Graph,
} from '../../../server/src/beads/index/blocking';
import { checkNewDependency, dependencyFromInput, pathBetween } from '../../../server/src/beads/model/dependencies';
import { bead, edge } from './support';

function graphOf(...beads: Bead[]): Graph {
  const all = new Map(beads.map((one) => [one.id, one]));
  return {
    get: (id) => all.get(id),
    dependents: (id) =>
      beads.flatMap((one) =>
        (one.dependencies ?? [])
          .filter((dependency) => dependency.depends_on_id === id)
          .map((dependency) => ({ bead: one, edge: dependency })),
      ),
    knows: (id) => id.startsWith('bd-'),
    waitsForExternal: (reference) => !reference.endsWith(':met'),
  };
}

const waiting = (type: string, target: string, more: Partial<Dependency> = {}): Bead =>
  bead({ id: 'bd-x', dependencies: [edge('bd-x', target, type, more)] });
const blockers = (subject: Bead, ...others: Bead[]): string[] => openBlockers(graphOf(subject, ...others), subject);

describe('blocking', () => {
  for (const status of [
    'open',
    'in_progress',
    'hooked',
    'in_review',
    'blocked',
    'deferred',
    'pinned',
    'failed',
    'staged_ready',
    'staged_warnings',
    beadStatus('custom'),
  ] as const) {
    it(`a ${status} target blocks`, () =>
      assert.deepEqual(blockers(waiting('blocks', 'bd-y'), bead({ id: 'bd-y', status })), ['bd-y']));
  }
  for (const status of ['closed', 'tombstone'] as const) {
    it(`a ${status} target does not block`, () =>
      assert.deepEqual(blockers(waiting('blocks', 'bd-y'), bead({ id: 'bd-y', status })), []));
  }

  it('a target that is gone does not block, one in an unknown ledger does', () => {
    assert.deepEqual(blockers(waiting('blocks', 'bd-gone')), []);
    assert.deepEqual(blockers(waiting('blocks', 'rig2-a')), ['rig2-a']);
    for (const type of ['blocks', 'conditional-blocks', 'waits-for'])
      assert.deepEqual(blockers(waiting(type, 'external:other:cap')), ['external:other:cap'], type);
    assert.deepEqual(blockers(waiting('blocks', 'external:other:met')), []);
    assert.deepEqual(blockers(waiting('tracks', 'external:other:cap')), []);
  });

  it('only blocking types block', () => {
    for (const type of ['related', 'tracks', 'discovered-from', 'parent-child', 'relates-to', 'supersedes'])
      assert.deepEqual(blockers(waiting(type, 'bd-y'), bead({ id: 'bd-y' })), [], type);
  });

  it('conditional-blocks waits until the target fails', () => {
    const subject = waiting('conditional-blocks', 'bd-y');
    assert.deepEqual(blockers(subject, bead({ id: 'bd-y' })), ['bd-y']);
    assert.deepEqual(blockers(subject, bead({ id: 'bd-y', status: 'closed', close_reason: 'done' })), ['bd-y']);
    assert.deepEqual(blockers(subject, bead({ id: 'bd-y', status: 'closed', close_reason: 'Build FAILED on CI' })), []);
  });

  it('knows words of failure', () => {
    for (const reason of [
      'failed',
      "won't fix",
      'wontfix',
      'cancelled',
      'canceled',
      'Rejected by Ann',
      'timeout',
      'aborted',
      'error: x',
      'abandoned',
    ]) {
      assert.ok(closedByFailure(bead({ id: 'bd-y', status: 'closed', close_reason: reason })), reason);
    }
    for (const reason of ['done', 'Closed', 'unfailing', undefined])
      assert.ok(
        !closedByFailure(bead({ id: 'bd-y', status: 'closed', ...(reason ? { close_reason: reason } : {}) })),
        reason,
      );
  });

  it('waits-for waits for children: all of them, or any', () => {
    const all = waiting('waits-for', 'bd-s');
    const any = waiting('waits-for', 'bd-s', { metadata: '{"gate":"any-children"}' });
    const spawner = bead({ id: 'bd-s' });
    const child = (id: string, status: BeadStatus): Bead =>
      bead({ id, status, dependencies: [edge(id, 'bd-s', 'parent-child')] });
    assert.deepEqual(blockers(all, spawner), []);
    assert.deepEqual(blockers(any, spawner), ['bd-s']);
    assert.deepEqual(blockers(all, spawner, child('bd-1', 'closed'), child('bd-2', 'open')), ['bd-s']);
    assert.deepEqual(blockers(any, spawner, child('bd-1', 'closed'), child('bd-2', 'open')), []);
    assert.deepEqual(blockers(all, spawner, child('bd-1', 'closed'), child('bd-2', 'tombstone')), []);
  });

  it('waits-for may name another spawner', () => {
    const subject = waiting('waits-for', 'bd-other', { metadata: '{"gate":"all-children","spawner_id":"bd-s"}' });
    const child = bead({ id: 'bd-1', dependencies: [edge('bd-1', 'bd-s', 'parent-child')] });
    assert.deepEqual(blockers(subject, bead({ id: 'bd-other' }), bead({ id: 'bd-s' }), child), ['bd-other']);
    assert.deepEqual(blockers(waiting('waits-for', 'bd-s', { metadata: 'not json' }), bead({ id: 'bd-s' })), []);
  });

  it('children of a blocked parent are blocked, children of an open one are not', () => {
    const blocker = bead({ id: 'bd-b' });
    const parent = bead({ id: 'bd-p', dependencies: [edge('bd-p', 'bd-b')] });
    const child = bead({ id: 'bd-p.1', dependencies: [edge('bd-p.1', 'bd-p', 'parent-child')] });
    const grandchild = bead({ id: 'bd-p.1.1', dependencies: [edge('bd-p.1.1', 'bd-p.1', 'parent-child')] });
    const graph = graphOf(blocker, parent, child, grandchild);
    assert.ok(isBlocked(graph, grandchild));
    assert.equal(blockedAncestor(graph, grandchild)?.id, 'bd-p');
    assert.ok(!isBlocked(graphOf(bead({ id: 'bd-b', status: 'closed' }), parent, child, grandchild), grandchild));
    assert.ok(!isBlocked(graph, blocker));
  });

  it('ends on circles and diamonds', () => {
    const a = bead({ id: 'bd-a', dependencies: [edge('bd-a', 'bd-b', 'parent-child')] });
    const b = bead({ id: 'bd-b', dependencies: [edge('bd-b', 'bd-a', 'parent-child')] });
    assert.ok(!isBlocked(graphOf(a, b), a));
    assert.deepEqual(
      descendantsOf(graphOf(a, b), 'bd-a').map((one) => one.id),
      ['bd-b'],
    );
  });
});

describe('adding dependencies', () => {
  const a = bead({ id: 'bd-a', dependencies: [edge('bd-a', 'bd-b')] });
  const b = bead({ id: 'bd-b', dependencies: [edge('bd-b', 'bd-c', 'parent-child')] });
  const c = bead({ id: 'bd-c', issue_type: 'epic' });
  const graph = graphOf(a, b, c);

  it('refuses circles over blocking types, parent-child and conditional-blocks included', () => {
    for (const type of blockingDependencyTypes) {
      const from = type === 'parent-child' ? bead({ ...c, issue_type: 'task' }) : c;
      assert.throws(
        () => checkNewDependency(graph, from, 'bd-a', type),
        /cannot add dependency: would create a cycle \(bd-c → bd-a → bd-b → bd-c\)/,
        type,
      );
    }
    assert.equal(checkNewDependency(graph, c, 'bd-a', 'related'), undefined);
  });

  it('refuses itself, unknown targets, empty and long types', () => {
    assert.throws(() => checkNewDependency(graph, a, 'bd-a', 'blocks'), /issue cannot depend on itself/);
    assert.throws(() => checkNewDependency(graph, a, 'bd-nope', 'blocks'), /dependency target bd-nope not found/);
    assert.throws(() => checkNewDependency(graph, a, 'bd-c', dependencyType(' ')), /invalid dependency type/);
    assert.throws(() => checkNewDependency(graph, a, 'bd-c', dependencyType('x'.repeat(51))), /max 50 chars/);
    assert.equal(checkNewDependency(graph, a, 'external:lib:cap', 'blocks'), undefined);
  });

  it('is idempotent, and lets dependencies of other types stand beside one', () => {
    assert.deepEqual(checkNewDependency(graph, a, 'bd-b', 'blocks'), a.dependencies?.[0]);
    assert.equal(checkNewDependency(graph, a, 'bd-b', 'related'), undefined);
  });

  it('refuses an epic under a task', () => {
    assert.throws(
      () => checkNewDependency(graphOf(bead({ id: 'bd-t' }), c), c, 'bd-t', 'parent-child'),
      /invalid parent-child dependency/,
    );
  });

  it('reads the forms of --deps', () => {
    assert.deepEqual(dependencyFromInput(''), { type: 'blocks', swap: false });
    assert.deepEqual(dependencyFromInput('blocked-by'), { type: 'blocks', swap: false });
    assert.deepEqual(dependencyFromInput('blocks'), { type: 'blocks', swap: true });
    assert.deepEqual(dependencyFromInput('discovered-from'), { type: 'discovered-from', swap: false });
  });

  it('finds a path through 20,000 beads without recursion', () => {
    const chain = Array.from({ length: 20_000 }, (_, index) =>
      bead({ id: `bd-${index}`, dependencies: [edge(`bd-${index}`, `bd-${index + 1}`)] }),
    );
    assert.equal(pathBetween(graphOf(...chain.slice(0, 1)), 'bd-0', 'bd-1')?.length, 2);
    const byId = new Map(chain.map((one) => [one.id, one]));
    assert.equal(pathBetween({ ...graphOf(), get: (id) => byId.get(id) }, 'bd-0', 'bd-20000')?.length, 20_001);
  });
});

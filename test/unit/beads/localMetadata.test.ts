import assert from 'node:assert/strict';
import { decodeLine, type Stored } from '../../../server/src/beads/storage/codec';
import { beadType, type Bead } from '../../../server/src/protocol/bead';
import { engineTypes, keepLocal } from '../../../server/src/beads/storage/localMetadata';
import { edge } from './support';

function bead(metadata: unknown, more: Partial<Bead> = {}): Stored {
  const line = {
    id: 'toy-a1b2c',
    title: 'x',
    status: 'open',
    priority: 2,
    issue_type: 'task',
    created_at: '2026-01-01T00:00:00Z',
    updated_at: '2026-01-01T00:00:00Z',
    metadata,
    ...more,
  };
  const decoded = decodeLine(JSON.stringify(line));
  assert.ok('bead' in decoded);
  return decoded;
}

describe("the engine's own metadata", () => {
  it('cannot be set from outside', () => {
    assert.deepEqual(keepLocal(bead({ mine: 1, gastown: { branch: 'x' } }), undefined).bead.metadata, { mine: 1 });
    assert.equal(keepLocal(bead({ merge: {} }), undefined).bead.metadata, undefined);
  });
  it('cannot be changed or taken away from outside', () => {
    const ours = bead({ gastown: { attempt: 2 }, other: 1 });
    assert.deepEqual(keepLocal(bead({ gastown: { attempt: 9 }, other: 2 }), ours).bead.metadata, {
      gastown: { attempt: 2 },
      other: 2,
    });
    assert.deepEqual(keepLocal(bead(undefined), ours).bead.metadata, { gastown: { attempt: 2 } });
  });
  it('gets no other meaning: nothing from outside turns a bead into one of the engine, or one of the engine into another', () => {
    const merge = { merge: { source: 'toy-x', review: { state: 'approved' } } };
    for (const type of [...engineTypes, 'merge-request'].map(beadType)) {
      assert.equal(keepLocal(bead(merge, { issue_type: type }), bead(merge)).bead.issue_type, 'task', type);
      assert.match(keepLocal(bead(merge, { issue_type: type }), bead(merge)).text, /"issue_type":"task"/);
      const kept = keepLocal(bead({}, { issue_type: 'task', title: 'y' }), bead(merge, { issue_type: type })).bead;
      assert.deepEqual([kept.issue_type, kept.title, kept.metadata], [type.replace('-', '_'), 'y', merge]);
      assert.deepEqual(
        keepLocal(bead({ ...merge, convoy: { launched_at: 'x' } }, { issue_type: type }), undefined).bead.metadata,
        undefined,
        'a new one has nothing to act on',
      );
    }
    assert.equal(keepLocal(bead({}, { issue_type: 'bug' }), bead({})).bead.issue_type, 'bug');
  });
  it('includes what a launched convoy tracks, which is dispatched', () => {
    const tracks = (...ids: string[]): Partial<Bead> => ({
      issue_type: 'convoy',
      dependencies: ids.map((id) => edge('toy-a1b2c', id, id === 'r' ? 'related' : 'tracks')),
    });
    const after = (ours: object, theirs: Partial<Bead>): string[] =>
      (keepLocal(bead(undefined, theirs), bead({ convoy: ours }, tracks('a', 'b'))).bead.dependencies ?? []).map(
        (item) => item.depends_on_id,
      );
    assert.deepEqual(after({ launched_at: 'x' }, tracks('b', 'z', 'r')), ['b', 'r', 'a']);
    assert.deepEqual(after({ launched_at: 'x' }, { issue_type: 'convoy' }), ['a', 'b']);
    assert.deepEqual(after({}, tracks('b', 'z', 'r')), ['b', 'z', 'r'], 'a staged one is planned, also elsewhere');
  });
  it('leaves everything else byte for byte', () => {
    const theirs = bead({ z: 1, a: [1.5] });
    assert.equal(keepLocal(theirs, undefined), theirs);
    assert.equal(keepLocal(theirs, theirs), theirs);
  });
});

import assert from 'node:assert/strict';
import { decodeLine, type Stored } from '../../../server/src/beads/codec';
import { keepLocal } from '../../../server/src/beads/localMetadata';

function bead(metadata: unknown): Stored {
  const line = { id: 'toy-a1b2c', title: 'x', status: 'open', priority: 2, issue_type: 'task', created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z', metadata };
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
    assert.deepEqual(keepLocal(bead({ gastown: { attempt: 9 }, other: 2 }), ours).bead.metadata, { gastown: { attempt: 2 }, other: 2 });
    assert.deepEqual(keepLocal(bead(undefined), ours).bead.metadata, { gastown: { attempt: 2 } });
  });
  it('leaves everything else byte for byte', () => {
    const theirs = bead({ z: 1, a: [1.50] });
    assert.equal(keepLocal(theirs, undefined), theirs);
    assert.equal(keepLocal(theirs, theirs), theirs);
  });
});

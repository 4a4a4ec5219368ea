import assert from 'node:assert/strict';
import { cutBytes } from '../../../server/src/base/text';
import { escalate, isOpen, resolveEscalation } from '../../../server/src/engine/escalation/escalation';
import { hqStore } from '../../helpers/ledger';

describe('escalations', () => {
  const cause = { key: 'toy-a1.2', title: `${'🧪'.repeat(200)} failed`, detail: 'why', bead: 'toy-a1.2' };

  it('are one for one cause, opened again by its return, and closed when it is gone', async () => {
    const store = await hqStore();
    await store.batch({ actor: 'deacon' }, (tx) => escalate(tx, cause));
    await store.batch({ actor: 'deacon' }, (tx) => escalate(tx, { ...cause, detail: 'again' }));
    const [bead, ...more] = store.list({ type: ['escalation'], limit: 0 });
    assert.equal(more.length, 0);
    assert.equal(bead?.description, 'again');
    assert.ok(Buffer.byteLength(bead?.title ?? '') <= 500);
    await store.batch({ actor: 'deacon' }, (tx) => resolveEscalation(tx, cause.key, 'merged'));
    assert.equal(isOpen(store, cause.key), false);
    await store.batch({ actor: 'deacon' }, (tx) => resolveEscalation(tx, 'never heard of', 'merged'));
    await store.batch({ actor: 'deacon' }, (tx) => escalate(tx, cause));
    assert.equal(isOpen(store, cause.key), true);
    await store.close();
  });

  it('can be filed again after a person deleted them', async () => {
    const store = await hqStore();
    await store.batch({ actor: 'deacon' }, (tx) => escalate(tx, cause));
    const id = store.list({ type: ['escalation'], limit: 0 })[0]!.id;
    await store.batch({ actor: 'ann' }, (tx) => tx.delete(id, 'not interested'));
    await store.batch({ actor: 'deacon' }, (tx) => escalate(tx, cause));
    assert.equal(isOpen(store, cause.key), true);
    await store.close();
  });
});

describe('cutting titles', () => {
  it('counts bytes and breaks no character', () => {
    assert.equal(cutBytes('short', 10), 'short');
    assert.equal(cutBytes('🧪🧪🧪', 12), '🧪🧪🧪');
    assert.equal(cutBytes('🧪🧪🧪🧪', 12), '🧪🧪…');
    assert.ok(Buffer.byteLength(cutBytes('é'.repeat(500), 101)) <= 101);
  });
});

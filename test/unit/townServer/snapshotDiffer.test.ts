import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SnapshotDiffer, type SnapshotContent } from '../../../server/src/townServer/snapshot/snapshotDiffer';
import type { BeadInfo } from '../../../server/src/protocol/town';

function picture(beads: Record<string, string>): SnapshotContent {
  const items = Object.entries(beads).map(([id, title]) => ({ id, title }) as BeadInfo);
  return { town: [], rigs: [], agents: [], convoys: [], beads: items, attention: [] };
}

describe('picture differ', () => {
  it('says nothing where nothing changed', () => {
    const differ = new SnapshotDiffer(picture({ a: '1' }));
    assert.equal(differ.update(picture({ a: '1' })), undefined);
    assert.equal(differ.snapshot().revision, 1);
  });

  it('names what is new, different and gone, with a rising revision', () => {
    const differ = new SnapshotDiffer(picture({ a: '1', b: '1' }));
    assert.deepEqual(differ.update(picture({ a: '2', c: '1' })), {
      from: 1,
      to: 2,
      changes: {
        beads: {
          upsert: [
            { id: 'a', title: '2' },
            { id: 'c', title: '1' },
          ],
          remove: ['b'],
        },
      },
    });
  });

  it('leads from any picture to any other', () => {
    const pictures = fc.array(fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('1', '2')), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(pictures, (all) => {
        const differ = new SnapshotDiffer(picture(all[0]!));
        const known = new Map(differ.snapshot().beads.map((bead) => [bead.id, bead]));
        for (const next of all) {
          const delta = differ.update(picture(next));
          for (const bead of delta?.changes.beads?.upsert ?? []) known.set(bead.id, bead);
          for (const id of delta?.changes.beads?.remove ?? []) known.delete(id);
          assert.deepEqual(Object.fromEntries([...known].map(([id, bead]) => [id, bead.title])), { ...next });
        }
      }),
    );
  });
});

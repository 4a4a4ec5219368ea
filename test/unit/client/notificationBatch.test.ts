import assert from 'node:assert/strict';
import { mergeNotifications, needsPerson } from '../../../client/src/ui/notificationBatch';

describe('notifications', () => {
  it('need the person unless they report a success', () => {
    assert.equal(needsPerson({ severity: 'info', text: 'Convoy landed: A' }), false);
    assert.ok(needsPerson({ severity: 'warning', text: 'It failed' }));
    assert.ok(needsPerson({ severity: 'info', text: 'A plan', plan: true }));
    assert.ok(needsPerson({ severity: 'info', text: 'A review', review: 'toy-m' }));
  });

  it('are merged, the most severe first, one per bead', () => {
    assert.equal(mergeNotifications([]), undefined);
    assert.equal(mergeNotifications([{ severity: 'info', text: 'Convoy landed: A' }])?.text, 'Convoy landed: A');
    const batch = mergeNotifications([
      { severity: 'info', text: 'Convoy landed: A', convoy: 'hq-a' },
      { severity: 'warning', text: 'exit code 3', bead: 'toy-b' },
      { severity: 'warning', text: 'toy-b failed: exit code 3', bead: 'toy-b' },
    ]);
    assert.equal(batch?.text, 'toy-b failed: exit code 3 (and 1 more message)');
    assert.equal(batch?.notification.bead, 'toy-b');
  });
});

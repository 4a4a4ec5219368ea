import assert from 'node:assert/strict';
import { Activities } from '../../../server/src/engine/loop/activities';

describe('what the rules are doing', () => {
  it('is the latest that an actor shows, until it ends', () => {
    const activities = new Activities();
    const [first, second] = [activities.begin('toy/refinery'), activities.begin('toy/refinery')];
    assert.equal(activities.of('toy/refinery'), undefined, 'nothing is shown yet');
    first.show('test: toy-1');
    second.show('lint: toy-2');
    assert.equal(activities.of('toy/refinery'), 'lint: toy-2');
    first.show('lint: toy-1');
    assert.equal(activities.of('toy/refinery'), 'lint: toy-1');
    first.end();
    assert.equal(activities.of('toy/refinery'), 'lint: toy-2', 'the end of one does not hide the other');
    second.end();
    assert.equal(activities.of('toy/refinery'), undefined);
    assert.equal(activities.of('lib/refinery'), undefined);
  });
});

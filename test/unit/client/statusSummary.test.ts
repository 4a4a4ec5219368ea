import assert from 'node:assert/strict';
import { statusSummary } from '../../../client/src/features/overview/statusBarSummary';
import { TownStore } from '../../../client/src/state/townStore';
import { escalation, polecat, snapshot, town } from './samples';

describe('the status bar', () => {
  const store = new TownStore();

  it('counts active agents and attention items', () => {
    store.reset(
      snapshot({
        town: [town({ up: false })],
        agents: [polecat('nux', { session: 's' }), polecat('ace', { state: 'idle' })],
        attention: [escalation('e')],
      }),
    );
    const summary = statusSummary(store, { kind: 'ready', root: '/gt' }, true);
    assert.equal(summary?.text, '$(robot) 1 $(warning) 1 $(debug-pause)');
    assert.equal(summary?.aria, 'Gas Town: 1 agent active, 1 item needs your attention, engine paused');
    assert.ok(summary?.alarm);
  });

  it('reports a missing connection, and is hidden without a town', () => {
    assert.match(statusSummary(store, { kind: 'lost', root: '/gt', reason: 'x' }, true)?.text ?? '', /no connection/);
    assert.equal(statusSummary(store, { kind: 'none' }, true), undefined);
  });

  it('is read-only in Restricted Mode, without commands that would be refused', () => {
    const looking = statusSummary(store, { kind: 'ready', root: '/gt' }, false);
    assert.equal(looking?.text, '$(shield) $(robot) 1 $(warning) 1 $(debug-pause)');
    assert.doesNotMatch(looking.tooltip, /startEngine|pauseEngine/);
    assert.match(statusSummary(store, { kind: 'notRunning', root: '/gt' }, false)?.aria ?? '', /Restricted Mode/);
  });

  it('has valid links, whatever the titles contain', () => {
    store.reset(snapshot({ attention: [escalation('hq-esc-(1)', { title: 'x](command:evil) y' })] }));
    const tooltip = statusSummary(store, { kind: 'ready', root: '/gt' }, true)?.tooltip ?? '';
    assert.doesNotMatch(tooltip, /(?<!\\)\]\(command:evil/);
    assert.match(tooltip, /command:gastown\.openAttention\?%5B[^()\s]*\)/);
  });
});

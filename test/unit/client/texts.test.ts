import assert from 'node:assert/strict';
import { escapeMarkdown, fenced, noIcons, oneLine, revealHidden } from '../../../client/src/base/text';
import { DependencyGraph } from '../../../client/src/features/convoys/dependencyGraph';
import { rigNameFrom } from '../../../client/src/features/rigs/rigName';
import { TownStore } from '../../../client/src/state/townStore';
import { backoff } from '../../../client/src/connection/backoff';
import { statusSummary } from '../../../client/src/features/overview/summary';
import { mergeNotifications } from '../../../client/src/ui/notificationBatch';
import { findBeadIds } from '../../../client/src/features/beads/beadText';
import { escalation, polecat, snapshot, town } from './samples';

describe('texts from elsewhere', () => {
  it('become one line of bounded length', () => {
    assert.equal(oneLine('a\n\tb\u202e c'), 'a b c');
    assert.equal([...oneLine('🚚'.repeat(500), 10)].length, 10);
  });

  it('bring no icons, links or HTML', () => {
    assert.ok(!noIcons('$(trash) x').includes('$('));
    assert.doesNotMatch(escapeMarkdown('[a](b) <c> `d` $(e)'), /(?<!\\)\]\(|\$\(/);
    assert.match(escapeMarkdown('<c>'), /&lt;c/);
    assert.equal(escapeMarkdown('toy-a1: status_changed (1.2)'), 'toy-a1: status_changed (1.2)');
    assert.equal(escapeMarkdown('_x_ **y**'), '\\_x\\_ \\*\\*y\\*\\*');
    assert.notEqual(escapeMarkdown('# no heading'), '# no heading');
  });

  it('hide nothing in commands that are to be accepted', () => {
    assert.equal(
      revealHidden('npm test\u202e # \u001b[2Kx\r\n\tnext'),
      'npm test\\u{202e} # \\u{1b}[2Kx\\u{d}\n\tnext',
    );
  });

  it('cannot close the fence around them', () => {
    assert.equal(fenced('a\n````\nb', 'sh'), '`````sh\na\n````\nb\n`````');
  });
});

describe('the status bar', () => {
  const store = new TownStore();

  it('counts agents at work and what needs a person', () => {
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

  it('says when there is no connection, and nothing where there is no town', () => {
    assert.match(statusSummary(store, { kind: 'lost', root: '/gt', reason: 'x' }, true)?.text ?? '', /no connection/);
    assert.equal(statusSummary(store, { kind: 'none' }, true), undefined);
  });

  it('says that a window in restricted mode looks on, and offers nothing that would be refused', () => {
    const looking = statusSummary(store, { kind: 'ready', root: '/gt' }, false);
    assert.equal(looking?.text, '$(shield) $(robot) 1 $(warning) 1 $(debug-pause)');
    assert.doesNotMatch(looking.tooltip, /startEngine|pauseEngine/);
    assert.match(statusSummary(store, { kind: 'notRunning', root: '/gt' }, false)?.aria ?? '', /Restricted Mode/);
  });

  it('keeps its links whole whatever titles say', () => {
    store.reset(snapshot({ attention: [escalation('hq-esc-(1)', { title: 'x](command:evil) y' })] }));
    const tooltip = statusSummary(store, { kind: 'ready', root: '/gt' }, true)?.tooltip ?? '';
    assert.doesNotMatch(tooltip, /(?<!\\)\]\(command:evil/);
    assert.match(tooltip, /command:gastown\.openAttention\?%5B[^()\s]*\)/);
  });
});

describe('messages to the person', () => {
  it('are told together, the worst first, each thing once', () => {
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

describe('small rules', () => {
  it('names rigs', () => {
    assert.equal(rigNameFrom('https://github.com/me/my-lib.git'), 'my_lib');
    assert.equal(rigNameFrom('/src/toy/'), 'toy');
    assert.equal(rigNameFrom('git@host:x.git', new Set(['x'])), 'x_2');
    assert.equal(rigNameFrom('/src/---'), 'rig');
    assert.equal(rigNameFrom('/src/mayor'), 'rig');
  });

  it('finds beads in terminals by the prefixes of the town', () => {
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

  it('waits ever longer for a server, up to a bound', () => {
    assert.ok(backoff(0) <= 200 && backoff(1) > backoff(0) && backoff(100) === 15_000);
  });
});

import assert from 'node:assert/strict';
import { TownStore } from '../../../client/src/state/townStore';
import { agentRows, agentRowTooltip, terminalName } from '../../../client/src/features/agents/agentRows';
import { attentionRows, attentionTooltip } from '../../../client/src/features/attention/attentionRows';
import { convoyRows, convoyRowTooltip } from '../../../client/src/features/convoys/convoyRows';
import type { Row, RowTarget } from '../../../client/src/ui/tree/row';
import { openAttention } from '../../../client/src/state/queries';
import type { TownSnapshot } from '../../../server/src/protocol/town';
import { bead, convoy, escalation, polecat, rig, snapshot, town } from './samples';

function storeOf(picture: Partial<TownSnapshot>): TownStore {
  const store = new TownStore();
  store.reset(snapshot(picture));
  return store;
}

/** A tree as text, one line per row. */
function drawn(rows: readonly Row[], depth = 0): string[] {
  return rows.flatMap((row) => [
    `${'  '.repeat(depth)}${row.label}${row.description ? ` | ${row.description}` : ''}`,
    ...drawn(row.children, depth + 1),
  ]);
}

describe('the Convoys tree', () => {
  it('shows progress, open dependencies and workers', () => {
    const store = storeOf({
      convoys: [convoy('hq-c1', ['toy-a', 'toy-b', 'toy-c', 'toy-d', 'toy-e', 'toy-f'], { title: 'Search', done: 1 })],
      beads: [
        bead('toy-a', { title: 'Index', phase: 'merged', status: 'closed' }),
        bead('toy-b', { title: 'Query', phase: 'working', assignee: 'toy/polecats/nux', attempt: 2 }),
        bead('toy-c', { title: 'Page', phase: 'waiting', blockedBy: ['toy-b', 'toy-z'] }),
        bead('toy-d', { title: 'Rank', phase: 'merging' }),
        bead('toy-e', { title: 'Docs', phase: 'failed', problem: 'npm test ended with 1', attempt: 3 }),
        bead('toy-f', { title: 'Later', phase: 'queued' }),
      ],
      agents: [polecat('nux', { bead: 'toy-b', session: 's1' })],
    });
    assert.deepEqual(drawn(convoyRows(store)), [
      'Search | 1/6 · 1 failed',
      '  Index | merged',
      '  Query | nux is working · attempt 2',
      '  Page | waiting for Query, toy-z',
      '  Rank | running checks',
      '  Docs | failed · attempt 3',
      '  Later | in the merge queue',
    ]);
    const [row] = convoyRows(store);
    assert.equal(row?.aria, 'Convoy Search, 1 of 6, 1 failed');
    assert.equal(row?.context, 'convoy.open.failed');
    assert.equal(row?.children[1]?.context, 'bead.working.tracked.live');
    assert.match(row?.children[4]?.aria ?? '', /npm test ended with 1/);
    assert.match(convoyRowTooltip(store, { kind: 'bead', id: 'toy-e' }) ?? '', /npm test ended with 1/);
  });

  it('shows stopped and crashed agents', () => {
    const picture = (state: 'off' | 'crashed') =>
      storeOf({
        convoys: [convoy('hq-c1', ['toy-a'])],
        beads: [bead('toy-a', { phase: 'working', assignee: 'toy/polecats/nux' })],
        agents: [polecat('nux', { bead: 'toy-a', state })],
      });
    assert.deepEqual(drawn(convoyRows(picture('off')))[1], '  Title of toy-a | nux was stopped');
    assert.deepEqual(drawn(convoyRows(picture('crashed')))[1], '  Title of toy-a | nux crashed');
  });

  it('orders convoys: running, staged, landed', () => {
    const store = storeOf({
      convoys: [
        convoy('hq-c1', [], { title: 'Old', status: 'closed', landedAt: '2026-01-02T00:00:00Z' }),
        convoy('hq-c2', ['toy-a'], { title: 'Plan', status: 'staged_ready' }),
        convoy('hq-c3', [], { title: 'Doubtful', status: 'staged_warnings' }),
        convoy('hq-c4', [], { title: 'Now' }),
      ],
      beads: [bead('toy-a', { convoys: ['hq-c2'] })],
    });
    assert.deepEqual(drawn(convoyRows(store)), [
      'Now | 0/0',
      'Doubtful | 0/0 · staged, with warnings',
      'Plan | 0/1 · staged',
      '  Title of toy-a | staged',
      'Landed | 1',
      '  Old | 0/0 · landed',
    ]);
  });

  it('says of a convoy that is open what holds it, and which was closed early', () => {
    const store = storeOf({
      convoys: [
        convoy('hq-c1', [], { title: 'New', launchedAt: undefined }),
        convoy('hq-c2', [], { title: 'Held', paused: true }),
        convoy('hq-c3', ['toy-a'], { title: 'All', paused: true, launchedAt: undefined }),
        convoy('hq-c4', [], {
          title: 'Gone',
          status: 'closed',
          landedAt: '2026-01-02T00:00:00Z',
          cancelled: 'not needed',
        }),
      ],
      beads: [bead('toy-a', { convoys: ['hq-c3'], phase: 'failed' })],
    });
    const rows = convoyRows(store);
    assert.deepEqual(
      drawn(rows).filter((line) => !line.includes('toy-a')),
      [
        'All | 0/1 · 1 failed, paused, not launched',
        'Held | 0/0 · paused',
        'New | 0/0 · not launched',
        'Landed | 1',
        '  Gone | 0/0 · closed',
      ],
    );
    assert.deepEqual(
      rows.map((row) => row.context),
      ['convoy.open.unlaunched.paused.failed', 'convoy.open.paused', 'convoy.open.unlaunched', 'group.landed'],
    );
    assert.equal(rows[0]?.children[0]?.context, 'bead.failed.tracked');
    assert.match(convoyRowTooltip(store, { kind: 'convoy', id: 'hq-c4' }) ?? '', /Closed .*: not needed/);
  });

  it('shows a bead in each of its convoys, and beads without one in a group', () => {
    const store = storeOf({
      convoys: [convoy('hq-c1', ['toy-a']), convoy('hq-c2', ['toy-a'])],
      beads: [bead('toy-a', { convoys: ['hq-c1', 'hq-c2'] }), bead('toy-b', { convoys: [], phase: 'working' })],
    });
    const rows = convoyRows(store);
    assert.deepEqual(drawn(rows), [
      'Convoy hq-c2 | 0/1',
      '  Title of toy-a | ready',
      'Convoy hq-c1 | 0/1',
      '  Title of toy-a | ready',
      'Not in a convoy | 1',
      '  Title of toy-b | in progress',
    ]);
    const ids = rows.flatMap((row) => [row.id, ...row.children.map((child) => child.id)]);
    assert.equal(new Set(ids).size, ids.length);
  });

  it('shows hostile titles safely', () => {
    const title = `"; rm -rf ~ \u0000\n\u202e$(trash) ${'x'.repeat(10_000)}`;
    const store = storeOf({
      convoys: [convoy('hq-c1', ['toy-a'], { title })],
      beads: [bead('toy-a', { title: '[click](command:workbench.action.quit) <img src=x>' })],
    });
    const [row] = convoyRows(store);
    assert.ok((row?.label.length ?? 0) <= 120);
    assert.ok(!/[\u0000-\u001f\u202e]/.test(row?.label ?? ''));
    const tooltip = convoyRowTooltip(store, { kind: 'bead', id: 'toy-a' }) ?? '';
    assert.ok(!tooltip.includes('[click]('), tooltip);
    assert.ok(!tooltip.includes('<img'), tooltip);
  });
});

describe('the Agents tree', () => {
  it('shows the town, then each rig with its roles and workers', () => {
    const store = storeOf({
      rigs: [rig('toy', { fastForward: { commits: 2, clean: true } }), rig('abc', { accepted: false })],
      agents: [
        polecat('nux', {
          bead: 'toy-a',
          beadTitle: 'Index',
          step: { id: 'test', title: 'Test: Index', index: 4, total: 5 },
          session: 's1',
        }),
        polecat('ace', { state: 'crashed' }),
        {
          id: 'toy/refinery',
          role: 'refinery',
          rig: 'toy',
          name: 'refinery',
          kind: 'rule',
          state: 'working',
          activity: 'testing toy-b',
        },
        { id: 'toy/witness', role: 'witness', rig: 'toy', name: 'witness', kind: 'rule', state: 'idle' },
        { id: 'deacon', role: 'deacon', name: 'deacon', kind: 'rule', state: 'idle' },
        { id: 'mayor', role: 'mayor', name: 'mayor', kind: 'agent', state: 'off' },
      ],
    });
    const rows = agentRows(store);
    assert.deepEqual(drawn(rows), [
      'gt | engine running',
      '  mayor | off',
      '  deacon | idle',
      'abc | commands need your approval',
      'toy | 1 active · 2 commits ready',
      '  witness | idle',
      '  refinery | testing toy-b',
      '  ace | crashed',
      '  nux | working · Index · test (4/5)',
    ]);
    assert.equal(rows[1]?.context, 'rig.unaccepted');
    assert.equal(rows[2]?.context, 'rig.accepted.behind');
    assert.equal(rows[2]?.children[3]?.context, 'agent.agent.working.polecat.live.hooked');
  });

  it('shows the step in the tooltip and in the name of the terminal', () => {
    const step = { id: 'test', title: 'Test: *Index*', index: 4, total: 5 };
    const agent = polecat('nux', { bead: 'toy-a', step });
    const store = storeOf({ agents: [agent], beads: [bead('toy-a', { phase: 'working', step })] });
    assert.match(agentRowTooltip(store, { kind: 'agent', id: agent.id }) ?? '', /Step 4 of 5: Test: \\\*Index/);
    assert.match(convoyRowTooltip(store, { kind: 'bead', id: 'toy-a' }) ?? '', /Step 4 of 5/);
    assert.deepEqual(
      [agent, polecat('nux', { bead: 'toy-a' }), polecat('nux', { step }), undefined].map((known) =>
        terminalName('toy/polecats/nux', known),
      ),
      ['nux · test (4/5)', 'nux · toy-a', 'nux', 'nux'],
    );
    assert.ok(terminalName('x', polecat('nux', { bead: 'b', step: { ...step, id: 'x\n'.repeat(100) } })).length < 70);
  });

  it('is empty without a town', () => {
    assert.deepEqual(agentRows(new TownStore()), []);
  });
});

describe('the Mayor and the crew', () => {
  it('have a row in every state, with flags for their menus', () => {
    const store = storeOf({
      rigs: [rig('toy')],
      agents: [
        {
          id: 'mayor',
          role: 'mayor',
          name: 'mayor',
          kind: 'agent',
          state: 'working',
          session: 's',
          activity: 'planning: A search',
        },
        { id: 'toy/crew/ann', role: 'crew', rig: 'toy', name: 'ann', kind: 'agent', state: 'off' },
        { id: 'toy/crew/bob', role: 'crew', rig: 'toy', name: 'bob', kind: 'agent', state: 'working', session: 't' },
      ],
    });
    const rows = agentRows(store);
    assert.deepEqual(drawn(rows), [
      'gt | engine running',
      '  mayor | working · planning: A search',
      'toy | 1 active',
      '  ann | off',
      '  bob | working',
    ]);
    assert.deepEqual(
      [rows[0]?.children[0]?.context, ...(rows[1]?.children.map((row) => row.context) ?? [])],
      ['agent.agent.working.mayor.live', 'agent.agent.off.crew', 'agent.agent.working.crew.live'],
    );
  });
});

describe('the Needs Attention list', () => {
  it('has the most severe items first, mail and plans below, and acknowledged ones last and not counted', () => {
    const store = storeOf({
      town: [town()],
      attention: [
        escalation('e1', { title: 'Seen to', severity: 'critical', acked: true }),
        escalation('e2', { title: 'Small', severity: 'low' }),
        escalation('e3', { title: 'Large', severity: 'critical' }),
        { id: 'plan-c', kind: 'plan', title: 'The Mayor has a plan: Search', detail: '', convoy: 'c' },
        { id: 'm', kind: 'mail', title: 'toy/polecats/rust: Done?', detail: '', from: 'toy/polecats/rust' },
      ],
    });
    const rows = attentionRows(store);
    assert.deepEqual(drawn(rows), [
      'Large | escalation · critical',
      'Small | escalation · low',
      'toy/polecats/rust: Done? | mail',
      'The Mayor has a plan: Search | plan…',
      'Seen to | escalation · critical · acknowledged',
    ]);
    assert.deepEqual([rows[0]?.context, rows[4]?.context], ['attention.escalation', 'attention.escalation.acked']);
    assert.match(rows[4]?.aria ?? '', /acknowledged: Seen to/);
    assert.deepEqual(
      openAttention(store).map((item) => item.id),
      ['e3', 'e2', 'm', 'plan-c'],
    );
  });

  it('has items first that block agents', () => {
    const store = storeOf({
      town: [town()],
      attention: [
        { id: 'f', kind: 'fast-forward', title: 'toy: fast-forward main', detail: '', rig: 'toy' },
        { id: 'p', kind: 'problem', title: 'old: its folder is gone', detail: '', rig: 'old' },
        escalation('hq-esc-1', { title: 'toy-a failed' }),
        {
          id: 'c',
          kind: 'consent',
          title: 'toy: its commands',
          detail: '',
          rig: 'toy',
          consent: { kind: 'rig-commands', hash: 'x', text: 'test: npm test' },
        },
      ],
    });
    assert.deepEqual(drawn(attentionRows(store)), [
      'old: its folder is gone | problem',
      'toy: its commands | approve…',
      'toy-a failed | escalation',
      'toy: fast-forward main | fast-forward…',
    ]);
  });
});

describe('every tree', () => {
  const MARK = '\u202e';
  const evil = (what: string): string => `${what}${MARK}fdp.exe`;
  const store = storeOf({
    town: [town({ name: evil('town'), root: evil('/root') })],
    rigs: [rig('toy', { source: evil('/source'), targetBranch: evil('branch'), defaultBranch: evil('main') })],
    convoys: [convoy('hq-c1', ['toy-a'], { title: evil('convoy') })],
    beads: [
      bead('toy-a', {
        title: evil('bead'),
        problem: evil('problem'),
        assignee: evil('assignee'),
        why: [{ kind: 'person', name: evil('person') }],
        step: { id: evil('step'), title: evil('step title'), index: 1, total: 2 },
        phase: 'working',
        status: 'in_progress',
      }),
    ],
    agents: [
      polecat('nux', {
        activity: evil('activity'),
        bead: 'toy-a',
        beadTitle: evil('bead title'),
        state: 'working',
        runtime: evil('runtime'),
        step: { id: evil('step'), title: evil('step title'), index: 1, total: 2 },
      }),
    ],
    attention: [{ ...escalation('hq-e1'), title: evil('title'), detail: evil('detail'), command: evil('command') }],
  });

  for (const [name, rows, tooltip] of [
    ['Convoys', convoyRows(store), (target: RowTarget) => convoyRowTooltip(store, target)],
    ['Agents', agentRows(store), (target: RowTarget) => agentRowTooltip(store, target)],
    ['Needs Attention', attentionRows(store), (target: RowTarget) => attentionTooltip(store, target)],
  ] as const)
    it(`writes out in "${name}" what would reorder a line, in rows and in what a hover says`, () => {
      const all = (some: readonly Row[]): Row[] => some.flatMap((row) => [row, ...all(row.children)]);
      const texts = all(rows).flatMap((row) => [row.label, row.description ?? '', row.aria, tooltip(row.target) ?? '']);
      assert.ok(texts.some((text) => text.includes('u{202e}')));
      assert.deepEqual(
        texts.filter((text) => text.includes(MARK)),
        [],
      );
    });
});

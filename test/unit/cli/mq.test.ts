import assert from 'node:assert/strict';
import {
  DirectLand,
  LandingSettings,
  MqDiff,
  MqGet,
  MqList,
  MqApprove,
  MqLog,
  MqProcess,
  MqReject,
  MqReorder,
  MqSubmit,
  type DirectLandingResult,
  type MergeRequestInfo,
} from '../../../server/src/protocol/town';
import { GtTown } from './gtTown';

const request: MergeRequestInfo = {
  id: 'toy-mr1',
  rig: 'toy',
  bead: 'toy-1',
  title: 'Wall',
  worker: 'toy/polecats/rust',
  branch: 'b',
  target: 'main',
  commit: 'c'.repeat(40),
  state: 'queued',
  review: 'none',
  needsPerson: false,
  priority: 2,
  order: 0,
  first: false,
  score: 900,
  retries: 0,
  createdAt: '2026-01-02T00:00:00Z',
  checks: [],
  reviews: [],
  reviewers: [],
  reviewsNeeded: 'all',
  overlaps: [],
};
const at = '2026-01-03T00:00:00Z';
const merged: MergeRequestInfo = {
  ...request,
  state: 'merged',
  closedAt: at,
  landed: 'f'.repeat(40),
  reason: 'Merged in ffffffffffff',
  note: 'All is there',
  checks: [
    { gate: 'lint', passed: true, at },
    { gate: 'test', passed: true, at, seconds: 1.26 },
  ],
  direct: { by: 'ann', at, skipTests: true },
  validation: {
    validated_by: 'ann',
    validation_type: 'direct-landing',
    timestamp: at,
    quality_signals: { tests_passed: true, review_approved: null },
  },
  reviews: [{ by: 'ann', verdict: 'approved', message: 'Fine', at }],
};

describe('gt mq', () => {
  let town: GtTown;
  beforeEach(async () => {
    town = new GtTown();
    await town.start();
  });
  afterEach(() => town.stop());

  const ok = async (...args: string[]): Promise<string> => (await town.ok(...args)).trimEnd();
  const fails: GtTown['fails'] = (...args) => town.fails(...args);

  it('lists by state, and says for each what it waits for or how it ended', async () => {
    const list: MergeRequestInfo[] = [
      { ...request, order: -1 },
      { ...request, order: 2, waitsFor: 'steps' },
      { ...request, waitsFor: 'retry', waitsUntil: at },
      merged,
      { ...merged, state: 'no-change', direct: undefined },
      { ...merged, state: 'rejected' },
      { ...merged, state: 'withdrawn' },
    ];
    town.answer(MqList.spec, list);
    const lines = (await ok('mq', 'list', 'toy', '--all', '--worker', 'rust')).split('\n');
    assert.deepEqual(
      lines.map((line) => line.replace(/^toy-1 Wall \((.*); toy\/polecats\/rust; onto main\)$/, '$1')),
      [
        'queued; first',
        'waits for its steps; last',
        `waits until ${at}; score 900`,
        'merged as ffffffffffff, directly',
        'ended without a change',
        'sent back',
        'withdrawn',
      ],
    );
    assert.deepEqual(town.last(MqList.spec), { rig: 'toy', all: true, worker: 'rust' });
    town.answer(MqList.spec, []);
    assert.equal(await ok('merge-queue', 'list', 'toy', '--status', 'failed'), 'No such merge requests');
    await fails(/status/, 'mq', 'list', '--status', 'odd');
  });

  it('names the next one by score or by age, of those that could be merged', async () => {
    const old = { ...request, id: 'toy-mr2', bead: 'toy-2', createdAt: '2026-01-01T00:00:00Z' };
    const waits: MergeRequestInfo = { ...old, id: 'toy-mr3', bead: 'toy-3', waitsFor: 'steps' };
    town.answer(MqList.spec, [waits, request, old]);
    town.answer(MqGet.spec, ({ id }) => [request, old].find((one) => one.id === id)!);
    assert.match(await ok('mq', 'next'), /^toy-1 /);
    assert.match(await ok('mq', 'next', '--strategy', 'fifo'), /^toy-2 /);
    town.answer(MqGet.spec, { ...request, parts: ['api', 'web'] });
    assert.match(await ok('mq', 'next'), /^toy-1 .*; touches api, web alone\)/);
    assert.match(await ok('mq', 'status', 'toy-1'), /\n {2}touches api, web alone\n/);
    await fails(/strategy/, 'mq', 'next', '--strategy', 'odd');
  });

  it('shows all of one that has ended, and its diff', async () => {
    town.answer(MqGet.spec, merged);
    town.answer(MqDiff.spec, { text: '+hello\n' });
    assert.equal(
      await ok('mq', 'status', 'toy-1', '--diff'),
      [
        'toy-1 Wall',
        '  merge request toy-mr1, toy, by toy/polecats/rust',
        '  branch b, commit cccccccccccc, onto main',
        '  merged as ffffffffffff, directly',
        '  reason: Merged in ffffffffffff',
        '  landed directly by ann (--skip-tests)',
        '  validated by ann: tests_passed=true',
        "  author's note: All is there",
        '',
        '  checks',
        '    ✓ lint (cached)',
        '    ✓ test (1.3 s)',
        '',
        `  approved by ann, ${at}`,
        '    Fine',
        '',
        '+hello',
      ].join('\n'),
    );
    assert.equal(town.last(MqDiff.spec)?.id, 'toy-mr1');
    assert.equal(
      (JSON.parse(await ok('mq', 'status', 'toy-1', '--diff', '--json')) as { diff: string }).diff,
      '+hello\n',
    );
    town.answer(MqGet.spec, { ...request, state: 'failed', reason: 'refused', retries: 2 });
    assert.match(
      await ok('mq', 'status', 'toy-1'),
      /failed\n {2}score 900, priority 2\n {2}2 retries\n {2}problem: refused$/,
    );
  });

  it('submits by bead, branch or polecat, with a priority', async () => {
    town.answer(MqSubmit.spec, { mergeRequest: 'toy-mr1', bead: 'toy-1' });
    assert.equal(
      await ok('mq', 'submit', '--issue', 'toy-1', '-p', 'P0', '-m', 'Done'),
      '✓ toy-1 is in the merge queue (toy-mr1)',
    );
    assert.deepEqual(town.last(MqSubmit.spec), { bead: 'toy-1', priority: 0, message: 'Done' });
    await ok('merge-queue', 'add', 'toy', 'rust');
    assert.deepEqual(town.last(MqSubmit.spec), { agent: 'toy/polecats/rust' });
    await fails(/0 to 4/, 'mq', 'submit', '-p', '7');
  });

  it('takes a place, one of three, and a reason by either name', async () => {
    town.answer(MqReorder.spec, { mergeRequest: 'toy-mr1', bead: 'toy-1' });
    assert.equal(await ok('mq', 'reorder', 'toy-1', '--before', 'toy-2'), '✓ toy-1 is merged before toy-2');
    assert.deepEqual(town.last(MqReorder.spec), { id: 'toy-1', place: 'before', before: 'toy-2' });
    assert.equal(await ok('mq', 'reorder', 'toy-1', '--last'), '✓ toy-1 is merged last');
    await fails(/name the new position/, 'mq', 'reorder', 'toy-1');
    await fails(/name the new position/, 'mq', 'reorder', 'toy-1', '--first', '--last');
    town.answer(MqReject.spec, { mergeRequest: 'toy-mr1', bead: 'toy-1' });
    await ok('mq', 'reject', 'toy-1', '-r', 'add a test');
    assert.equal(town.last(MqReject.spec)?.message, 'add a test');
  });

  it('shows logs with their paths', async () => {
    const judged = { checks: [], reviewers: [], reviewsNeeded: 'all' as const, reviews: [] };
    const log = { gate: 'test', path: '/t/test.log', at, text: 'one\ntwo\n' };
    town.answer(MqLog.spec, {
      mergeRequest: 'toy-mr1',
      bead: 'toy-1',
      ...judged,
      logs: [log, { ...log, gate: 'lint', text: ' ' }],
    });
    assert.equal(
      await ok('mq', 'log', 'toy-1'),
      `test, ${at}: /t/test.log\n  one\n  two\n\nlint, ${at}: /t/test.log\n  (no output)`,
    );
    town.answer(MqLog.spec, { mergeRequest: 'toy-mr1', bead: 'toy-1', ...judged, logs: [] });
    assert.equal(await ok('mq', 'log', 'toy-1'), 'No gate has run for toy-1');
  });

  it('says which changes touch the same files', async () => {
    const overlaps = [
      { bead: 'toy-2', files: 3 },
      { bead: 'toy-3', files: 1 },
    ];
    town.answer(MqList.spec, [{ ...request, overlaps }]);
    assert.match(await ok('mq', 'list'), /overlaps with toy-2 in 3 files and with 1 other\)/);
    town.answer(MqList.spec, [request]);
    town.answer(MqGet.spec, { ...request, overlaps: overlaps.slice(1) });
    assert.match(await ok('mq', 'next'), /overlaps with toy-3 in 1 file\)/);
  });

  it('shows where each of several reviewers stands', async () => {
    const reviewers = [
      { name: 'codex', state: 'approved' as const, by: 'toy/refinery/codex' },
      { name: 'claude', state: 'to-do' as const, waitsUntil: at },
      { name: 'person', state: 'reviewing' as const },
    ];
    const several = { ...request, state: 'reviewing' as const, needsPerson: true, reviewers };
    town.answer(MqGet.spec, { ...several, reviewsNeeded: 'any' });
    const text = await ok('mq', 'status', 'toy-1');
    assert.match(text, /waits for a person's review, 1 of 3 approved/);
    assert.match(text, /reviewers \(one approval is enough\)\n {4}codex {3}✓ approved \(toy\/refinery\/codex\)/);
    assert.match(text, new RegExp(`claude  · not asked yet \\(asked again at ${at}\\)\\n    person  · reviewing`));
    town.answer(MqGet.spec, { ...several, reviewers: reviewers.slice(0, 1), reviewsNeeded: 'all' });
    assert.doesNotMatch(await ok('mq', 'status', 'toy-1'), /reviewers \(/, 'one is told by its review');
    town.answer(MqApprove.spec, { mergeRequest: 'toy-mr1', bead: 'toy-1', waitsFor: ['codex'] });
    assert.equal(await ok('mq', 'approve', 'toy-1'), '✓ Approved toy-1; still to answer: codex');
    town.answer(MqApprove.spec, { mergeRequest: 'toy-mr1', bead: 'toy-1' });
    assert.equal(await ok('mq', 'approve', 'toy-1', '--for-all'), '✓ Approved toy-1');
    assert.equal(town.last(MqApprove.spec)?.forAll, true);
  });

  it('says what has become of each when the queue is run by hand', async () => {
    const one = { mergeRequest: 'toy-mr1', bead: 'toy-1', title: 'Wall' };
    town.answer(MqProcess.spec, [
      { ...one, state: 'merged', landed: 'f'.repeat(40), reason: 'Merged in ffffffffffff' },
      { ...one, state: 'rejected', reason: 'Sent back: test failed' },
      { ...one, state: 'queued', reason: 'the network is away' },
      { ...one, state: 'reviewing' },
    ]);
    assert.deepEqual((await ok('refinery', 'process', 'toy')).split('\n'), [
      '✓ toy-1 Wall: merged as ffffffffffff',
      '✗ toy-1 Wall: sent back to its author (Sent back: test failed)',
      '· toy-1 Wall: still in the queue (the network is away)',
      '· toy-1 Wall: waits for its review',
    ]);
  });

  it('lands directly only where that is said, and shows the checks', async () => {
    const result: DirectLandingResult = {
      agent: 'toy/polecats/rust',
      bead: 'toy-1',
      title: 'Wall',
      branch: 'b',
      checks: [
        { name: 'session', outcome: 'passed' },
        { name: 'tests', outcome: 'skipped', detail: 'test' },
      ],
      files: [
        { path: 'a.txt', status: 'added', added: 2, removed: 0 },
        { path: 'b.png', status: 'modified' },
      ],
      landed: 'f'.repeat(40),
      snapshot: 's1',
      keptBranch: true,
    };
    town.answer(DirectLand.spec, result);
    assert.deepEqual((await ok('land', '--direct', 'toy/rust', '--skip-tests', '--force')).split('\n'), [
      '✓ Landed toy-1 Wall as ffffffffffff',
      '  ✓ its session has ended',
      '  - skipped: its gates pass (test)',
      '  added a.txt (+2 −0)',
      '  modified b.png (binary)',
      '  snapshot of its worktree: s1',
      '  the branch b is still there',
    ]);
    assert.deepEqual(town.last(DirectLand.spec), { agent: 'toy/rust', force: true, skipTests: true });
    await fails(/work lands through the merge queue/, 'land', 'toy/rust');
    const failed = { name: 'conflicts' as const, outcome: 'failed' as const, detail: 'in a.txt' };
    town.answer(DirectLand.spec, { ...result, checks: [failed], landed: undefined, files: [], snapshot: undefined });
    const dry = await town.gt('land', '--direct', 'toy/rust', '--dry-run');
    assert.equal(dry.code, 1);
    assert.match(dry.out, /would not land\n {2}✗ no conflict with the target \(in a.txt\)/);
    const settings = { mayorMayLand: false, mergeStrategy: 'squash', featureBranch: false } as const;
    town.answer(LandingSettings.spec, (given) => ({
      ...settings,
      ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    }));
    for (const [name, before, after] of [
      ['mayor-may-land', 'off', 'on'],
      ['feature-branch', 'off', 'on'],
      ['merge-strategy', 'squash', 'local'],
    ] as const)
      assert.deepEqual([await ok('config', name), await ok('config', name, after)], [before, after], name);
    await fails(/squash, rebase, merge, local, pr/, 'config', 'merge-strategy', 'octopus');
    await fails(/on-or-off|on, off/, 'config', 'mayor-may-land', 'maybe');
  });
});

import assert from 'node:assert/strict';
import { skillsOf, summaries, reviewsGiven } from '../../../server/src/cli/bd/workHistory';
import { languagesOf } from '../../../server/src/engine/history/languages';
import { reviewRecords, workRecords } from '../../../server/src/engine/history/workHistory';
import type { Bead } from '../../../server/src/protocol/bead';

const RUST = 'toy/polecats/rust';
const review = (by: string, verdict: 'approved' | 'rejected', at: string) => ({
  ...{ by, verdict, at },
  message: '',
  patch: 'p',
});

function bead(id: string, more: Partial<Bead>, work: Record<string, unknown> = {}): { bead: Bead; rig: string } {
  const base = { id, title: id, priority: 2, created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z' };
  return {
    rig: 'toy',
    bead: { ...base, issue_type: 'task', status: 'open', ...more, metadata: { gastown: { attempt: 1, ...work } } },
  };
}

describe('the history of work', () => {
  const beads = [
    bead(
      'toy-2',
      { assignee: RUST, status: 'closed', closed_at: '2026-01-01T04:00:00Z', labels: ['api'] },
      {
        merged: 'c2',
        attempt: 2,
        started: { at: '2026-01-01T02:00:00Z', runtime: 'claude', model: 'large' },
        reviews: [review('ann', 'rejected', '2026-01-01T02:30:00Z'), review('ann', 'approved', '2026-01-01T03:00:00Z')],
      },
    ),
    bead(
      'toy-1',
      { assignee: 'toy/polecats/nux', status: 'closed', closed_at: '2026-01-01T02:00:00Z' },
      { merged: 'c1', started: { at: '2026-01-01T01:00:00Z', runtime: 'script' } },
    ),
    bead('toy-3', { assignee: RUST, status: 'failed' }, { attempt: 3 }),
    bead('toy-4', { assignee: 'ann', status: 'in_progress', issue_type: 'bug' }, { started: undefined }),
    bead('toy-5', { status: 'closed', closed_at: '2026-01-01T01:00:00Z' }),
    bead('toy-6', { assignee: RUST, status: 'open', issue_type: 'message' }),
  ];
  const languages = new Map([
    ['c1', ['go']],
    ['c2', ['typescript', 'go']],
  ]);
  const work = workRecords(beads, undefined, { languages, prices: {} });

  it('is of whoever has a bead, the latest last; messages and what nobody had are none', () => {
    assert.deepEqual(
      work.map(({ bead: id, actor, outcome }) => [id, actor, outcome]),
      [
        ['toy-1', 'toy/polecats/nux', 'completed'],
        ['toy-2', RUST, 'completed'],
        ['toy-3', RUST, 'failed'],
        ['toy-4', 'ann', 'active'],
      ],
    );
    assert.deepEqual(
      workRecords(beads, 'toy/polecats/*', { languages, prices: {} }).map(({ bead: id }) => id),
      ['toy-1', 'toy-2', 'toy-3'],
    );
    assert.deepEqual(workRecords(beads, 'toy/polecats/ru', { languages, prices: {} }), []);
  });

  it('says what ran an agent, how often its changes were sent back, and what they consist of', () => {
    const { runtime, model, attempts, approvals, rejections, languages: of } = work[1]!;
    assert.deepEqual(
      [runtime, model, attempts, approvals, rejections, of],
      ['claude', 'large', 2, 1, 1, ['typescript', 'go']],
    );
  });

  it('is summed by model, agent, rig and type, with times of what is completed', () => {
    const [all] = summaries(work, undefined);
    assert.deepEqual(all, {
      group: 'all',
      completed: 2,
      failed: 1,
      active: 1,
      first_try: 1,
      revisions: 1,
      approvals: 1,
      merged: 2,
      signals: {},
      usage: { tokens_in: 0, tokens_cached: 0, tokens_out: 0, without_price: 0 },
      average_lead_time_hours: 3,
      average_work_time_hours: 1.5,
    });
    const groups = (by: 'model' | 'agent' | 'rig' | 'type'): string[] => summaries(work, by).map(({ group }) => group);
    assert.deepEqual(groups('model'), ['a person', 'large', 'script']);
    assert.deepEqual(groups('agent'), ['ann', 'toy/polecats/nux', RUST]);
    assert.deepEqual([groups('rig'), groups('type')], [['toy'], ['bug', 'task']]);
    assert.equal(summaries([], undefined)[0]?.average_lead_time_hours, undefined);
  });

  it('gives the skills of an agent: languages and labels of what it has completed', () => {
    assert.deepEqual(skillsOf(work), [
      { actor: 'toy/polecats/nux', completed: 1, skills: [{ skill: 'go', tasks: 1 }] },
      {
        actor: RUST,
        completed: 1,
        skills: [
          { skill: 'api', tasks: 1 },
          { skill: 'go', tasks: 1 },
          { skill: 'typescript', tasks: 1 },
        ],
      },
    ]);
  });

  it('has the reviews that somebody gave', () => {
    assert.deepEqual(reviewsGiven(reviewRecords(beads, 'ann')), { approved: 1, rejected: 1 });
    assert.deepEqual(reviewRecords(beads, 'bob'), []);
  });

  it('knows languages by the endings of files', () => {
    assert.deepEqual(languagesOf(['a/b.TS', 'c.go', 'd.tsx', 'e.png', 'Makefile', '.gitignore']), ['typescript', 'go']);
  });
});

import assert from 'node:assert/strict';
import { namesId, withReplacedId, withReplacedIds } from '../../../server/src/beads/model/references';
import { missingSections } from '../../../server/src/beads/model/sections';
import { sameContent, similarPairs } from '../../../server/src/beads/model/similarity';
import { pastTime, timeFromWords } from '../../../server/src/beads/model/timeWords';
import { predicateOf } from '../../../server/src/beads/queries/conditions';
import { compileQuery } from '../../../server/src/beads/queries/queryLanguage';
import type { Bead } from '../../../server/src/protocol/bead';

const now = new Date('2026-03-10T12:00:00Z');

function bead(fields: Partial<Bead> = {}): Bead {
  return {
    id: 'bd-a',
    title: 'Login fails',
    status: 'open',
    priority: 1,
    issue_type: 'bug',
    created_at: '2026-03-09T12:00:00Z',
    updated_at: '2026-03-09T12:00:00Z',
    ...fields,
  };
}

describe('the language of bd query', () => {
  it('compares, joins and negates', () => {
    const one = bead({ labels: ['web'], assignee: 'ann', description: 'auth problem' });
    for (const [expression, holds] of [
      ['status=open', true],
      ['STATUS=OPEN and priority<2', true],
      ['priority>=2 OR type=bug', true],
      ['NOT type=bug', false],
      ['(label=web OR label=api) AND assignee!=bob', true],
      ['assignee=none', false],
      ['label=none', false],
      ['description=AUTH', true],
      ['title="login fails"', true],
      ['id=bd-*', undefined],
      ['created>2d', true],
      ['created<2026-03-09', false],
      ['closed<1d', false],
      ['pinned=false', true],
    ] as const) {
      if (holds !== undefined) assert.equal(compileQuery(expression, now)(one), holds, expression);
      else assert.throws(() => compileQuery(expression, now), /unexpected character '\*' at position 6/);
    }
  });

  it('says where an expression cannot be read, and which field or value is wrong', () => {
    for (const [expression, message] of [
      ['  ', /empty query/],
      ['status=', /expected value at position 7, got EOF/],
      ['status=open AND', /expected field name at position 15, got EOF/],
      ['(status=open', /expected '\)' at position 12, got EOF/],
      ['status open', /expected comparison operator/],
      ['status=open status=closed', /expected end of query/],
      ['nofield=1', /unknown field: nofield/],
      ['priority=9', /priority must be between 0 and 4/],
      ['priority>high', /invalid priority value: high/],
      ['status=nonsense', /invalid status: nonsense/],
      ['title>x', /title does not support operator >/],
      ['pinned=maybe', /invalid boolean value/],
      ['created>someday', /invalid time/],
      [`${'('.repeat(200)}status=open`, /more than 100 levels/],
    ] as const)
      assert.throws(() => compileQuery(expression, now), message, expression);
  });
});

describe('conditions of a filter', () => {
  const holds = (conditions: Parameters<typeof predicateOf>[0], one: Bead): boolean | undefined =>
    predicateOf(conditions, now)?.(one);

  it('hold one by one and together', () => {
    assert.equal(predicateOf({}, now), undefined);
    assert.equal(holds({ labelPattern: 'tech-*' }, bead({ labels: ['tech-debt'] })), true);
    assert.equal(holds({ labelPattern: 'tech-*' }, bead({ labels: ['xtech-debt'] })), false);
    assert.equal(holds({ labelRegex: '^a|b$' }, bead({ labels: ['ab'] })), true);
    assert.throws(() => predicateOf({ labelRegex: '[' }, now), /invalid regex pattern/);
    assert.equal(holds({ overdue: true }, bead({ due_at: '2026-03-01T00:00:00Z' })), true);
    assert.equal(holds({ overdue: true }, bead({ due_at: '2026-03-01T00:00:00Z', status: 'closed' })), false);
    assert.equal(holds({ priorityMin: 1, priorityMax: 2, noLabels: true }, bead()), true);
    assert.equal(holds({ metadataFields: [['k', '1']] }, bead({ metadata: { k: 1 } })), true);
    assert.equal(holds({ excludeTypes: ['bug'] }, bead()), false);
  });
});

describe('times in words', () => {
  it('ahead and back', () => {
    assert.equal(timeFromWords('+2h', now), '2026-03-10T14:00:00Z');
    assert.equal(timeFromWords('in 3 days', now), '2026-03-13T12:00:00Z');
    assert.equal(timeFromWords('2 weeks ago', now), '2026-02-24T12:00:00Z');
    assert.equal(pastTime('7d', now), '2026-03-03T12:00:00Z');
    assert.equal(timeFromWords('3d', now), '2026-03-13T12:00:00Z');
    assert.equal(timeFromWords('in 30 minutes', now), '2026-03-10T12:30:00Z');
    assert.equal(timeFromWords('within two days', now), '2026-03-12T12:00:00Z');
    assert.equal(timeFromWords('an hour ago', now), '2026-03-10T11:00:00Z');
    const local = (day: number, hour: number, minute = 0): string =>
      new Date(2026, 2, day, hour, minute).toISOString().replace('.000Z', 'Z');
    for (const [text, wanted] of [
      ['tomorrow at 9am', local(11, 9)],
      ['Tomorrow  9:30', local(11, 9, 30)],
      ['next monday at 5 pm', local(16, 17)],
      ['friday at 12am', local(13, 0)],
      ['at 12pm', local(10, 12)],
      ['17:45', local(10, 17, 45)],
      ['tomorrow morning', local(11, 8)],
      ['this evening', local(10, 18)],
      ['tonight', local(10, 23)],
      ['2026-03-12 10:15', local(12, 10, 15)],
      ['2026-03-12T10:15:00', local(12, 10, 15)],
    ] as const)
      assert.equal(timeFromWords(text, now), wanted, text);
    const none = [
      '7',
      'tomorrow at 25:00',
      '13pm',
      'someday at 9am',
      '2026-02-30 10:00',
      '2026-03-12 25:00',
      'in a while',
    ];
    for (const text of [...none, '2026-02-30', 'someday']) assert.equal(timeFromWords(text, now), undefined, text);
  });
});

describe('ids in texts', () => {
  it('are words of their own', () => {
    const one = bead({ title: 'see bd-1, not bd-12 or bd-1.2', notes: 'bd-1.' });
    assert.deepEqual(withReplacedId(one, 'bd-1', 'kw-1'), { title: 'see kw-1, not bd-12 or bd-1.2', notes: 'kw-1.' });
    assert.equal(namesId(one, 'bd-2'), false);
    const ids = new Map([
      ['bd-1', 'kw-1'],
      ['bd-1.2', 'kw-1.2'],
    ]);
    assert.equal(withReplacedIds(one, ids).title, 'see kw-1, not bd-12 or kw-1.2');
  });
});

describe('beads that say the same', () => {
  it('by their content and by their words', () => {
    const [a, b, c] = [bead(), bead({ id: 'bd-b' }), bead({ id: 'bd-c', title: 'Report of sales' })];
    assert.deepEqual(
      sameContent([a, b, c]).map((group) => group.map(({ id }) => id)),
      [['bd-a', 'bd-b']],
    );
    assert.deepEqual(
      similarPairs([a, b, c], 0.5).map((pair) => [pair.a.id, pair.b.id, Math.round(pair.similarity * 100)]),
      [['bd-a', 'bd-b', 100]],
    );
  });
});

describe('sections of descriptions', () => {
  it('by type, at any level and in any case', () => {
    assert.deepEqual(
      missingSections('bug', '# steps to reproduce\n').map(({ heading }) => heading),
      ['## Acceptance Criteria'],
    );
    assert.deepEqual(missingSections('chore', ''), []);
  });
});

import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  answeredByPerson,
  approvalOf,
  feedbackOf,
  outcomeOf,
  reviewersOf,
  unansweredBy,
  waitsForPerson,
  type ReviewStates,
} from '../../../server/src/engine/review/reviewers';
import { reviewerInfos } from '../../../server/src/engine/review/reviewerInfo';
import type { ReviewSetting } from '../../../server/src/protocol/town';

type Given = 'approved' | 'rejected' | 'gone' | undefined;

const AT = '2026-01-01T00:00:00Z';
const states = (given: Readonly<Record<string, Given>>): ReviewStates => {
  const known: Record<string, ReviewStates[string]> = {};
  for (const [name, verdict] of Object.entries(given))
    if (verdict === 'gone') known[name] = { unanswered: 3, person: true };
    else if (verdict)
      known[name] = { unanswered: 0, answer: { verdict, by: `toy/refinery/${name}`, message: `${name}!`, at: AT } };
  return known;
};
const all = (...reviewers: string[]): ReviewSetting => ({ reviewers, needed: 'all' });
const any = (...reviewers: string[]): ReviewSetting => ({ reviewers, needed: 'any' });

describe('the answers of several reviewers', () => {
  it('of all: every approval is needed, and one rejection is enough', () => {
    const setting = all('claude', 'codex');
    assert.equal(outcomeOf(setting, states({ claude: 'approved' })), 'waiting');
    assert.equal(outcomeOf(setting, states({ claude: 'approved', codex: 'approved' })), 'approved');
    assert.equal(outcomeOf(setting, states({ codex: 'rejected' })), 'rejected');
    assert.equal(outcomeOf(setting, states({ claude: 'approved', codex: 'gone' })), 'waiting');
  });

  it('of any: the first approval is enough, and it is rejected where all have answered without one', () => {
    const setting = any('claude', 'codex');
    assert.equal(outcomeOf(setting, states({ claude: 'rejected' })), 'waiting');
    assert.equal(outcomeOf(setting, states({ claude: 'rejected', codex: 'approved' })), 'approved');
    assert.equal(outcomeOf(setting, states({ claude: 'rejected', codex: 'rejected' })), 'rejected');
  });

  it('count only of those that the settings name', () => {
    assert.equal(outcomeOf(all('claude'), states({ claude: 'approved', codex: 'rejected' })), 'approved');
    assert.equal(outcomeOf(any('claude'), states({ codex: 'approved' })), 'waiting');
    assert.equal(outcomeOf('off', states({ codex: 'approved' })), 'waiting');
  });

  it('of one reviewer come to what it says, in each form of the setting', () => {
    for (const verdict of ['approved', 'rejected'] as const)
      for (const mode of ['agent', 'script', 'person'] as const)
        for (const setting of [mode, all(mode), any(mode)])
          assert.equal(outcomeOf(setting, states({ [mode]: verdict })), verdict);
  });

  it('never change from a decision to waiting by one more answer (property)', () => {
    const names = ['agent', 'script', 'claude', 'person'];
    const verdict = fc.constantFrom<Given>('approved', 'rejected', undefined);
    fc.assert(
      fc.property(
        fc.subarray(names, { minLength: 1 }),
        fc.constantFrom('all' as const, 'any' as const),
        fc.array(verdict, { minLength: 4, maxLength: 4 }),
        fc.constantFrom('approved' as const, 'rejected' as const),
        (reviewers, needed, given, last) => {
          const setting = { reviewers, needed };
          const known = Object.fromEntries(names.map((name, index) => [name, given[index]]));
          const before = outcomeOf(setting, states(known));
          const missing = unansweredBy(setting, states(known));
          if (missing.length === 0) assert.notEqual(before, 'waiting');
          for (const name of missing) {
            const after = outcomeOf(setting, states({ ...known, [name]: last }));
            if (before === 'rejected' && needed === 'all') assert.equal(after, 'rejected');
            if (before === 'approved' && needed === 'any') assert.equal(after, 'approved');
            if (missing.length === 1) assert.notEqual(after, 'waiting');
          }
        },
      ),
    );
  });

  it('go back to the author together, the requests for changes first', () => {
    const told = feedbackOf(all('claude', 'codex', 'script'), states({ claude: 'approved', codex: 'rejected' }));
    assert.deepEqual(told, {
      by: 'toy/refinery/codex',
      message: 'toy/refinery/codex requests changes:\ncodex!\n\ntoy/refinery/claude approves:\nclaude!',
    });
    const one = feedbackOf('agent', states({ agent: 'rejected' }));
    assert.deepEqual(one, { by: 'toy/refinery/agent', message: 'agent!' });
    assert.deepEqual(approvalOf(any('claude', 'codex'), states({ claude: 'rejected', codex: 'approved' })), {
      by: 'toy/refinery/codex',
      message: 'codex!',
    });
  });
});

describe('a person among several reviewers', () => {
  it('is waited for as one of them, and in place of those that give no answer', () => {
    assert.equal(waitsForPerson(all('claude', 'person'), {}), true);
    assert.equal(waitsForPerson(all('claude', 'person'), states({ person: 'approved' })), false);
    assert.equal(waitsForPerson(all('claude', 'codex'), states({ claude: 'approved' })), false);
    assert.equal(waitsForPerson(all('claude', 'codex'), states({ claude: 'approved', codex: 'gone' })), true);
  });

  it('answers for itself and for those that give no answer, or for all', () => {
    const known = states({ claude: 'gone' });
    assert.deepEqual(answeredByPerson(all('claude', 'codex', 'person'), known, false), ['claude', 'person']);
    assert.deepEqual(answeredByPerson(all('claude', 'codex', 'person'), known, true), ['claude', 'codex', 'person']);
    assert.deepEqual(answeredByPerson(all('claude', 'codex'), known, false), ['claude', 'codex'], 'is none of them');
    assert.deepEqual(answeredByPerson(all('claude', 'codex'), states({ codex: 'rejected' }), true), ['claude']);
  });
});

describe('what people see of reviewers', () => {
  it('is where each of them stands', () => {
    const reviewers = {
      ...states({ claude: 'approved', codex: 'gone', amp: 'rejected' }),
      gemini: { unanswered: 0, shown: 'p' },
      agent: { unanswered: 1, notBefore: AT },
    };
    const review = { state: 'waiting' as const, patch: 'p', commit: 'c', base: 'b', reviewers };
    const seen = reviewerInfos(all('claude', 'codex', 'gemini', 'agent', 'person', 'script'), review);
    assert.deepEqual(
      seen.reviewers.map(({ name, state }) => `${name} ${state}`),
      [
        'claude approved',
        'codex no-answer',
        'gemini reviewing',
        'agent to-do',
        'person reviewing',
        'script to-do',
        'amp rejected',
      ],
    );
    assert.equal(seen.reviewers.find(({ name }) => name === 'agent')?.waitsUntil, AT);
    const over = reviewerInfos(any('claude', 'gemini'), { ...review, state: 'approved' });
    assert.deepEqual(
      over.reviewers.map(({ name }) => name),
      ['claude', 'amp'],
    );
    assert.deepEqual(reviewersOf('off').reviewers, []);
  });
});

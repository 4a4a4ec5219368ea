import assert from 'node:assert/strict';
import { standalonePolicy, statusText } from '../../../client/src/features/formulas/formulaServing';

describe('the language server of a window', () => {
  it('runs while a formula is open and no town serves it', () => {
    const needs = (['none', 'connecting', 'lost', 'notRunning', 'incompatible', 'ready'] as const).map(
      (town) => `${town} ${standalonePolicy(true, town, true)}`,
    );
    assert.deepEqual(needs, [
      'none now',
      'connecting soon',
      'lost soon',
      'notRunning now',
      'incompatible now',
      'ready no',
    ]);
    assert.equal(standalonePolicy(true, 'none', false), 'soon', 'the town may not be known yet');
    assert.equal(standalonePolicy(false, 'none', true), 'no');
  });

  it('has a status text for the formula', () => {
    assert.equal(statusText('starting', { errors: 2, warnings: 0 }), 'Formula: starting the language server');
    assert.deepEqual(
      [
        [0, 0],
        [1, 0],
        [1, 2],
      ].map(([errors = 0, warnings = 0]) => statusText('standalone', { errors, warnings })),
      ['Formula: no problems', 'Formula: 1 problem', 'Formula: 3 problems'],
    );
  });
});

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { UserError } from '../../../server/src/base/errors';
import { findCycle, formatCycle } from '../../../server/src/formulas/cycles';
import { Budget, CompositionError, limits } from '../../../server/src/formulas/limits';
import { Memo } from '../../../server/src/formulas/memo';
import { firstProblems, formatPath, warning, error, type Step } from '../../../server/src/formulas/model';
import { boundarySteps, replaceSteps, spawnerOf } from '../../../server/src/formulas/steps';
import { seeded } from '../language/seeded';
import { formulaOf, workflow } from './samples';

const place = { where: 'here', path: ['steps'] };
const stepsOf = (...steps: string[]): Step[] => formulaOf(workflow('f', steps)).steps;
const shape = (steps: readonly Step[]): string[] =>
  steps.map(
    ({ id, needs, children }) =>
      `${id} < ${needs.join(' ')}${children.length > 0 ? ` [${shape(children).join()}]` : ''}`,
  );

describe('cycles of steps', () => {
  const cycle = (text: string): string | undefined => {
    const found = findCycle(formulaOf(`formula = "f"\n${text}`).steps);
    return found && formatCycle(found);
  };

  it('are found among needs, and through parents and children', () => {
    assert.equal(formatCycle(findCycle(stepsOf('a < c', 'b < a', 'c < b'))!), 'a → c → b → a');
    assert.equal(formatCycle(findCycle(stepsOf('a < a'))!), 'a → a');
    const child = '[[steps]]\nid = "p"\ntitle = "P"\nneeds = ["x"]\n[[steps.children]]\nid = "c"\ntitle = "C"\n';
    assert.equal(cycle(`${child}[[steps]]\nid = "x"\ntitle = "X"\nneeds = ["c"]\n`), 'p → x → c → p');
    assert.equal(cycle(`${child}[[steps]]\nid = "x"\ntitle = "X"\n`), undefined);
  });

  it('exist exactly where no order satisfies all needs (property)', () => {
    const edges = fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 12 });
    fc.assert(
      fc.property(edges, (pairs) => {
        const needs = new Map(Array.from({ length: 8 }, (_, id) => [id, new Set<number>()]));
        for (const [from, to] of pairs) needs.get(from)!.add(to);
        const steps = stepsOf(
          ...[...needs].map(([id, list]) => `s${id} < ${[...list].map((need) => `s${need}`).join(' ')}`),
        );
        // Removes what waits for nothing until nothing is left, or all that is left waits.
        for (let free: number | undefined = -1; free !== undefined; ) {
          free = [...needs].find(([, list]) => list.size === 0)?.[0];
          if (free === undefined) break;
          needs.delete(free);
          for (const list of needs.values()) list.delete(free);
        }
        const found = findCycle(steps);
        assert.equal(found !== undefined, needs.size > 0);
        for (const { from, to } of found ?? []) assert.ok(from.needs.includes(to.id));
        assert.equal(found?.at(-1)?.to, found?.[0]?.from);
      }),
      seeded({ numRuns: 300 }),
    );
  });
});

describe('replacing steps', () => {
  const [x, y] = stepsOf('x', 'y < x') as [Step, Step];

  it('redirects needs and waits_for of all others to the last of the group', () => {
    const steps = stepsOf('a', 'b < a', 'c < b a').map((step) =>
      step.id === 'c' ? { ...step, waitsFor: 'children-of(b)' } : step,
    );
    const replaced = replaceSteps(
      steps,
      (step) => (step.id === 'b' ? { group: [{ ...x, needs: step.needs }, y], last: ['y'] } : undefined),
      new Budget(),
      place,
    );
    assert.deepEqual(shape(replaced), ['a < ', 'x < a', 'y < x', 'c < y a']);
    assert.equal(replaced.at(-1)!.waitsFor, 'children-of(y)');
  });

  it('replaces several steps at once, with needs of one on another', () => {
    const double = (step: Step) => ({
      group: [
        { ...step, id: `${step.id}1` },
        { ...step, id: `${step.id}2`, needs: [`${step.id}1`] },
      ],
      last: [`${step.id}2`],
    });
    assert.deepEqual(shape(replaceSteps(stepsOf('b < a', 'a'), double, new Budget(), place)), [
      'b1 < a2',
      'b2 < b1',
      'a1 < ',
      'a2 < a1',
    ]);
  });

  it('keeps children of a step that stays, and replaces them too', () => {
    const [parent] = stepsOf('p') as [Step];
    const tree = [{ ...parent, children: stepsOf('c', 'd < c') }];
    const around = (step: Step) => ({
      group: [{ ...x, id: `${step.id}0`, needs: step.needs }, step],
      last: [step.id],
      keepsStep: true,
    });
    assert.deepEqual(shape(replaceSteps(tree, around, new Budget(), place)), [
      'p0 < ',
      'p <  [c0 < ,c < ,d0 < c,d < c]',
    ]);
  });

  it('stops as soon as there are too many steps or needs', () => {
    let made = 0;
    const many = Array.from({ length: 1_000 }, () => x);
    const grow = () => ({ group: (made++, many), last: ['x'] });
    const steps = Array.from({ length: 100 }, (_, index) => ({ ...x, id: `s${index}` }));
    assert.throws(
      () => replaceSteps(steps, grow, new Budget(), place),
      /^CompositionError: here: more than 5,000 steps$/,
    );
    assert.ok(made <= 6, `${made} of 100 were replaced`);
  });

  it('knows the ends of a group, and the step that waits_for names', () => {
    const { first, last } = boundarySteps(stepsOf('a', 'b < a', 'c < a', 'd < outside'));
    assert.deepEqual(
      [[...first], last],
      [
        ['a', 'd'],
        ['b', 'c', 'd'],
      ],
    );
    assert.deepEqual(
      ['children-of(a)', 'children-of( a )', 'children-of()', 'all-children', 'children-of(a', 'children-of(a))'].map(
        spawnerOf,
      ),
      ['a', 'a', '', undefined, undefined, undefined],
    );
  });
});

describe('the budget of a formula', () => {
  const exceeded = (work: () => void, message: string, isBudget: boolean): void =>
    assert.throws(work, (thrown) => {
      assert.ok(thrown instanceof CompositionError);
      assert.deepEqual(
        [thrown.message, thrown.isBudget, thrown.of('f').message],
        [`here: ${message}`, isBudget, `f: here: ${message}`],
      );
      return true;
    });

  it('limits work, time, steps, needs and characters', () => {
    const budget = new Budget({ work: 100, now: () => 0 });
    budget.spend(100, place);
    exceeded(() => budget.spend(1, place), 'composing this takes too much work', true);
    let now = 0;
    const slow = new Budget({ ms: 10, now: () => now });
    slow.spend(20_000, place);
    now = 11;
    slow.spend(1, place); // the clock is read now and then only
    exceeded(() => slow.spend(20_000, place), 'composing this takes too long', true);
    const plain = new Budget();
    plain.checkSteps(limits.steps, place);
    exceeded(() => plain.checkSteps(limits.steps + 1, place), 'more than 5,000 steps', false);
    exceeded(
      () => plain.checkNeeds(limits.needs + 1, place),
      'the steps need each other more than 20,000 times',
      false,
    );
    plain.addText(limits.textChars - 1, place);
    plain.checkText(1, place);
    exceeded(() => plain.addText(2, place), 'the strings have more than 4,000,000 characters in total', false);
  });
});

describe('problems of a formula', () => {
  it('are listed once each, errors first where there are too many', () => {
    const list = [
      ...Array.from({ length: 5 }, (_, index) => warning('w', `w${index}`, 'odd', [])),
      error('e', 'e', 'wrong', []),
      error('e', 'e', 'wrong', []),
    ];
    assert.deepEqual(
      firstProblems(list, 6).map(({ message }) => message),
      ['w0: odd', 'w1: odd', 'w2: odd', 'w3: odd', 'w4: odd', 'e: wrong'],
    );
    assert.deepEqual(
      firstProblems(list, 2).map(({ message, severity }) => `${severity} ${message}`),
      ['error e: wrong', 'warning w0: odd', 'warning 4 more problems are not shown'],
    );
    assert.equal(formatPath(['steps', 2, 'gate', 'type']), 'steps[2].gate.type');
  });
});

describe('a memo', () => {
  it('remembers values and errors of the input, but no defects', () => {
    const memo = new Memo<number>();
    let calls = 0;
    const make = (result: number | Error) => (): number => {
      calls += 1;
      if (result instanceof Error) throw result;
      return result;
    };
    assert.deepEqual([memo.get('a', make(1)), memo.get('a', make(2))], [1, 1]);
    const wrong = new UserError('wrong');
    for (let round = 0; round < 2; round++) assert.throws(() => memo.get('b', make(wrong)), wrong);
    assert.equal(calls, 2);
    for (let round = 0; round < 2; round++) assert.throws(() => memo.get('c', make(new Error('defect'))), /defect/);
    assert.equal(calls, 4);
  });
});

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { FormulaRegistry } from '../../../server/src/formulas/registry/registry';
import { filesOf, refused, registryOf, shape, workflow } from './samples';

describe('the registry', () => {
  it('searches project, person, town and built-in formulas, in this order', () => {
    const files = filesOf({
      '/p/one.formula.toml': workflow('one', ['p']),
      '/t/one.formula.toml': workflow('one', ['t']),
      '/t/two.formula.json': JSON.stringify({ formula: 'two', steps: [{ id: 'a', title: 'A' }] }),
      '/p/notes.txt': '',
      '/p/shiny.formula.toml': 'formula = [',
    });
    const registry = new FormulaRegistry(
      [
        { tier: 'project', directory: '/p' },
        { tier: 'town', directory: '/t' },
      ],
      { files },
    );
    assert.deepEqual(
      registry.list().map((entry) => [entry.name, entry.tier, entry.problems.length]),
      [
        ['mol-polecat-work', 'built-in', 0],
        ['one', 'project', 0],
        ['shiny', 'project', 1],
        ['two', 'town', 0],
      ],
    );
    assert.deepEqual(shape(registry.cook('one', {}).proto), ['p']);
    refused(() => registry.cook('shiny', {}), /\/p\/shiny\.formula\.toml: formula validation failed/);
    assert.deepEqual(registry.raw('two'), { formula: 'two', steps: [{ id: 'a', title: 'A' }] });
    refused(() => registry.raw('shiny'), /line 1/);
  });

  it('reports unknown formulas, and rejects paths as names', () => {
    refused(
      () => registryOf({}).cook('shinny', {}),
      /formula "shinny" not found/,
      /Did you mean shiny\?.*Looked in \/p and the built-in ones/,
    );
    for (const name of ['../x', 'a/b', '', '.hidden', '-x', 'a b'])
      refused(() => registryOf({}).cook(name, {}), /invalid formula name/);
    assert.match(
      registryOf({ a: workflow('b', ['x']) }).check('a').problems[0]!.message,
      /the file is named a, the formula b/,
    );
  });

  it('has built-in formulas without problems', () => {
    const registry = new FormulaRegistry([]);
    for (const entry of registry.list()) assert.deepEqual(entry.problems, [], entry.name);
    assert.deepEqual(shape(registry.cook('shiny', {}).proto), [
      'design',
      'implement < design',
      'review < implement',
      'test < review',
      'submit < test',
    ]);
    const work = registry.cook('mol-polecat-work', { given: { issue: 'toy-1', setup_command: 'npm ci' } }).proto;
    assert.deepEqual(
      work.steps.map((step) => step.id),
      ['understand', 'prepare', 'setup', 'implement', 'self-review', 'check', 'submit'],
    );
    assert.match(work.steps[2]!.description ?? '', /npm ci/);
    assert.ok(!JSON.stringify(work).includes('{{'));
  });

  it('cooks the formulas of the Go projects', function () {
    const folder = path.resolve('..', '..', 'shared', 'fixtures', 'formulas');
    const directory = [path.resolve('..', 'shared', 'fixtures', 'formulas'), folder].find((candidate) =>
      fs.existsSync(candidate),
    );
    if (!directory) {
      console.log('      (the real formulas are not there: nothing was checked)');
      this.skip();
    }
    const registry = new FormulaRegistry([{ tier: 'project', directory: fs.realpathSync(directory) }]);
    const entries = registry.list().filter((entry) => entry.tier === 'project');
    assert.equal(entries.length, 16);
    for (const entry of entries)
      assert.deepEqual(
        entry.problems.filter((problem) => problem.severity === 'error'),
        [],
        entry.name,
      );
    const count = (name: string): number => registry.cook(name, { keepVariables: true }).proto.steps.length;
    assert.deepEqual(
      [
        'towers-of-hanoi-10',
        'shiny-enterprise',
        'shiny-secure',
        'mol-polecat-work-monorepo-tdd',
        'mol-shutdown-dance',
      ].map(count),
      [1025, 9, 9, 14, 14],
    );
  });
});

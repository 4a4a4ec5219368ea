import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { operationsOf } from '../../../server/src/cli/bd/batch';
import type { Bead } from '../../../server/src/protocol/bead';
import { BdRunner } from './bdRunner';

describe('bd batch', () => {
  let bd: BdRunner;
  const titles = async (): Promise<string[]> =>
    (await bd.json<Bead[]>('list', '--all'))
      .map(({ title, status, priority }) => `${title} ${status} ${priority}`)
      .sort();

  beforeEach(async () => {
    bd = await BdRunner.open();
  });

  it('makes all changes of a text or a file', async () => {
    const [a, b] = [await bd.create('a'), await bd.create('b')];
    const text = [
      '# a plan',
      '',
      `close ${a} it is done`,
      `update ${b} priority=0 status=in_progress "title=b \\"two\\"" assignee=bob`,
      'create bug 1 Found on the way',
      `dep add ${b} ${a} related`,
    ].join('\n');
    const { code, out, err } = await bd.runWith(text, 'batch', '--json');
    assert.equal(code, 0, err);
    const result = JSON.parse(out) as { operations: number; ids: string[]; dry_run: boolean };
    assert.deepEqual(
      [result.operations, result.ids[0], result.ids[1], result.ids[3], result.dry_run],
      [4, a, b, b, false],
    );
    assert.deepEqual(await titles(), ['Found on the way open 1', 'a closed 2', 'b "two" in_progress 0']);
    const [first, second] = await bd.json<Bead[]>('show', a, b);
    assert.deepEqual([first?.close_reason, second?.assignee], ['it is done', 'bob']);
    fs.writeFileSync(path.join(bd.cwd, 'changes.txt'), `dep remove ${b} ${a}\nupdate ${b} assignee=\n`);
    assert.match((await bd.run('batch', '--file', 'changes.txt')).out, /^✓ Made 2 changes:\n {2}dep-remove bd-/);
    assert.equal((await bd.json<Bead[]>('show', b))[0]?.assignee ?? '', '');
  });

  it('makes none of them where one is not possible, or --dry-run says so', async () => {
    const a = await bd.create('a');
    for (const [last, message] of [
      ['close bd-none', /operation 2: .*bd-none/],
      [`update ${a} status=nonsense`, /operation 2: invalid status/],
      [`dep add ${a} ${a}`, /operation 2: /],
      ['create nonsense 1 x', /operation 2: invalid issue type/],
    ] as const) {
      const { code, err } = await bd.runWith(`close ${a}\n${last}`, 'batch');
      assert.equal(code, 1);
      assert.match(err, message);
    }
    assert.match((await bd.runWith(`close ${a}`, 'batch', '--dry-run')).out, /^Would make 1 change:/);
    assert.deepEqual(await titles(), ['a open 2']);
  });

  for (const [line, message] of [
    ['destroy everything', /line 1: unknown change "destroy"/],
    ['create task', /line 1: expected "create <type> <priority> <title>"/],
    ['create task soon x', /line 1: invalid priority "soon"/],
    ['update a', /line 1: expected "update/],
    ['update a color=red', /line 1: expected <field>=<value> \(got color=red\)/],
    ['update a priority=9', /line 1: invalid priority/],
    ['close', /line 1: expected "close/],
    ['dep a b', /line 1: expected "dep add/],
    ['close a "open', /line 1: a double quote is not closed/],
  ] as const)
    it(`says what is wrong with ${JSON.stringify(line)}`, () => {
      assert.throws(() => operationsOf(line), message);
    });

  it('needs a change', async () => {
    await bd.fails(/there is nothing to do/, 'batch');
    await bd.fails(/no such file/, 'batch', '--file', 'none.txt');
  });
});

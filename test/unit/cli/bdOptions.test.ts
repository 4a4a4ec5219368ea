import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { runBd } from '../../../server/src/cli/bd/program';
import type { Bead } from '../../../server/src/protocol/bead';
import { tempDir } from '../../helpers/temp';
import { BdRunner } from './bdRunner';

/** Options of later versions of bd, which agents and scripts use. */
describe('options of bd', () => {
  let bd: BdRunner;
  const write = (file: string, text: string): void => {
    fs.mkdirSync(path.dirname(path.join(bd.cwd, file)), { recursive: true });
    fs.writeFileSync(path.join(bd.cwd, file), text);
  };

  beforeEach(async () => {
    bd = await BdRunner.open('t');
  });

  describe('dep add --file', () => {
    it('adds all dependencies of a file', async () => {
      const [a, b, c] = [await bd.create('a'), await bd.create('b'), await bd.create('c')];
      write(
        'edges.jsonl',
        `{"from":"${a}","to":"${b}"}\n\n{"issue_id":"${a}","depends_on_id":"${c}","type":"related"}\n`,
      );
      const { count } = await bd.json<{ count: number }>('dep', 'add', '--file', 'edges.jsonl');
      assert.equal(count, 2);
      const [bead] = await bd.json<Bead[]>('list', '--id', a);
      assert.deepEqual(
        bead!.dependencies?.map((edge) => [edge.depends_on_id, edge.type]).sort(),
        [
          [b, 'blocks'],
          [c, 'related'],
        ].sort(),
      );
    });

    it('adds none if one line is wrong, and names the line', async () => {
      const [a, b] = [await bd.create('a'), await bd.create('b')];
      const first = `{"from":"${a}","to":"${b}"}\n`;
      for (const [line, message] of [
        ['no json', /line 2 is not JSON/],
        ['{"from":"x"}', /line 2 is not a dependency/],
        [`{"from":"${a}","to":"${b}","kind":"blocks"}`, /line 2 is not a dependency/],
        [`{"from":"${a}","to":"t-none"}`, /t-none/],
        [`{"from":"${b}","to":"${a}"}`, /cycle/],
      ] as const) {
        const { code, err } = await bd.runWith(first + line, 'dep', 'add', '--file', '-');
        assert.equal(code, 1, line);
        assert.match(err, message);
      }
      assert.equal((await bd.json<Bead[]>('list', '--id', a))[0]!.dependencies, undefined);
      await bd.fails(/--file goes without ids/, 'dep', 'add', a, '--file', 'edges.jsonl');
      await bd.fails(/there are no dependencies/, 'dep', 'add', '--file', '-');
    });
  });

  describe('export and import', () => {
    it('keep memories with --include-memories, and leave out beads of tests with --scrub', async () => {
      await bd.create('Real work');
      await bd.create('test-1');
      await bd.json('remember', 'Deploys are on Mondays', '--key', 'deploys');
      const lines = (await bd.run('export', '--scrub', '--include-memories')).out.trim().split('\n');
      assert.equal(lines.length, 2);
      assert.match(lines[0]!, /Real work/);
      assert.deepEqual(JSON.parse(lines[1]!), { _type: 'memory', key: 'deploys', value: 'Deploys are on Mondays' });
      assert.equal((await bd.run('export')).out.trim().split('\n').length, 2);
      const other = await BdRunner.open('t');
      const dry = await other.runWith(lines.join('\n'), 'import', '--dry-run');
      assert.match(dry.err, /Would import 1 memory/);
      assert.deepEqual(await other.json('memories'), {});
      await other.runWith(lines.join('\n'), 'import', '--json');
      assert.deepEqual(await other.json('memories'), { deploys: 'Deploys are on Mondays' });
      assert.equal((await other.json<Bead[]>('list')).length, 1);
    });

    it('leaves out beads with the title of an open bead with --dedup', async () => {
      await bd.create('Login page');
      const closed = await bd.create('Logout');
      await bd.json('close', closed);
      const times = { created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z' };
      const bead = (id: string, title: string): string =>
        `${JSON.stringify({ id, title, status: 'open', priority: 2, issue_type: 'task', ...times })}\n`;
      const text = bead('t-a1', 'login page') + bead('t-b2', 'Logout') + bead('t-c3', 'New') + bead('t-d4', 'New');
      const { code, out } = await bd.runWith(text, 'import', '--dedup', '--json');
      assert.equal(code, 0);
      const { created, skipped } = JSON.parse(out) as { created: number; skipped: number };
      assert.deepEqual([created, skipped], [2, 2]);
    });
  });

  it('create --skills and --context are sections of the description', async () => {
    const id = await bd.create('Login', '-d', 'Why', '--skills', 'go', '--context', 'see the wiki');
    const [bead] = await bd.json<Bead[]>('show', id);
    assert.equal(bead!.description, 'Why\n\n## Required Skills\ngo\n\n## Additional Context\nsee the wiki');
  });

  it('ready --include-ephemeral lists wisps too', async () => {
    const wisp = await bd.create('a wisp', '--ephemeral');
    assert.deepEqual(await bd.json('ready'), []);
    assert.deepEqual(
      (await bd.json<Bead[]>('ready', '--include-ephemeral')).map((bead) => bead.id),
      [wisp],
    );
  });

  it('prime --hook-json prints the answer of a hook', async () => {
    const { out } = await bd.run('prime', '--hook-json');
    const answer = JSON.parse(out) as { hookSpecificOutput: { hookEventName: string; additionalContext: string } };
    assert.equal(answer.hookSpecificOutput.hookEventName, 'SessionStart');
    assert.match(answer.hookSpecificOutput.additionalContext, /^# Beads Workflow Context/);
    assert.equal((await BdRunner.without().run('prime', '--hook-json')).out, '');
  });

  describe('config', () => {
    it('set-many changes several settings, or none', async () => {
      await bd.json('config', 'set-many', 'color=blue', 'create.owner=false');
      assert.equal((await bd.json<{ value: string }>('config', 'get', 'color')).value, 'blue');
      await bd.fails(/invalid setting "size"/, 'config', 'set-many', 'color=red', 'size');
      await bd.fails(/invalid key/, 'config', 'set-many', 'color=red', 'a b=1');
      assert.equal((await bd.json<{ value: string }>('config', 'get', 'color')).value, 'blue');
    });

    it('show names the place of each setting', async () => {
      await bd.json('config', 'set-many', 'color=blue', 'create.owner=false');
      const rows = await bd.json<{ key: string; value: string; source: string }[]>('config', 'show');
      const source = (key: string): string | undefined => rows.find((row) => row.key === key)?.source;
      assert.deepEqual(
        [source('color'), source('create.owner'), source('actor')],
        ['settings.json', 'config.yaml', 'env'],
      );
      const shared = await bd.json<{ source: string }[]>('config', 'show', '--source', 'settings.json');
      assert.deepEqual(
        shared.map((row) => row.source),
        ['settings.json'],
      );
      await bd.fails(/invalid source "nowhere"/, 'config', 'show', '--source', 'nowhere');
    });
  });

  describe('formulas', () => {
    const steps = [
      { id: 'one', title: 'First', description: 'Do it' },
      { id: 'two', title: 'Second' },
    ];

    it('mol wisp --root-only creates one bead with the steps in its description', async () => {
      write('.beads/formulas/small.formula.json', JSON.stringify({ formula: 'small', version: 1, steps }));
      const poured = await bd.json<{ new_epic_id: string; created: number }>('mol', 'wisp', 'small', '--root-only');
      assert.equal(poured.created, 1);
      const [root] = await bd.json<Bead[]>('show', poured.new_epic_id);
      assert.match(root!.description ?? '', /## Steps\n\n1\. First\n\n {3}Do it\n\n2\. Second$/);
      assert.equal(root!.ephemeral, true);
    });

    it('mol last-activity names the step that changed last', async () => {
      write('.beads/formulas/small.formula.json', JSON.stringify({ formula: 'small', version: 1, steps }));
      const poured = await bd.json<{ new_epic_id: string; id_mapping: Record<string, string> }>('mol', 'pour', 'small');
      const step = Object.values(poured.id_mapping).find((id) => id.endsWith('.1'))!;
      await bd.json('close', step);
      const last = await bd.json<{ source: string; source_step_id: string }>(
        'mol',
        'last-activity',
        poured.new_epic_id,
      );
      assert.deepEqual([last.source, last.source_step_id], ['step_closed', step]);
      await bd.fails(/molecule 't-none' not found/, 'mol', 'last-activity', 't-none');
    });

    it('cook --search-path looks into that folder first', async () => {
      write('more/near.formula.json', JSON.stringify({ formula: 'near', version: 1, steps }));
      await bd.fails(/near/, 'cook', 'near');
      const { formula } = await bd.json<{ formula: string }>('cook', 'near', '--search-path', 'more');
      assert.equal(formula, 'near');
      await bd.fails(/there is no folder none/, 'cook', 'near', '--search-path', 'none');
    });

    it('mol seed --patrol says that the engine does the work of patrols', async () => {
      await bd.fails(/there are no formulas for patrols/, 'mol', 'seed', '--patrol');
      await bd.fails(/no formula given/, 'mol', 'seed');
    });
  });

  describe('merge-slot', () => {
    beforeEach(() => bd.json('merge-slot', 'create'));

    it('is held by one at a time, and lists who waits for it', async () => {
      assert.equal((await bd.json<{ acquired: boolean }>('merge-slot', 'acquire', '--holder', 'a')).acquired, true);
      await bd.json('merge-slot', 'acquire', '--holder', 'a');
      await bd.fails(/slot held by a/, 'merge-slot', 'acquire', '--holder', 'b');
      for (const [holder, position] of [
        ['b', 1],
        ['c', 2],
        ['b', 1],
      ] as const) {
        const { code, out } = await bd.run('merge-slot', 'acquire', '--holder', holder, '--wait', '--json');
        assert.equal(code, 1);
        assert.deepEqual(JSON.parse(out), {
          id: 't-merge-slot',
          holder: 'a',
          acquired: false,
          waiting: true,
          position,
        });
      }
      await bd.fails(/slot held by a, not b/, 'merge-slot', 'release', '--holder', 'b');
      assert.match((await bd.run('merge-slot', 'release', '--holder', 'a')).out, /Waiting for it: b, c/);
      await bd.json('merge-slot', 'acquire', '--holder', 'b');
      const { waiters } = await bd.json<{ waiters: string[] }>('merge-slot', 'check');
      assert.deepEqual(waiters, ['c']);
    });

    it('goes to exactly one of several that want it at the same time', async () => {
      const answers = await Promise.all(
        ['a', 'b', 'c', 'd'].map((holder) => bd.run('merge-slot', 'acquire', '--holder', holder)),
      );
      assert.equal(answers.filter(({ code }) => code === 0).length, 1);
    });
  });

  it('-C runs in another folder', async () => {
    const id = await bd.create('here');
    const elsewhere = BdRunner.without();
    assert.deepEqual(
      (await elsewhere.json<Bead[]>('-C', bd.cwd, 'list')).map((bead) => bead.id),
      [id],
    );
    assert.equal((await elsewhere.json<Bead[]>('list', `--directory=${bd.cwd}`)).length, 1);
    await elsewhere.fails(/there is no folder .*none/, 'list', '-C', path.join(bd.cwd, 'none'));
    await elsewhere.fails(/argument missing/, 'list', '-C');
  });

  it('sync --export writes a copy of the file where it is asked for', async () => {
    const id = await bd.create('here');
    await bd.json('sync', '--export', '--output', 'copy.jsonl');
    assert.match(fs.readFileSync(path.join(bd.cwd, 'copy.jsonl'), 'utf8'), new RegExp(`"id":"${id}"`));
    await bd.fails(/--output goes with --export/, 'sync', '--output', 'copy.jsonl');
  });

  it('an agent repairs nothing with bd doctor', async () => {
    const folder = path.join(tempDir('agent'), 'p');
    fs.mkdirSync(folder);
    let err = '';
    const terminal = { colour: false, write: () => undefined, writeError: (text: string) => void (err += text) };
    const code = await runBd(['doctor', '--fix'], {
      terminal,
      cwd: folder,
      env: { GT_SESSION_TOKEN: 'x' },
      readStdin: () => '',
    });
    assert.equal(code, 1);
    assert.match(err, /only a person may repair a ledger/);
  });
});

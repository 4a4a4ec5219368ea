import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { loadSql } from '../../../server/src/beads/index/wasm';
import type { Bead } from '../../../server/src/protocol/bead';
import { pastTime } from '../../../server/src/beads/model/timeWords';
import { parseDeps, parsePriority, parseWhen } from '../../../server/src/cli/bd/options';
import { runBd } from '../../../server/src/cli/bd/program';
import { errorText, oneLine, painter, printable, wantsColour } from '../../../server/src/cli/shared/output';
import { UserError } from '../../../server/src/base/errors';
import { tempDir } from '../../helpers/temp';

interface Outcome {
  code: number;
  out: string;
  err: string;
}

/** A folder with a ledger, and `bd` in this process. */
class Project {
  readonly cwd: string;

  constructor(readonly colour = false) {
    this.cwd = path.join(tempDir('cli'), 'a project');
    fs.mkdirSync(this.cwd);
  }

  async bd(...args: string[]): Promise<Outcome> {
    return this.bdIn(this.cwd, {}, args);
  }

  async bdIn(cwd: string, env: NodeJS.ProcessEnv, args: string[], stdin = ''): Promise<Outcome> {
    let [out, err] = ['', ''];
    const terminal = {
      write: (text: string) => {
        out += text;
      },
      writeError: (text: string) => {
        err += text;
      },
      colour: this.colour,
    };
    const code = await runBd(args, {
      terminal,
      cwd,
      env: { BD_ACTOR: 'ann', PATH: process.env.PATH, ...env },
      readStdin: () => stdin,
    });
    return { code, out, err };
  }

  async json<T>(...args: string[]): Promise<T> {
    const { code, out, err } = await this.bd(...args, '--json');
    assert.equal(code, 0, err);
    assert.equal(out, `${JSON.stringify(JSON.parse(out), null, 2)}\n`, 'two spaces of indent');
    return JSON.parse(out) as T;
  }

  async create(title: string, ...more: string[]): Promise<string> {
    const { code, out, err } = await this.bd('create', title, '--silent', ...more);
    assert.equal(code, 0, err);
    return out.trim();
  }

  /** Fails with this message, as text and as JSON. */
  async fails(message: RegExp, ...args: string[]): Promise<void> {
    const plain = await this.bd(...args);
    assert.equal(plain.code, 1, plain.out);
    assert.match(plain.err, /^Error: /m);
    assert.match(plain.err, message);
    const json = await this.bd('--json', ...args);
    assert.equal(json.code, 1);
    assert.equal(json.out, '');
    assert.match((JSON.parse(json.err) as { error: string }).error, message);
  }
}

describe('bd', () => {
  let project: Project;
  beforeEach(async () => {
    project = new Project();
    assert.equal((await project.bd('init', '--prefix', 'bd-')).code, 0);
  });

  it('without a ledger says how to make one', async () => {
    const empty = new Project();
    const { code, err } = await empty.bd('list');
    assert.deepEqual([code, err], [1, 'Error: no beads database found\nHint: run "bd init" to create one here\n']);
    assert.deepEqual(JSON.parse((await empty.bd('list', '--json')).err), {
      error: 'no beads database found',
      hint: 'run "bd init" to create one here',
      code: 'not-found',
    });
  });

  it('init takes the prefix from the folder, and is refused where there is a ledger', async () => {
    const other = new Project();
    assert.deepEqual(await other.json('init'), {
      prefix: 'a-project',
      directory: path.join(other.cwd, '.beads'),
      created: true,
    });
    await other.fails(/Found existing database/, 'init');
    await other.fails(/Found existing database/, 'init', '--prefix', 'x');
    // A clone has the files that git carries, and none of those that are its own.
    for (const own of ['.lock', '.local_version', 'journal.jsonl'])
      fs.rmSync(path.join(other.cwd, '.beads', own), { recursive: true, force: true });
    assert.deepEqual(await other.json('init'), {
      prefix: 'a-project',
      directory: path.join(other.cwd, '.beads'),
      created: false,
    });
  });

  it('init takes the prefix of the beads that are there, if new ids can have it', async () => {
    const line = (id: string): string =>
      `${JSON.stringify({ id, title: id, status: 'open', priority: 2, issue_type: 'task', created_at: '2024-01-01T00:00:00Z', updated_at: '2024-01-01T00:00:00Z' })}\n`;
    const found: [lines: string, prefix: string][] = [
      [line('my-app-3f') + line('my-app-4c.1') + line('other-1'), 'my-app'],
      [`${line('zz-1')}not a bead\n`, 'zz'],
      [`<<<<<<< ours\n${line('zz-1')}=======\n${line('zz-2')}>>>>>>> theirs\n`, 'zz'],
      [line('a b-1'), 'a-project'],
    ];
    for (const [text, prefix] of found) {
      const other = new Project();
      fs.mkdirSync(path.join(other.cwd, '.beads'));
      fs.writeFileSync(path.join(other.cwd, '.beads', 'issues.jsonl'), text);
      assert.equal((await other.json<{ prefix: string }>('init')).prefix, prefix);
      assert.equal(fs.readFileSync(path.join(other.cwd, '.beads', 'issues.jsonl'), 'utf8'), text, 'left alone');
    }
  });

  it('init inside a town is refused', async () => {
    fs.mkdirSync(path.join(project.cwd, 'mayor'));
    fs.writeFileSync(path.join(project.cwd, 'mayor', 'town.json'), '{}');
    fs.mkdirSync(path.join(project.cwd, 'sub'));
    const { code, err } = await project.bdIn(path.join(project.cwd, 'sub'), {}, ['init']);
    assert.equal(code, 1);
    assert.match(err, /belongs to a town/);
  });

  it('create prints the bead, an id, or what it would do', async () => {
    const bead = await project.json<Bead>(
      'create',
      'Title',
      '-d',
      'Desc',
      '-t',
      'bug',
      '-p',
      'P1',
      '-a',
      'bob',
      '-l',
      'b,a',
      '--design',
      'D',
      '--acceptance',
      'A',
      '--notes',
      'N',
      '--external-ref',
      'gh-9',
      '--metadata',
      '{"k":1}',
    );
    assert.deepEqual(
      [
        bead.title,
        bead.description,
        bead.issue_type,
        bead.priority,
        bead.assignee,
        bead.labels,
        bead.design,
        bead.acceptance_criteria,
        bead.notes,
        bead.external_ref,
        bead.metadata,
      ],
      ['Title', 'Desc', 'bug', 1, 'bob', ['a', 'b'], 'D', 'A', 'N', 'gh-9', { k: 1 }],
    );
    assert.match(
      (await project.bd('new', 'Other')).out,
      /^✓ Created issue: bd-[0-9a-z]{5}\n {2}Title: Other\n {2}Priority: P2\n {2}Status: open\n$/,
    );
    assert.match((await project.bd('create', 'Dry', '--dry-run')).out, /Would create issue/);
    assert.equal((await project.json<Bead[]>('list')).length, 2);
  });

  it('create refuses what makes no sense', async () => {
    await project.fails(/title required/, 'create');
    await project.fails(/title is required/, 'create', '   ');
    await project.fails(/different titles/, 'create', 'a', '--title', 'b');
    await project.fails(/give the description only once/, 'create', 'a', '-d', 'x', '--body', 'y');
    await project.fails(/invalid priority "7"/, 'create', 'a', '-p', '7');
    await project.fails(/invalid JSON in --metadata/, 'create', 'a', '--metadata', '{');
    await project.fails(/metadata must be a JSON object/, 'create', 'a', '--metadata', '[1]');
    await project.fails(/invalid dependency format/, 'create', 'a', '--deps', 'blocks:');
    await project.fails(/invalid issue type/, 'create', 'a', '--type', '');
    await project.fails(/reading body file: .*missing\.md/, 'create', 'a', '--body-file', 'missing.md');
    await project.fails(/unknown flag: --frobnicate/, 'create', 'a', '--frobnicate');
    await project.fails(/unknown command 'frobnicate'/, 'frobnicate');
  });

  it('show, list, ready, blocked and close follow the JSON contract', async () => {
    const [a, b] = [await project.create('a'), await project.create('b')];
    assert.deepEqual(await project.json('dep', 'add', b, a), {
      status: 'added',
      issue_id: b,
      depends_on_id: a,
      type: 'blocks',
    });
    const [shown] = await project.json<(Bead & { dependencies: Bead[] })[]>('show', b.slice(3));
    assert.deepEqual(
      shown?.dependencies.map((one) => [one.id, one.dependency_type]),
      [[a, 'blocks']],
    );
    assert.deepEqual(
      (await project.json<Bead[]>('ready')).map((one) => one.id),
      [a],
    );
    const [blocked] = await project.json<{ id: string; blocked_by: string[]; blocked_by_count: number }[]>('blocked');
    assert.deepEqual([blocked?.id, blocked?.blocked_by, blocked?.blocked_by_count], [b, [a], 1]);
    assert.match((await project.bd('blocked')).out, new RegExp(`Blocked by 1 open dependencies: \\[${a}\\]`));
    const listed = await project.json<{ dependent_count: number }[]>('list', '--id', a);
    assert.equal(listed[0]?.dependent_count, 1);
    await project.fails(/blocked by open issues/, 'close', b);
    const closed = await project.json<Bead[]>('close', a, '-r', 'fixed');
    assert.deepEqual(
      closed.map((one) => [one.status, one.close_reason]),
      [['closed', 'fixed']],
    );
    const next = await project.json<Bead[]>('close', b, '--suggest-next', '--message', 'm');
    assert.deepEqual(
      next.map((one) => one.close_reason),
      ['m'],
    );
    assert.deepEqual(
      (await project.json<Bead[]>('reopen', b)).map((one) => one.status),
      ['open'],
    );
    assert.deepEqual(await project.json('dep', 'rm', b, a), { status: 'removed', issue_id: b, depends_on_id: a });
    await project.fails(/dependency from .* does not exist/, 'dep', 'remove', b, a);
  });

  it('empty results are empty arrays', async () => {
    for (const args of [['list'], ['ready'], ['blocked'], ['events'], ['label', 'list-all']])
      assert.deepEqual(await project.json(...args), [], args.join(' '));
  });

  it('close goes on after a failure, and fails only if nothing was closed', async () => {
    const a = await project.create('a');
    const { code, out, err } = await project.bd('close', a, 'bd-none');
    assert.equal(code, 0);
    assert.match(out, /Closed/);
    assert.equal(err, 'Error: no issue found matching "bd-none"\n');
    await project.fails(/no issue found matching "bd-none"/, 'close', 'bd-none');
    // Without an id: the bead that the caller changed last.
    const b = await project.create('b');
    assert.deepEqual(
      (await project.json<Bead[]>('close')).map((one) => one.id),
      [b],
    );
    await project.fails(/no issue ID provided/, 'close', '--actor', 'nobody');
  });

  it('update changes fields and refuses nothing-to-do', async () => {
    const id = await project.create('a');
    const [bead] = await project.json<Bead[]>(
      'update',
      id,
      '--title=--x',
      '-s',
      'in_progress',
      '-p',
      '0',
      '--add-label',
      'x,y',
      '--append-notes',
      'n',
      '--set-metadata',
      'k=1',
      '--set-metadata',
      's=t',
      '--defer',
      '2099-01-01',
    );
    assert.deepEqual(
      [bead?.title, bead?.status, bead?.priority, bead?.labels, bead?.notes, bead?.metadata],
      ['--x', 'in_progress', 0, ['x', 'y'], 'n', { k: 1, s: 't' }],
    );
    await project.bd('update', id, '--set-labels', '', '--unset-metadata', 'k,s', '--defer', '');
    const [cleared] = await project.json<Bead[]>('show', id);
    assert.deepEqual([cleared?.labels, cleared?.metadata, cleared?.defer_until], [undefined, undefined, undefined]);
    await project.fails(/No updates specified/, 'update', id);
    await project.fails(/label cannot be empty/, 'update', id, '--add-label', '');
    await project.fails(/invalid status: garbage/, 'update', id, '-s', 'garbage');
    await project.fails(/No updates specified/, 'update');
    const past = await project.bd('update', id, '--defer', '2001-01-01');
    assert.equal(past.code, 0);
    assert.match(past.err, /Defer date .* is in the past/);
  });

  it('a claim that comes too late fails', async () => {
    const id = await project.create('a');
    await project.json('update', id, '--claim');
    await project.json('update', id, '--claim');
    await project.fails(/already claimed by ann/, 'update', id, '--claim', '--actor', 'bob');
    const other = await project.create('b');
    assert.deepEqual(
      (await project.json<Bead[]>('ready', '--claim')).map((one) => [one.id, one.assignee]),
      [[other, 'ann']],
    );
    await project.fails(/no ready work to claim/, 'ready', '--claim');
    for (let more = 0; more < 12; more += 1) await project.create(`others' ${more}`, '-a', 'bob', '-p', '0');
    const free = await project.create('free', '-p', '4');
    for (const option of ['--gated', '--explain'])
      await project.fails(/--claim does not go with/, 'ready', '--claim', option);
    assert.deepEqual(
      (await project.json<Bead[]>('ready', '--claim')).map((one) => one.id),
      [free],
    );
  });

  it('list filters and limits', async () => {
    const [a, b, c] = [
      await project.create('one', '-l', 'x'),
      await project.create('two', '-a', 'bob'),
      await project.create('three'),
    ];
    await project.bd('close', c);
    const ids = async (...args: string[]): Promise<string[]> =>
      (await project.json<Bead[]>('list', ...args)).map((one) => one.id).sort();
    assert.deepEqual(await ids(), [a, b].sort());
    assert.deepEqual(await ids('--all', '-n', '0'), [a, b, c].sort());
    assert.deepEqual(await ids('--status', 'open,closed'), [a, b, c].sort());
    assert.deepEqual(await ids('--status=closed'), [c]);
    assert.deepEqual(await ids('-l', 'x'), [a]);
    assert.deepEqual(await ids('--no-assignee'), [a]);
    assert.deepEqual(await ids('--assignee', ''), [a, b].sort(), 'an empty name is not a condition');
    assert.deepEqual(await ids('--ready', '-a', 'bob'), [b]);
    assert.equal((await ids('-n', '1')).length, 1);
    await project.fails(/limit must be/, 'list', '-n', '-1');
    await project.fails(/invalid status: nope/, 'list', '-s', 'nope');
    await project.fails(/invalid sort: nope/, 'list', '--sort', 'nope');
  });

  it('delete shows first and deletes with --force', async () => {
    const id = await project.create('a');
    assert.match((await project.bd('delete', id)).out, /DELETE PREVIEW/);
    assert.equal((await project.json<Bead[]>('list')).length, 1);
    assert.deepEqual(await project.json('delete', id, '--force', '--reason', 'dup'), {
      deleted: id,
      deleted_count: 1,
      dependencies_removed: 0,
      references_updated: 0,
    });
    assert.equal((await project.json<Bead[]>('list', '--all')).length, 0);
    await project.fails(/not found/, 'delete', id, '--force');
  });

  it('labels, comments, dependencies as trees, statistics and events', async () => {
    const [a, b] = [await project.create('a', '-t', 'epic'), await project.create('b')];
    assert.deepEqual(
      await project.json('label', 'add', a, b, 'x'),
      [a, b].map((id) => ({ status: 'added', issue_id: id, label: 'x' })),
    );
    assert.deepEqual(await project.json('label', 'list', a), ['x']);
    assert.deepEqual(await project.json('label', 'list-all'), [{ label: 'x', count: 2 }]);
    assert.equal((await project.bd('label', 'add', a, 'x')).out, `✓ Added label 'x' to ${a} (it had it already)\n`);
    assert.match(
      (await project.bd('label', 'remove', a, 'zzz')).out,
      /Removed label 'zzz' from .* \(it did not have it\)/,
    );
    assert.equal((await project.bd('label', 'list', a.slice(-3))).out, `\n🏷 Labels for ${a}:\n  - x\n\n`);
    assert.equal((await project.bd('label', 'list-all')).out, '\n🏷 All labels (1 unique):\n  x  (2 issues)\n\n');
    await project.fails(/reserved for cross-project capabilities/, 'label', 'add', a, 'provides:login');
    await project.fails(/label cannot be empty/, 'label', 'add', a, ' ');
    const comment = await project.json<{ text: string; author: string }>('comment', a, 'hello', 'there');
    assert.deepEqual([comment.text, comment.author], ['hello there', 'ann']);
    await project.json('comments', 'add', a, 'more');
    assert.equal((await project.bdIn(project.cwd, {}, ['comments', 'add', a, '-'], 'from stdin\n')).code, 0);
    assert.deepEqual(
      (await project.json<{ text: string }[]>('comments', a)).map((one) => one.text),
      ['hello there', 'more', 'from stdin\n'],
    );
    await project.fails(/comment text cannot be empty/, 'comment', a, ' ');
    await project.json('update', b, '--parent', a);
    assert.deepEqual(
      (await project.json<{ id: string; depth: number }[]>('dep', 'tree', a)).map((node) => [node.id, node.depth]),
      [
        [a, 0],
        [b, 1],
      ],
    );
    assert.deepEqual(
      (await project.json<Bead[]>('dep', 'list', b)).map((one) => [one.id, one.dependency_type]),
      [[a, 'parent-child']],
    );
    await project.fails(/--max-depth must be >= 1/, 'dep', 'tree', a, '--max-depth', '-1');
    await project.fails(/--direction must be/, 'dep', 'tree', a, '--direction', 'sideways');
    const c = await project.create('c');
    assert.deepEqual(await project.json('dep', b, '--blocks', c), {
      status: 'added',
      blocker_id: b,
      blocked_id: c,
      type: 'blocks',
    });
    assert.equal((await project.json<{ summary: { total_issues: number } }>('stats')).summary.total_issues, 3);
    const events = await project.json<{ type: string; actor: string }[]>('events', a, '-n', '2');
    assert.deepEqual(
      events.map((event) => [event.type, event.actor]),
      [
        ['commented', 'ann'],
        ['commented', 'ann'],
      ],
    );
  });

  it('exports and imports', async () => {
    const id = await project.create('a');
    const { out } = await project.bd('export');
    assert.equal(out, fs.readFileSync(path.join(project.cwd, '.beads', 'issues.jsonl'), 'utf8'));
    const exported = await project.bd('export', '-o', 'out.jsonl', '--json');
    assert.deepEqual(JSON.parse(exported.err), {
      success: true,
      exported: 1,
      skipped: 0,
      total_issues: 1,
      output_file: 'out.jsonl',
    });
    const other = new Project();
    await other.bd('init', '-p', 'bd');
    const file = path.join(project.cwd, 'out.jsonl');
    assert.deepEqual(await other.json('import', '-i', file), {
      created: 1,
      updated: 0,
      unchanged: 0,
      skipped: 0,
      ids: [id],
    });
    assert.equal((await other.bdIn(other.cwd, {}, ['import', '-'], out)).code, 0);
    await other.fails(/opening input file: open nope\.jsonl/, 'import', 'nope.jsonl');
  });

  it('writes an SQLite file when it is asked to, and only then', async () => {
    const a = await project.create('a');
    const b = await project.create('b');
    await project.json('dep', 'add', b, a);
    const file = path.join(project.cwd, '.beads', 'beads.db');
    assert.equal(fs.existsSync(file), false);
    assert.deepEqual(await project.json('export', '--sqlite'), { file });
    const { Database } = await loadSql();
    const database = new Database(fs.readFileSync(file));
    assert.deepEqual(database.exec('SELECT title, blocked, state FROM beads ORDER BY title')[0]?.values, [
      ['a', 0, 'ready'],
      ['b', 1, 'blocked'],
    ]);
    assert.deepEqual(database.exec('SELECT issue, target FROM dependencies')[0]?.values, [[b, a]]);
    database.close();
    assert.match((await project.bd('export', '--sqlite')).out, /✓ Wrote .*beads\.db/);
    await project.fails(/--sqlite goes without/, 'export', '--sqlite', '-o', 'x.db');
    await project.fails(/--sqlite goes without/, 'export', '--sqlite', '--status', 'open');
  });

  it('finds the ledger from below, by BEADS_DIR and by --db', async () => {
    const id = await project.create('a');
    const below = path.join(project.cwd, 'src', 'deep');
    fs.mkdirSync(below, { recursive: true });
    const elsewhere = tempDir('elsewhere');
    const directory = path.join(project.cwd, '.beads');
    for (const [cwd, env, more] of [
      [below, {}, []],
      [elsewhere, { BEADS_DIR: directory }, []],
      [elsewhere, { BEADS_DIR: project.cwd }, []],
      [elsewhere, {}, ['--db', directory]],
      [elsewhere, {}, ['--db', path.join(directory, 'beads.db')]],
      [below, { BEADS_NO_DAEMON: '1' }, ['--no-daemon']],
    ] as const) {
      const { out, err } = await project.bdIn(cwd, env, ['show', id, '--short', ...more]);
      assert.match(out, new RegExp(id), `${err} ${more.join(' ')}`);
    }
    assert.match(
      (await project.bdIn(elsewhere, { BEADS_DIR: '/nowhere' }, ['list'])).err,
      /no beads database found at \/nowhere/,
    );
  });

  it('warns about lines that it cannot read and works on', async () => {
    await project.create('a');
    fs.appendFileSync(path.join(project.cwd, '.beads', 'issues.jsonl'), '{"torn');
    const { code, err } = await project.bd('list');
    assert.equal(code, 0);
    assert.match(err, /Warning: line 2 of .*issues\.jsonl is kept as it is but not used: not valid JSON/);
    await project.create('b');
    assert.match(fs.readFileSync(path.join(project.cwd, '.beads', 'issues.jsonl'), 'utf8'), /^\{"torn$/m);
  });

  it('prints for people without control characters, in colour only where wanted', async () => {
    const hostile = await project.create('\u001b]0;pwned\u0007 title\nsecond line');
    const { out } = await project.bd('show', hostile);
    assert.doesNotMatch(out, /\u001b/);
    assert.match((await project.bd('list')).out, /title second line/);
    const coloured = new Project(true);
    await coloured.bd('init');
    await coloured.create('x');
    assert.match((await coloured.bd('list')).out, /\u001b\[/);
    assert.ok(
      !wantsColour({ isTTY: true }, { NO_COLOR: '1' }) && !wantsColour({}, {}) && wantsColour({ isTTY: true }, {}),
    );
  });

  it('prints help', async () => {
    const { code, out } = await project.bd('--help');
    assert.equal(code, 0);
    for (const command of [
      'create',
      'ready',
      'blocked',
      'dep',
      'label',
      'comments',
      'status',
      'export',
      'import',
      'events',
      'init',
    ])
      assert.match(out, new RegExp(`^ {2}${command}\\b`, 'm'));
    assert.equal((await project.bd()).code, 0);
    assert.equal((await project.bd('dep', 'add', '--help')).code, 0);
  });
});

describe('options of bd', () => {
  it('priorities', () => {
    assert.deepEqual(['0', 'P1', 'p4', ' 2 '].map(parsePriority), [0, 1, 4, 2]);
    for (const text of ['', '5', 'P5', '-1', '1.5', 'high'])
      assert.throws(() => parsePriority(text), /invalid priority/);
  });

  it('dependencies', () => {
    assert.deepEqual(parseDeps('bd-1, blocks:bd-2,external:lib:cap'), [
      ['', 'bd-1'],
      ['blocks', 'bd-2'],
      ['', 'external:lib:cap'],
    ]);
  });

  it('times', () => {
    const now = new Date(2026, 0, 14, 15, 30); // a Wednesday
    const local = (...parts: [number, number, number, number?, number?]): string =>
      new Date(parts[0], parts[1], parts[2], parts[3] ?? 0, parts[4] ?? 0).toISOString().replace(/\.?0*Z$/, 'Z');
    assert.equal(
      parseWhen('+6h', now, '--due'),
      new Date(now.getTime() + 6 * 3_600_000).toISOString().replace(/\.?0*Z$/, 'Z'),
    );
    assert.equal(parseWhen('tomorrow', now, '--due'), local(2026, 0, 15, 15, 30));
    assert.equal(parseWhen('next monday', now, '--due'), local(2026, 0, 19, 15, 30));
    assert.equal(parseWhen('wednesday', now, '--due'), local(2026, 0, 21, 15, 30));
    assert.equal(pastTime('yesterday', now), local(2026, 0, 13), 'a day to look back to begins at midnight');
    assert.equal(parseWhen('2026-02-28', now, '--due'), local(2026, 1, 28));
    assert.equal(parseWhen('2026-02-28T10:00:00+02:00', now, '--due'), '2026-02-28T10:00:00+02:00');
    assert.equal(parseWhen('', now, '--due'), '');
    for (const text of ['2026-02-30', 'someday', '+x', '+1q'])
      assert.throws(() => parseWhen(text, now, '--due'), /invalid --due format/);
  });

  it('errors, as text and as JSON', () => {
    assert.equal(errorText(new UserError('m', 'h', 'conflict'), false), 'Error: m\nHint: h\n');
    assert.deepEqual(JSON.parse(errorText(new UserError('m', 'h', 'conflict'), true)), {
      error: 'm',
      hint: 'h',
      code: 'conflict',
    });
    assert.equal(errorText(new Error('boom'), false), 'Error: boom\n');
    assert.equal(printable('a\u001b[31m\tb\r\n'), 'a\ufffd[31m\tb\n');
    assert.equal(oneLine('a\n\n b'), 'a b');
    assert.equal(painter(false)('red', 'x'), 'x');
  });
});

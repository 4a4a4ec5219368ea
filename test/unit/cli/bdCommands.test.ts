import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { runBd } from '../../../server/src/cli/bd/program';
import type { Bead, Stats } from '../../../server/src/protocol/bead';
import { tempDir } from '../../helpers/temp';

describe('commands of bd on a ledger of their own', () => {
  let cwd: string;

  const bd = (...args: string[]): ReturnType<typeof bdIn> => bdIn({}, ...args);

  async function bdIn(more: NodeJS.ProcessEnv, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
    let [out, err] = ['', ''];
    const env = { BD_ACTOR: 'ann', PATH: process.env.PATH, GIT_AUTHOR_EMAIL: 'ann@example.org', ...more };
    const terminal = {
      colour: false,
      write: (text: string) => void (out += text),
      writeError: (text: string) => void (err += text),
    };
    const code = await runBd(args, { terminal, cwd, env, readStdin: () => '' });
    return { code, out, err };
  }

  async function json<T>(...args: string[]): Promise<T> {
    const { code, out, err } = await bd(...args, '--json');
    assert.equal(code, 0, err);
    return JSON.parse(out) as T;
  }

  async function fails(message: RegExp, ...args: string[]): Promise<void> {
    const { code, err } = await bd(...args);
    assert.equal(code, 1);
    assert.match(err, message);
  }

  const create = async (...args: string[]): Promise<string> => (await bd('create', ...args, '--silent')).out.trim();

  beforeEach(async () => {
    cwd = path.join(tempDir('bdCommands'), 'p');
    fs.mkdirSync(cwd);
    assert.equal((await bd('init', '--prefix', 'bd', '--quiet')).code, 0);
  });

  it('a new bead names the address of its author, unless a setting leaves it out', async () => {
    assert.equal((await json<Bead>('create', 'a')).owner, 'ann@example.org');
    await json('config', 'set', 'create.owner', 'false');
    assert.equal((await json<Bead>('create', 'b')).owner, undefined);
    await json('config', 'set', 'status.custom', 'testing');
    const id = await create('c');
    assert.equal((await json<Bead[]>('update', id, '--status', 'testing'))[0]?.status, 'testing');
    await fails(/invalid key/, 'config', 'set', '', 'x');
    await fails(/without quotes/, 'config', 'set', 'status.custom', 'a"b');
  });

  it('stats count the beads of everybody, or those that are assigned to the caller', async () => {
    const mine = await create('mine');
    await create('of nobody');
    await json('update', mine, '--claim');
    const count = async (...options: string[]): Promise<number[]> => {
      const { summary } = await json<Stats>('stats', ...options);
      return [summary.total_issues, summary.open_issues, summary.in_progress_issues];
    };
    assert.deepEqual(await count(), [2, 1, 1]);
    assert.deepEqual(await count('--all'), [2, 1, 1]);
    assert.deepEqual(await count('--assigned'), [1, 0, 1]);
    await fails(/cannot be combined/, 'stats', '--all', '--assigned');
  });

  it('keeps values for others', async () => {
    await json('kv', 'set', 'release', '1.4');
    assert.deepEqual(await json('kv', 'list'), { release: '1.4' });
    await json('kv', 'clear', 'release');
    assert.equal((await bd('kv', 'get', 'release')).code, 1);
  });

  it('a rename takes dependencies and texts along; the old id is gone', async () => {
    const a = await create('a');
    const b = await create('b', '-d', `see ${a}`, '--deps', a);
    await json('rename', a, 'bd-login');
    const [shown] = await json<(Bead & { dependencies: Bead[] })[]>('show', b);
    assert.deepEqual([shown?.description, shown?.dependencies[0]?.id], ['see bd-login', 'bd-login']);
    await fails(/no issue found/, 'show', a);
    await fails(/already exists/, 'rename', 'bd-login', b);
    await json('rename-prefix', 'kw');
    const beads = await json<Bead[]>('list');
    assert.ok(beads.every((bead) => bead.id.startsWith('kw-')));
    assert.equal(beads.find((bead) => bead.title === 'b')?.dependencies?.[0]?.depends_on_id, 'kw-login');
    await fails(/same as current prefix/, 'rename-prefix', 'kw');
    await fails(/must start with a lowercase letter/, 'rename-prefix', 'BAD');
  });

  it('a deletion marks the id in connected texts, and takes dependents along only when asked', async () => {
    const a = await create('a');
    const b = await create('b', '-d', `see ${a}`, '--deps', a);
    const preview = await json<{ deleted_count: number }>('delete', a, '--cascade');
    assert.equal(preview.deleted_count, 2);
    await json('delete', a, '--force');
    assert.equal((await json<Bead[]>('show', b))[0]?.description, `see [deleted:${a}]`);
    await fails(/issues not found: bd-none/, 'delete', b, 'bd-none', '--force');
  });

  it('epics close when their children have', async () => {
    const epic = await create('e', '-t', 'epic');
    const child = await create('c', '--parent', epic);
    assert.deepEqual(await json('epic', 'close-eligible'), []);
    await json('close', child);
    assert.deepEqual(await json('epic', 'close-eligible'), { closed: [epic], count: 1 });
  });

  it('a bead that another one replaces is closed and linked', async () => {
    const [a, b] = [await create('a'), await create('b')];
    assert.deepEqual(await json('duplicate', b, '--of', a), { duplicate: b, canonical: a, status: 'closed' });
    await fails(/duplicate of itself/, 'duplicate', a, '--of', a);
    await fails(/required option '--of/, 'duplicate', a);
  });

  it('a plan is created as a whole or not at all', async () => {
    const file = path.join(cwd, 'plan.json');
    const nodes = [
      { key: 'b', title: 'Second', parent_key: 'e' },
      { key: 'e', title: 'Epic', type: 'epic' },
    ];
    fs.writeFileSync(file, JSON.stringify({ nodes, edges: [{ from_key: 'b', to_key: 'missing' }] }));
    await fails(/no issue found/, 'create', '--graph', file);
    assert.deepEqual(await json('list'), []);
    fs.writeFileSync(file, JSON.stringify({ nodes }));
    const { ids } = await json<{ ids: Record<string, string> }>('create', '--graph', file);
    assert.equal(ids.b, `${ids.e}.1`);
    fs.writeFileSync(path.join(cwd, 'many.md'), '## One\n### Priority\n9\n');
    await fails(/invalid priority/, 'create', '-f', 'many.md');
  });

  it('what belongs to another store says what to do instead', async () => {
    await fails(/Use git for/, 'vc', 'status');
    await fails(/bd gc/, 'compact', '--stats');
    await fails(/hooks uninstall/, 'admin', 'reset', '--force');
    await fails(/bd doctor --fix/, 'repair', '--dry-run');
    assert.match((await bd('federation', 'x', '--json')).err, /"code": "unavailable"/);
    await fails(/not allowed in read-only mode/, 'create', 'x', '--readonly');
  });

  it('a text of a bead is edited in the editor of the person', async () => {
    const id = await create('Old title', '-d', 'first');
    const write = (text: string): string => `sh -c 'printf "%s\\n" "${text}" > "$0"'`;
    const edit = async (editor: string, ...args: string[]) => bdIn({ EDITOR: editor }, 'edit', id, ...args);
    assert.equal((await edit('true')).out, 'No changes made\n');
    assert.equal((await edit(write('second'))).out, `✓ Updated description for issue: ${id}\n`);
    assert.equal((await edit(write('New title'), '--title')).code, 0);
    const [bead] = await json<Bead[]>('show', id);
    assert.deepEqual([bead!.title, bead!.description], ['New title', 'second']);
    assert.match((await edit('false')).err, /editor false failed/);
    assert.match((await edit('true', '--title', '--notes')).err, /edit one text at a time/);
    assert.match((await edit(write(''), '--title')).err, /title cannot be empty/);
  });

  it('a wisp is promoted to an ordinary bead', async () => {
    const id = await create('found', '--ephemeral');
    assert.equal(fs.readFileSync(path.join(cwd, '.beads', 'issues.jsonl'), 'utf8'), '');
    assert.equal((await json<Bead>('promote', id, '--reason', 'real')).id, id);
    assert.match(fs.readFileSync(path.join(cwd, '.beads', 'issues.jsonl'), 'utf8'), /found/);
    assert.match((await bd('comments', id)).out, /Promoted: real/);
    await fails(/is not a wisp/, 'promote', id);
  });

  it('rows name what a bead waits for and what waits for it, JSON does not', async () => {
    const [a, b] = [await create('a'), await create('b')];
    await json('dep', 'add', b, a);
    const { out } = await bd('list', '--sort', 'title', '--reverse');
    assert.ok(out.includes(`- a (blocks: ${b})\n`) && out.includes(`- b (blocked by: ${a})\n`), out);
    assert.ok((await json<object[]>('list')).every((bead) => !('blocks' in bead) && !('blocked_by' in bead)));
    await json('close', a);
    assert.match((await bd('list')).out, /- b\n/, 'what is closed holds nothing up');
    const epic = await create('e', '-t', 'epic');
    await create('c', '--parent', epic, '--deps', b);
    assert.ok((await bd('children', epic)).out.includes(`- c (blocked by: ${b})`));
  });

  it('blocked lists what somebody has called blocked, too', async () => {
    const id = await create('a');
    await json('update', id, '--status', 'blocked');
    const [row] = await json<{ id: string; blocked_by: string[] }[]>('blocked');
    assert.deepEqual([row!.id, row!.blocked_by], [id, []]);
    assert.match((await bd('blocked')).out, /Blocked by 0 open dependencies: \[\]/);
  });

  it('bugs and epics are marked, metadata is listed by key', async () => {
    const bug = await create('b', '-t', 'bug', '--metadata', '{"k":"v","n":{"z":1}}');
    const epic = await create('e', '-t', 'epic', '--deps', bug);
    const { out } = await bd('show', bug);
    assert.match(out, new RegExp(`${bug} \\[BUG\\] · b`));
    assert.match(out, /METADATA\n {2}k: v\n {2}n: \{"z":1\}\n/);
    assert.match((await bd('show', epic)).out, new RegExp(`→ ○ ${bug}: \\(BUG\\) b`));
  });

  it('errors name the file and the side of a merge, and the id of a rename', async () => {
    fs.writeFileSync(path.join(cwd, 'base.jsonl'), '');
    fs.writeFileSync(path.join(cwd, 'bad.jsonl'), '{broken\n');
    await fails(
      /error reading base file: failed to open file: open .*none\.jsonl/,
      'merge',
      'o',
      'none.jsonl',
      'base.jsonl',
      'base.jsonl',
    );
    await fails(
      /error reading right file: failed to parse line 1: /,
      'merge',
      'o',
      'base.jsonl',
      'base.jsonl',
      'bad.jsonl',
    );
    await fails(/issue bd-nope not found/, 'rename', 'bd-nope', 'bd-x');
    await fails(/reading file: open ids\.txt: no such file/, 'delete', '--from-file', 'ids.txt');
    await fails(/no issue ID provided/, 'update');
    await create('a');
    await fails(/No updates specified/, 'update');
  });

  it('a formula in JSON becomes one in TOML', async () => {
    const folder = path.join(cwd, '.beads', 'formulas');
    fs.mkdirSync(folder);
    const formula = { formula: 'f', version: 1, steps: [{ id: 'a', title: 'A', description: 'one\ntwo' }] };
    fs.writeFileSync(path.join(folder, 'f.formula.json'), JSON.stringify(formula));
    const before = await json<{ steps: unknown }>('formula', 'show', 'f');
    assert.match((await bd('formula', 'convert', 'f', '--stdout')).out, /formula = "f"[\s\S]*\[\[steps\]\]/);
    assert.equal((await bd('formula', 'convert', '--all', '--delete')).code, 0);
    assert.deepEqual(fs.readdirSync(folder), ['f.formula.toml']);
    assert.deepEqual((await json<{ steps: unknown }>('formula', 'show', 'f')).steps, before.steps);
    await fails(/is not in JSON/, 'formula', 'convert', 'f');
    await fails(/give the name of a formula, or --all/, 'formula', 'convert');
  });

  it('beads of another project are imported under the prefix of this one', async () => {
    const bead = { id: 'kw-1', title: 'x', created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z' };
    fs.writeFileSync(path.join(cwd, 'other.jsonl'), `${JSON.stringify(bead)}\n`);
    await fails(/Prefix Mismatch Detected[\s\S]*--rename-on-import/, 'import', 'other.jsonl');
    assert.deepEqual((await json<{ ids: string[] }>('import', 'other.jsonl', '--rename-on-import')).ids, ['bd-1']);
    assert.equal((await json<Bead[]>('list'))[0]!.id, 'bd-1');
  });
});

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { runBd } from '../../../server/src/cli/bd/program';
import type { Bead, Stats } from '../../../server/src/protocol/bead';
import { tempDir } from '../../helpers/temp';

describe('commands of bd on a ledger of their own', () => {
  let cwd: string;

  async function bd(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    let [out, err] = ['', ''];
    const env = { BD_ACTOR: 'ann', PATH: process.env.PATH, GIT_AUTHOR_EMAIL: 'ann@example.org' };
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
    await fails(/exclude each other/, 'stats', '--all', '--assigned');
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
    await fails(/not allowed in read-only mode/, 'create', 'x', '--readonly');
  });
});

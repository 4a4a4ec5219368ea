import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { Bead, BeadDetails } from '../../../server/src/protocol/bead';
import type { PourResult } from '../../../server/src/protocol/formula';
import { workflow } from '../formulas/samples';
import { BdRunner } from './bdRunner';

describe('commands of bd on several beads', () => {
  let bd: BdRunner;

  beforeEach(async () => {
    bd = await BdRunner.open('t');
  });

  it('change those that they can, and name the others', async () => {
    const [a, b] = [await bd.create('a'), await bd.create('b')];
    const labelled = await bd.run('label', 'add', a, 't-none', b, 'urgent');
    assert.deepEqual(
      [labelled.code, labelled.out, labelled.err],
      [
        0,
        `✓ Added label 'urgent' to ${a}\n✓ Added label 'urgent' to ${b}\n`,
        'Error resolving t-none: no issue found matching "t-none"\n',
      ],
    );
    await bd.fails(
      /no issue found matching "t-none"[^]*no issue found matching "t-nope"/,
      'label',
      'add',
      't-nope',
      't-none',
      'x',
    );
    const changed = await bd.run('update', a, 't-none', '-p', '0');
    assert.deepEqual([changed.code, changed.out], [0, `✓ Updated issue: ${a}\n`]);
    await bd.json('update', b, '--claim', '--actor', 'bob');
    const claimed = await bd.run('update', a, b, '--claim');
    assert.equal(claimed.code, 0);
    assert.match(claimed.err, /already claimed by bob/);
    assert.equal((await bd.json<Bead[]>('show', a))[0]!.assignee, 'ann');
    await bd.fails(/invalid status: nonsense/, 'update', a, b, '--status', 'nonsense');
  });

  describe('that wait for a person', () => {
    it('are listed, answered, dismissed and counted', async () => {
      assert.equal((await bd.run('human', 'list')).out, 'No human-needed beads found.\n');
      const a = await bd.create('Which one?', '-l', 'human', '-p', '1');
      const b = await bd.create('Old', '-l', 'human');
      const c = await bd.create('Other');
      assert.match((await bd.run('human', 'list')).out, /^\nHuman-needed beads \(2 found\)\n\n[^]* {4}Priority: P1\n/);
      await bd.fails(/--response is required/, 'human', 'respond', a);
      assert.equal((await bd.run('human', 'respond', a, '-r', 'the first')).out, `✔ Bead ${a} closed with response.\n`);
      const [answered] = await bd.json<BeadDetails[]>('show', a);
      assert.deepEqual(
        [answered!.status, answered!.close_reason, answered!.comments?.[0]?.text],
        ['closed', 'Responded', 'Response: the first'],
      );
      await bd.fails(/is already closed/, 'human', 'dismiss', a);
      assert.equal((await bd.run('human', 'dismiss', b, '--reason', 'gone')).out, `✔ Bead ${b} dismissed.\n`);
      assert.match((await bd.run('human', 'dismiss', c)).err, /does not have 'human' label/);
      assert.deepEqual(await bd.json('human', 'stats'), { total: 2, pending: 0, responded: 1, dismissed: 1 });
      assert.deepEqual(await bd.json('human', 'list', '--status', 'open'), []);
    });

    it('stay open where a guard refuses to close them', async () => {
      const a = await bd.create('a', '-l', 'human', '--deps', await bd.create('b'));
      await bd.fails(/blocked by open issues/, 'human', 'respond', a, '-r', 'yes');
      assert.deepEqual((await bd.json<BeadDetails[]>('show', a))[0]!.comments ?? [], []);
    });
  });

  describe('of a molecule', () => {
    const pour = async (kind: 'pour' | 'wisp'): Promise<string> =>
      (await bd.json<PourResult>('mol', kind, 'two')).new_epic_id;

    beforeEach(() => {
      const folder = path.join(bd.cwd, '.beads', 'formulas');
      fs.mkdirSync(folder, { recursive: true });
      fs.writeFileSync(path.join(folder, 'two.formula.toml'), workflow('two', ['a', 'b']));
    });

    it('are burnt when somebody says yes, or with --force', async () => {
      const [a, b] = [await pour('wisp'), await pour('pour')];
      const asked = await bd.run('mol', 'burn', a);
      assert.equal(asked.code, 0);
      assert.match(
        asked.out,
        new RegExp(`^About to burn wisp ${a} \\(3 issues\\)\n[^]*Continue\\? \\[y/N\\] Canceled\\.\n$`),
      );
      assert.equal((await bd.run('show', a)).code, 0);
      assert.match((await bd.runWith('y\n', 'burn', a)).out, /✓ Burned wisp: 3 issues deleted\n {2}Ephemeral: /);
      assert.equal((await bd.run('show', a)).code, 1);
      assert.match((await bd.run('mol', 'burn', b)).out, /Note: Persistent mol - deletions sync to remotes\./);
      assert.equal((await bd.json<{ deleted_count: number }>('burn', b)).deleted_count, 3, 'a program is not asked');
    });

    it('are burnt together; those that there are not are named', async () => {
      const [a, b] = [await pour('wisp'), await pour('pour')];
      const { code, out, err } = await bd.run('mol', 'burn', a, 't-none', b, '--force');
      assert.deepEqual([code, out], [0, '✓ Burned 2 molecule(s): 6 issues deleted\n  1 failed\n']);
      assert.match(err, /no issue found matching "t-none"/);
      await bd.fails(/no issue found/, 'mol', 'burn', 't-none', 't-nope', '--force');
    });

    it('are squashed into a digest, with which a wisp is kept', async () => {
      const id = await pour('wisp');
      await bd.json('close', `${id}.1`, '--reason', 'well');
      assert.match((await bd.run('squash', id, '--dry-run')).out, /\nDigest preview:\n## Molecule Execution Summary\n/);
      const result = await bd.json<Record<string, unknown>>('squash', id);
      assert.deepEqual([result.squashed_count, result.wisp_squash, result.digest], [2, true, undefined]);
      const [digest, root] = await bd.json<BeadDetails[]>('show', String(result.digest_id), id);
      assert.deepEqual([digest!.labels ?? [], digest!.dependencies.map((edge) => edge.id)], [[], [id]]);
      assert.deepEqual([root!.status, root!.ephemeral ?? false], ['closed', false]);
      const none = await bd.json<Record<string, unknown>>('mol', 'squash', id);
      assert.deepEqual([none.digest_id, none.squashed_ids, none.squashed_count], ['', [], 0]);
    });

    it('are deleted by gc when they are old, or closed', async () => {
      const id = await pour('wisp');
      assert.match((await bd.run('mol', 'wisp', 'gc', '--age', '1h30m')).out, /^No abandoned wisps found\n/);
      const preview = (await bd.run('mol', 'wisp', 'gc', '--dry-run', '--age', '0s')).out;
      assert.match(
        preview,
        /^Dry run: would clean 3 abandoned wisp\(s\):\n\n {2}t-wisp-\S+: .* \(last updated: just now\)\n/,
      );
      await bd.json('close', `${id}.1`);
      assert.match(
        (await bd.run('mol', 'wisp', 'gc', '--closed')).out,
        /^Dry run: would clean 1 closed[^]*Add --force/,
      );
      assert.match(
        (await bd.run('mol', 'wisp', 'gc', '--closed', '--force')).out,
        new RegExp(`1 closed wisp\\(s\\)\n {2}- ${id}.1`),
      );
      assert.match((await bd.run('mol', 'wisp', 'gc', '--age', '0s')).out, /^✓ Cleaned 2 abandoned wisp\(s\)\n {2}- /);
      await bd.fails(/invalid duration: soon/, 'mol', 'wisp', 'gc', '--age', 'soon');
    });

    it('without a formula show help; an unknown formula is named', async () => {
      assert.match((await bd.run('mol', 'wisp')).out, /^bd mol wisp - /);
      await bd.fails(/^Error: 'nope' not found as formula or proto\n/, 'mol', 'wisp', 'nope');
    });
  });

  it('below a parent are shown as a tree with that parent', async () => {
    const epic = await bd.create('e', '-t', 'epic');
    const child = await bd.create('child', '--parent', epic);
    const { out } = await bd.run('list', '--tree', '--parent', epic.slice(2));
    assert.ok(out.startsWith(`○ ${epic} ● P2 [epic] e\n└── ○ ${child} ● P2 child\n`), out);
    assert.deepEqual(
      (await bd.json<Bead[]>('list', '--tree', '--parent', epic)).map(({ id }) => id),
      [child],
    );
  });

  it('in a tree of dependencies are chosen by type and status, with the way to them', async () => {
    const [a, b, c, d] = [await bd.create('a'), await bd.create('b'), await bd.create('c'), await bd.create('d')];
    await bd.json('dep', 'add', a, b);
    await bd.json('dep', 'add', b, c);
    await bd.json('dep', 'add', a, d, '-t', 'related');
    const ids = async (...options: string[]): Promise<string[]> =>
      (await bd.json<Bead[]>('dep', 'tree', a, ...options)).map(({ id }) => id).sort();
    assert.deepEqual(await ids('--type', 'related'), [a, d].sort());
    assert.deepEqual(await ids('-t', 'blocks'), [a, b, c].sort());
    await bd.json('update', c, '--status', 'in_progress');
    assert.deepEqual(await ids('--status', 'in_progress'), [a, b, c].sort(), 'with what leads there');
    assert.deepEqual(await ids('--status', 'closed'), []);
    assert.equal((await bd.run('dep', 'tree', a, '--status', 'closed')).out, `\n${a} has no dependencies\n`);
    await bd.fails(/invalid status: nonsense/, 'dep', 'tree', a, '--status', 'nonsense');
    assert.match((await bd.run('dep', 'tree', a, '--format', 'mermaid')).out, new RegExp(`${c}\\["◧ ${c}: c"\\]`));
    assert.equal((await bd.run('dep', 'list', a, '-t', 'tracks')).out, `\n${a} has no dependencies of type 'tracks'\n`);
    assert.equal(
      (await bd.run('dep', 'list', a, '--direction', 'up', '-t', 'x')).out,
      `\nNo issues depend on ${a} with type 'x'\n`,
    );
  });
});

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { VERSION } from '../../../server/src/protocol/transport/version';
import type { Bead } from '../../../server/src/protocol/bead';
import { BdRunner } from './bdRunner';

describe('beads of agents, other repositories and the version', () => {
  let bd: BdRunner;

  beforeEach(async () => {
    bd = await BdRunner.open('gt');
  });

  describe('bd agent', () => {
    it('creates the bead of an agent with what its id says, and keeps its state', async () => {
      const made = await bd.run('agent', 'state', 'gt-toy-polecat-nux', 'Running');
      assert.equal(made.out, '✓ gt-toy-polecat-nux state=running\n');
      assert.equal((await bd.run('agent', 'heartbeat', 'toy-polecat-nux')).out, '✓ gt-toy-polecat-nux heartbeat\n');
      const { last_activity: seen, ...shown } = await bd.json<Record<string, unknown>>(
        'agent',
        'show',
        'gt-toy-polecat-nux',
      );
      assert.ok(Date.parse(String(seen)) > 0);
      assert.deepEqual(shown, {
        id: 'gt-toy-polecat-nux',
        title: 'Agent: gt-toy-polecat-nux',
        agent_state: 'running',
        hook_bead: null,
        role_bead: null,
        role_type: 'polecat',
        rig: 'toy',
      });
      const [bead] = await bd.json<Bead[]>('show', 'gt-toy-polecat-nux');
      assert.deepEqual([bead!.issue_type, bead!.labels], ['agent', ['gt:agent', 'rig:toy', 'role_type:polecat']]);
      assert.deepEqual(await bd.json('ready'), [], 'an agent is no work');
      assert.match(fs.readFileSync(path.join(bd.cwd, '.beads', 'issues.jsonl'), 'utf8'), /"agent_state":"running"/);
    });

    it('knows roles of the town and of rigs', async () => {
      for (const id of ['gt-mayor', 'gt-toy-refinery', 'gt-emma']) await bd.json('agent', 'state', id, 'idle');
      const roleOf = async (id: string): Promise<unknown> =>
        (await bd.json<Record<string, unknown>>('agent', 'show', id)).role_type;
      assert.deepEqual(
        [await roleOf('gt-mayor'), await roleOf('gt-toy-refinery'), await roleOf('gt-emma')],
        ['mayor', 'refinery', null],
      );
      const { out } = await bd.run('agent', 'show', 'gt-emma');
      assert.match(out, /^Agent: gt-emma\nTitle: Agent: gt-emma\n\nState:\n {2}agent_state: idle\n/);
      assert.match(out, /Identity:\n {2}role_type: \(not set\)\n {2}rig: \(not set\)\n\nSlots:\n {2}hook: \(empty\)\n/);
    });

    it('refuses an unknown state, a bead that is no agent, and one that there is not', async () => {
      const task = await bd.create('task');
      await bd.fails(/invalid state "busy"; valid states: idle, spawning/, 'agent', 'state', 'gt-emma', 'busy');
      await bd.fails(/is not an agent bead \(type=task\)/, 'agent', 'state', task, 'idle');
      await bd.fails(/is not an agent bead/, 'agent', 'heartbeat', task);
      await bd.fails(/no issue found matching "gt-none"/, 'agent', 'show', 'gt-none');
    });

    it('completes labels and fields from the description', async () => {
      const id = await bd.create('old', '-t', 'agent', '-d', 'role_type: witness\nrig: toy');
      assert.match(
        (await bd.run('agent', 'backfill-labels', '--dry-run')).out,
        /Would update .*\n\nDry run complete: 1/,
      );
      const done = await bd.json<{ updated: number; skipped: number }>('agent', 'backfill-labels');
      assert.deepEqual([done.updated, done.skipped], [1, 0]);
      assert.deepEqual((await bd.json<Bead[]>('show', id))[0]!.labels, ['rig:toy', 'role_type:witness']);
      assert.equal((await bd.json<{ skipped: number }>('agent', 'backfill-labels')).skipped, 1);
    });

    it('is created with its rig and role; other beads have none', async () => {
      const id = await bd.create('nux', '-t', 'agent', '--agent-rig', 'toy', '--role-type', 'polecat');
      assert.equal((await bd.json<Record<string, unknown>>('agent', 'show', id)).rig, 'toy');
      await bd.fails(/flags require --type=agent/, 'create', 'x', '--agent-rig', 'toy');
      await bd.fails(/flags require --type=event/, 'create', 'x', '--event-actor', 'ann');
    });
  });

  it('a hook holds one bead until it is cleared', async () => {
    const [a, b] = [await bd.create('a'), await bd.create('b')];
    await bd.json('agent', 'state', 'gt-emma', 'idle');
    assert.equal((await bd.run('slot', 'set', 'gt-emma', 'hook', a)).out, `✓ Set gt-emma.hook = ${a}\n`);
    await bd.fails(/hook slot already occupied by/, 'slot', 'set', 'gt-emma', 'hook', b);
    await bd.json('slot', 'set', 'gt-emma', 'role', b);
    assert.deepEqual(await bd.json('slot', 'show', 'gt-emma'), { agent: 'gt-emma', slots: { hook: a, role: b } });
    assert.equal((await bd.run('slot', 'clear', 'gt-emma', 'hook')).out, '✓ Cleared gt-emma.hook\n');
    assert.equal(
      (await bd.run('slot', 'show', 'gt-emma')).out,
      `Agent: gt-emma\nSlots:\n  hook: (empty)\n  role: ${b}\n`,
    );
    await bd.fails(/invalid slot name "pocket"; valid slots: hook, role/, 'slot', 'set', 'gt-emma', 'pocket', a);
    await bd.fails(/no issue found matching "gt-none"/, 'slot', 'set', 'gt-emma', 'hook', 'gt-none');
    await bd.fails(/is not an agent bead/, 'slot', 'show', a);
  });

  it('beads of a repository that was added can be waited for', async () => {
    const lib = path.join(path.dirname(bd.cwd), 'lib');
    fs.mkdirSync(lib);
    const other = await BdRunner.inFolder(lib, 'lib');
    const theirs = await other.create('theirs');
    const mine = await bd.create('mine');
    await bd.fails(/no \.beads directory found at .*none - is this a beads repository/, 'repo', 'add', '../none');
    assert.match((await bd.run('repo', 'add', '../lib')).out, /^Added repository: \.\.\/lib\n/);
    assert.deepEqual(await bd.json('repo', 'list'), { primary: '.', additional: ['../lib'] });
    assert.match((await bd.run('repo', 'list')).out, /Additional repositories:\n {2}- \.\.\/lib\n/);
    await bd.json('dep', 'add', mine, `external:lib:${theirs}`);
    assert.deepEqual(await bd.json('ready'), []);
    await other.json('close', theirs);
    assert.equal((await bd.json<Bead[]>('ready'))[0]?.id, mine);
    assert.equal((await bd.run('repo', 'sync')).out, 'Multi-repo sync complete: all repos up to date\n');
    fs.rmSync(lib, { recursive: true });
    await bd.fails(/no \.beads directory found at \.\.\/lib/, 'repo', 'sync');
    await bd.json('repo', 'remove', '../lib');
    await bd.fails(/repository not found/, 'repo', 'remove', '../lib');
    assert.deepEqual(await bd.json('repo', 'list'), { primary: '.', additional: [] });
  });

  it('a bead is created in the ledger of another folder', async () => {
    const lib = path.join(path.dirname(bd.cwd), 'lib');
    fs.mkdirSync(lib);
    await BdRunner.inFolder(lib, 'lib');
    assert.match((await bd.json<Bead>('create', 'x', '--repo', '../lib')).id, /^lib-/);
    await bd.fails(/no beads database found at/, 'create', 'x', '--repo', '../none');
    assert.deepEqual(await bd.json('list'), []);
  });

  it('a version is new until somebody says that they know it', async () => {
    assert.match((await bd.run('upgrade', 'status')).out, /^bd version: v\S+ \(first run/);
    assert.match((await bd.run('upgrade', 'review')).out, /^No previous version recorded\n/);
    fs.writeFileSync(path.join(bd.cwd, '.beads', '.local_version'), '0.0.9\n');
    assert.deepEqual(await bd.json('upgrade', 'status'), {
      upgraded: true,
      current_version: VERSION,
      previous_version: '0.0.9',
      changes_available: true,
    });
    assert.match((await bd.run('upgrade', 'review')).out, /Upgraded from v0\.0\.9 to v/);
    assert.match((await bd.run('upgrade', 'ack', '--readonly')).err, /not allowed in read-only mode/);
    assert.match((await bd.run('upgrade', 'ack')).out, /^✓ Acknowledged upgrade from v0\.0\.9 to v/);
    assert.match((await bd.run('upgrade', 'ack')).out, /^✓ Already on v/);
    assert.match((await bd.run('upgrade', 'review')).out, /^You're already on v/);
    assert.equal((await bd.json<{ upgraded: boolean }>('upgrade', 'status')).upgraded, false);
  });
});

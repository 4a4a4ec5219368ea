import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { identify, isAlive } from '../../server/src/base/process';
import { CliTown, Person, type CliResult } from '../helpers/cliTown';
import { makeRepository, sh, tempDir, waitUntil } from '../helpers/temp';
import type { Bead } from '../../server/src/protocol/bead';
import type { RigInfo, TownSnapshot } from '../../server/src/protocol/town';

const addFile = (file: string): string => `echo x > ${file}\ngit add --all\ngit commit --quiet -m ${file}`;

/** Waits for a polecat's session and gives what its own shell would have. */
async function agentOf(town: CliTown, bead: string): Promise<{ cwd: string; env: NodeJS.ProcessEnv }> {
  let found: { cwd: string; env: NodeJS.ProcessEnv } | undefined;
  await waitUntil('the session lives', () => {
    const session = town.sessions().find((candidate) => candidate.bead === bead);
    if (!session) return false;
    const entries = fs
      .readFileSync(`/proc/${session.pid}/environ`, 'utf8')
      .split('\0')
      .filter(Boolean)
      .map((entry) => entry.split(/=(.*)/s) as [string, string]);
    found = {
      cwd: fs.readlinkSync(`/proc/${session.pid}/cwd`),
      env: Object.fromEntries(entries.map(([name, value]) => [name, value])),
    };
    return found.env.GT_SESSION_TOKEN !== undefined;
  });
  return found!;
}

describe('faults', function () {
  this.timeout(120_000);
  let town: CliTown | undefined;
  afterEach(async () => {
    await town?.dispose();
    town = undefined;
  });

  it('a runtime that is not installed fails the bead with what to do, and no loop', async () => {
    town = await CliTown.make();
    await town.gt('config', 'agent', 'set', 'nonesuch', 'no-such-command-anywhere');
    const bead = await town.bead('One', 'true');
    await town.gt('sling', bead, 'toy', '--agent', 'nonesuch');
    await town.gt('config', 'agent', 'accept', 'nonesuch', '--yes');
    await town.gt('up');
    await waitUntil('it has failed', async () =>
      (await town!.snapshot()).beads.some((item) => item.id === bead && item.phase === 'failed'),
    );
    const snapshot = await town.snapshot();
    assert.match(snapshot.attention.find((item) => item.bead === bead)?.title ?? '', /no-such-command-anywhere/);
    assert.equal(snapshot.beads.find((item) => item.id === bead)?.attempt, 1);
  });

  it('a runtime without safety prompts waits for a person, once', async () => {
    town = await CliTown.make();
    const script = path.join(town.person.home, 'agent.sh');
    fs.writeFileSync(
      script,
      `#!/bin/sh\nset -e\ngt prime | grep -q 'Custom work'\ngt hook > hook.txt\n${addFile('custom.txt')}\ngt done\nsleep 60\n`,
      { mode: 0o755 },
    );
    await town.gt('config', 'agent', 'set', 'mine', script, '--prompt', 'none');
    const bead = (await town.bd('create', '--title=Custom work', '--silent')).trim();
    await town.gt('up');
    const [slung] = await town.person.json<{ convoy: string }[]>('gt', ['sling', bead, 'toy', '--agent', 'mine'], {
      cwd: town.root,
    });
    await waitUntil('it is asked', async () =>
      (await town!.snapshot()).attention.some((item) => item.consent?.kind === 'runtime'),
    );
    assert.equal(town.sessions().length, 0);
    const shown = await town.person.run('gt', ['config', 'agent', 'accept', 'mine'], { cwd: town.root });
    assert.match(shown.stderr, /agent\.sh[\s\S]*--hash [0-9a-f]{16}/);
    await town.gt('config', 'agent', 'accept', 'mine', '--hash', /--hash ([0-9a-f]+)/.exec(shown.stderr)![1]!);
    await town.convoyLands(slung!.convoy);
    assert.match(
      sh(town.project, 'git', 'show', 'gastown/main:hook.txt'),
      /toy\/polecats\/furiosa: toy-\w+ Custom work/,
    );
  });

  it('a folder that ships a town with commands in it runs nothing', async () => {
    const person = new Person();
    const evil = await CliTown.make({ gates: ['test=touch pwned'], person: new Person() });
    const bead = await evil.bead('Evil', 'touch ../../../../pwned');
    await evil.gt('sling', bead, 'toy');
    await evil.gt('stop', '--all');
    await evil.gt('shutdown');
    await evil.dispose();
    const root = path.join(person.home, 'came by mail');
    fs.cpSync(evil.root, root, { recursive: true });
    const settings = path.join(root, 'settings', 'config.json');
    fs.writeFileSync(
      settings,
      JSON.stringify({ ...(JSON.parse(fs.readFileSync(settings, 'utf8')) as object), up: true }),
    );
    // It also says that a stranger's process is its session, which would be ended.
    const victim = spawn('sleep', ['300'], { detached: true, stdio: 'ignore' });
    const record = {
      id: 'toy-furiosa-1',
      agent: 'toy/polecats/furiosa',
      rig: 'toy',
      name: 'furiosa',
      bead,
      runtime: 'script',
      attempt: 1,
      tokenHash: 'x',
      startedAt: 1,
      ...identify(victim.pid!),
    };
    fs.mkdirSync(path.join(root, '.runtime', 'sessions'), { recursive: true });
    fs.writeFileSync(path.join(root, '.runtime', 'sessions', 'toy-furiosa-1.json'), JSON.stringify(record));
    // Not this person's town: no server will serve it.
    const refused = await person.run('gt', ['status'], { cwd: root });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /not in your registry|cannot be started|no town/);
    // Trusted by a person, it still is down, and neither its gates nor its scripts are accepted.
    await person.ok('gt', ['install', root]);
    const snapshot = await person.json<TownSnapshot>('gt', ['status'], { cwd: root });
    assert.equal(snapshot.town[0]!.up, false);
    assert.equal(snapshot.rigs[0]!.accepted, false);
    await person.ok('gt', ['up'], { cwd: root });
    await new Promise((done) => setTimeout(done, 1500));
    const after = await person.json<TownSnapshot>('gt', ['status'], { cwd: root });
    assert.deepEqual(
      after.agents.filter((agent) => agent.role === 'polecat'),
      [],
    );
    assert.deepEqual(after.attention.map((item) => item.consent?.kind).sort(), ['rig-commands', 'script']);
    assert.equal(fs.existsSync(path.join(root, 'pwned')), false);
    assert.equal(isAlive(identify(victim.pid!)), true, 'a stranger lives on');
    victim.kill('SIGKILL');
    await person.ok('gt', ['shutdown'], { cwd: root });
  });

  it('a script that came by import waits for a person; one written here does not', async () => {
    town = await CliTown.make();
    const line = {
      id: 'toy-imp0rt',
      title: 'From elsewhere',
      description: '```sh\ntouch x\n```',
      status: 'open',
      priority: 2,
      issue_type: 'task',
      created_at: '2026-01-01T00:00:00Z',
      updated_at: '2026-01-01T00:00:00Z',
      // As if the engine had slung it and frozen its script already: only this town's own engine may say so.
      metadata: {
        keep: 1,
        gastown: { branch: 'any', slung: { rig: 'toy', by: 'mallory', at: '2026-01-01T00:00:00Z', runtime: 'script' } },
      },
    };
    const file = path.join(town.person.home, 'import.jsonl');
    fs.writeFileSync(file, `${JSON.stringify(line)}\n`);
    await town.bd('import', '-i', file);
    const [imported] = await town.person.json<Bead[]>('bd', ['show', line.id], { cwd: path.join(town.root, 'toy') });
    assert.deepEqual(imported!.metadata, { keep: 1 });
    await town.gt('up');
    await town.gt('sling', 'toy-imp0rt', 'toy');
    await waitUntil('it is asked', async () =>
      (await town!.snapshot()).attention.some(
        (item) => item.bead === 'toy-imp0rt' && item.consent?.text.trim() === 'touch x',
      ),
    );
    assert.equal(town.sessions().length, 0);
  });

  it('an agent is who its token says: nobody without it, nobody else with it, and no person', async () => {
    town = await CliTown.make();
    const bead = await town.bead('Sleeper', 'sleep 60');
    await town.gt('up');
    await town.gt('sling', bead, 'toy');
    const { cwd, env } = await agentOf(town, bead);
    const run = (program: 'gt' | 'bd', args: string[], changes: NodeJS.ProcessEnv = {}) =>
      town!.person.run(program, args, { cwd, env: { ...env, ...changes } });
    // As itself it reads and writes, and is named.
    const created = JSON.parse(
      (await run('bd', ['create', '--title=Found a bug', '--type', 'bug', '--json'])).stdout,
    ) as Bead;
    assert.equal(created.created_by, 'toy/polecats/furiosa');
    assert.match(created.id, /^toy-/);
    // Another actor, no token, a dead token.
    const other = await run('bd', ['create', '--title=x', '--actor', 'ann']);
    assert.match(other.stderr, /belongs to toy\/polecats\/furiosa, not to ann/);
    const none = await run('bd', ['create', '--title=x'], { GT_SESSION_TOKEN: '' });
    assert.match(none.stderr, /no valid session token/);
    const wrong = await run('bd', ['create', '--title=x'], { GT_SESSION_TOKEN: 'forged' });
    assert.match(wrong.stderr, /has ended/);
    assert.equal((await run('bd', ['list', '--json'], { GT_SESSION_TOKEN: '' })).code, 0, 'reading is allowed');
    // What only a person may do.
    for (const args of [['up'], ['rig', 'remove', 'toy'], ['stop', '--all'], ['config', 'default-agent', 'claude']]) {
      const refused = await run('gt', args);
      assert.equal(refused.code, 1, args.join(' '));
      assert.match(refused.stderr, /only a person/);
    }
    // What is the engine's and people's: the convoy under way, imports, the person's name from where gates run.
    const convoy = (await town.snapshot()).convoys[0]!.id;
    assert.match(
      (await run('bd', ['dep', 'add', convoy, created.id, '--type', 'tracks'])).stderr,
      /may not change a convoy that is under way/,
    );
    assert.match(
      (await run('bd', ['update', convoy, '--title', 'x'])).stderr,
      /only people and the town itself may change/,
    );
    assert.match(
      (await run('bd', ['import', '-i', path.join(town.root, 'toy', '.beads', 'issues.jsonl')])).stderr,
      /may not import/,
    );
    assert.match((await run('gt', ['nudge', 'mayor', 'go on'])).stderr, /may not type to mayor/);
    const refinery = path.join(town.root, 'toy', 'refinery', 'rig');
    fs.mkdirSync(refinery, { recursive: true });
    assert.match(
      (await town.person.run('bd', ['create', '--title=x'], { cwd: refinery })).stderr,
      /folder belongs to toy\/refinery/,
    );
    assert.match((await run('gt', ['peek', 'toy/furiosa'], { GT_SESSION_TOKEN: '' })).stderr, /no valid session token/);
    // Closing its own bead would lose its commits to sight.
    const close = await run('bd', ['close', bead]);
    assert.match(close.stderr, /gt done/);
    // Nothing done yet: nothing to merge. Uncommitted work, then somebody else's commit.
    assert.match((await run('gt', ['done'])).stderr, /no commit on this branch/);
    fs.writeFileSync(path.join(cwd, 'x.txt'), 'x');
    assert.match((await run('gt', ['done'])).stderr, /uncommitted changes/);
    sh(cwd, 'git', 'add', '--all');
    sh(cwd, 'git', 'commit', '--quiet', '-m', 'by Ann');
    assert.match((await run('gt', ['done'])).stderr, /is by "Ann", not by toy\/polecats\/furiosa/);
    await town.gt('stop', 'toy/polecats/furiosa');
    // What still runs in the session's name is ended with it, this command too if it comes at that moment.
    await waitUntil('its token is void', async () =>
      /has ended/.test((await run('bd', ['create', '--title=x'])).stderr),
    );
    assert.ok(!(await town.bd('list', '--json')).includes('"title": "x"'));
    assert.equal((await town.snapshot()).beads.find((item) => item.id === bead)?.problem, 'stopped by a person');
  });

  it('ten bd commands at once, from nothing, are served by one server and none is lost', async () => {
    town = await CliTown.make();
    await town.gt('shutdown');
    const results = await Promise.all(
      Array.from({ length: 10 }, (_unused, index) => town!.bd('create', `--title=Bead ${index}`, '--silent')),
    );
    assert.equal(new Set(results).size, 10);
    const listed = await town.person.json<Bead[]>('bd', ['list', '-n', '0'], { cwd: path.join(town.root, 'toy') });
    assert.equal(listed.length, 10);
  });

  it('what a person stopped goes on where it was when the engine is started again', async () => {
    town = await CliTown.make();
    const bead = await town.bead('Long', `echo one >> steps.txt\n\`\`\`\n\n\`\`\`sh\nsleep 3\n${addFile('long.txt')}`);
    await town.gt('up');
    const [slung] = await town.person.json<{ convoy: string }[]>('gt', ['sling', bead, 'toy'], { cwd: town.root });
    await agentOf(town, bead);
    const progress = path.join(town.root, 'toy', 'polecats', 'furiosa', 'progress.json');
    await waitUntil('the first block has run', () => fs.existsSync(progress));
    await town.gt('stop', '--all');
    assert.equal(town.sessions().length, 0);
    await town.gt('up');
    await town.convoyLands(slung!.convoy);
    assert.equal(sh(town.project, 'git', 'show', 'gastown/main:steps.txt'), 'one');
  });

  it('a gate that hangs is ended, and its limit is in the feedback', async () => {
    town = await CliTown.make({
      gates: ['test=sleep 100'],
      settings: { max_attempts: 1, merge_queue: { test_command: 'sleep 100', gate_timeout: 1 } },
    });
    await town.gt('rig', 'accept', 'toy', '--yes');
    const bead = await town.bead('One', addFile('one.txt'));
    await town.gt('up');
    await town.gt('sling', bead, 'toy');
    await waitUntil('it has failed', async () =>
      (await town!.snapshot()).beads.some(
        (item) => item.id === bead && /longer than its limit of 1 s/.test(item.problem ?? ''),
      ),
    );
  });

  it('changed rig commands are asked about again before they run', async () => {
    town = await CliTown.make();
    const file = path.join(town.root, 'toy', 'settings', 'config.json');
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace('"true"', '"true && touch ../../../pwned"'));
    const bead = await town.bead('One', addFile('one.txt'));
    await town.gt('up');
    await town.gt('sling', bead, 'toy');
    await waitUntil('it is asked', async () =>
      (await town!.snapshot()).attention.some((item) => item.consent?.kind === 'rig-commands'),
    );
    assert.equal(town.sessions().length, 0);
    const refused = await town.person.run('gt', ['rig', 'accept', 'toy'], { cwd: town.root });
    assert.match(refused.stderr, /touch \.\.\/\.\.\/\.\.\/pwned/);
  });

  it('gates that were taken away are asked about: nothing lands untested by an edit', async () => {
    town = await CliTown.make();
    const file = path.join(town.root, 'toy', 'settings', 'config.json');
    const settings = JSON.parse(fs.readFileSync(file, 'utf8')) as { merge_queue: Record<string, unknown> };
    delete settings.merge_queue.test_command;
    fs.writeFileSync(file, JSON.stringify(settings));
    const bead = await town.bead('One', addFile('one.txt'));
    await town.gt('up');
    const [slung] = await town.person.json<{ convoy: string }[]>('gt', ['sling', bead, 'toy'], { cwd: town.root });
    await waitUntil('it is asked', async () =>
      (await town!.snapshot()).attention.some(
        (item) => item.rig === 'toy' && /nothing is tested/.test(item.consent?.text ?? ''),
      ),
    );
    assert.equal(town.sessions().length, 0);
    // What was shown is what is accepted.
    const shown = await town.person.run('gt', ['accept', 'consent-rig-toy'], { cwd: town.root });
    assert.match(shown.stderr, /nothing is tested/);
    const hash = /--hash ([0-9a-f]+)/.exec(shown.stderr)![1]!;
    settings.merge_queue.test_command = 'touch ../../../pwned';
    fs.writeFileSync(file, JSON.stringify(settings));
    assert.match(
      (await town.person.run('gt', ['rig', 'accept', 'toy', '--hash', hash], { cwd: town.root })).stderr,
      /has changed since it was shown/,
    );
    delete settings.merge_queue.test_command;
    fs.writeFileSync(file, JSON.stringify(settings));
    await town.gt('rig', 'accept', 'toy', '--hash', hash);
    await town.convoyLands(slung!.convoy);
    assert.equal(fs.existsSync(path.join(town.root, 'pwned')), false);
  });

  it('a rig whose folder is gone leaves the town running, and can be taken out', async () => {
    town = await CliTown.make();
    await town.gt('rig', 'add', 'other', makeRepository({ 'a.txt': 'a' }), '--yes', '--gate', 'test=true');
    await town.gt('shutdown');
    fs.rmSync(path.join(town.root, 'other'), { recursive: true });
    assert.deepEqual(
      (await town.snapshot()).rigs.map((rig) => rig.id),
      ['toy'],
    );
    assert.match(await town.gt('attention'), /problem-rig-other[\s\S]*is gone[\s\S]*gt rig remove other/);
    await town.gt('rig', 'remove', 'other');
    assert.deepEqual((await town.snapshot()).attention, []);
  });

  it('a server killed at any moment of "rig add" has added the rig once, with its gates', async () => {
    town = await CliTown.make();
    for (const [index, afterMs] of [0, 40, 90, 160].entries()) {
      const name = `rig${index}`;
      const adding: Promise<CliResult> = town.person.run(
        'gt',
        ['rig', 'add', name, makeRepository({ 'a.txt': 'a' }), '--yes', '--gate', 'test=true'],
        { cwd: town.root },
      );
      // The command line needs a moment to start and connect.
      await waitUntil('it has begun', () => fs.existsSync(path.join(town!.root, name)));
      await new Promise((done) => setTimeout(done, afterMs));
      town.kill('server');
      const result = await adding;
      assert.equal(result.code, 0, result.stderr);
      const rig: RigInfo | undefined = (await town.snapshot()).rigs.find((candidate) => candidate.id === name);
      assert.deepEqual([rig?.accepted, rig?.gates.map((gate) => gate.command)], [true, ['true']], name);
    }
    assert.deepEqual((await town.snapshot()).attention, []);
  });

  it('many towns that are made at once are all known', async () => {
    const person = new Person();
    const roots = Array.from({ length: 6 }, (_unused, index) => path.join(person.home, `town ${index}`));
    await Promise.all(roots.map((root) => person.ok('gt', ['install', root])));
    const registry = JSON.parse(
      fs.readFileSync(path.join(person.home, '.config', 'gastown', 'towns.json'), 'utf8'),
    ) as { towns: { root: string }[] };
    assert.deepEqual(registry.towns.map((entry) => entry.root).sort(), roots);
  });

  it("nobody acts under an agent's name or a role's", async () => {
    town = await CliTown.make();
    for (const actor of ['toy/polecats/furiosa', 'toy/witness', 'deacon', 'mayor']) {
      const result = await town.person.run('bd', ['create', '--title=x', '--actor', actor], {
        cwd: path.join(town.root, 'toy'),
      });
      assert.match(result.stderr, /name of an agent/, actor);
    }
    assert.match(
      (await town.person.run('gt', ['up', '--actor', 'deacon'], { cwd: town.root })).stderr,
      /name of an agent/,
    );
  });

  it('gt takes short addresses, closes escalations, and tells the person who asked for it', async () => {
    town = await CliTown.make();
    const bead = await town.bead('Sleeper', 'sleep 60');
    const other = await town.bead('Fails', 'exit 1');
    const convoy = await town.person.json<{ id: string }>(
      'gt',
      ['convoy', 'create', '--launch', 'Told', bead, '--notify'],
      {
        cwd: town.root,
      },
    );
    const told = await town.person.json<{ metadata: { convoy: { notify: string[] } } }[]>('bd', ['show', convoy.id], {
      cwd: town.root,
    });
    assert.deepEqual(told[0]?.metadata.convoy.notify, ['Ann']);
    await town.gt('up');
    await agentOf(town, bead);
    assert.match(await town.gt('hook', 'toy/furiosa'), /Sleeper/);
    assert.match(await town.gt('stop', 'toy/furiosa'), /Stopped toy\/polecats\/furiosa/);
    await town.gt('sling', other, 'toy');
    let id = '';
    await waitUntil(
      'it has failed for good',
      async () => {
        id = (await town!.snapshot()).attention.find((item) => item.kind === 'escalation')?.id ?? '';
        return id !== '';
      },
      60_000,
    );
    assert.match(
      await town.gt('attention'),
      new RegExp(`${id} \\(escalation, high\\)[\\s\\S]*gt escalate close ${id}`),
    );
    await town.gt('escalate', 'close', id);
    assert.deepEqual((await town.snapshot()).attention, []);
    assert.match((await town.person.run('gt', ['accept', 'nothing'], { cwd: town.root })).stderr, /see "gt attention"/);
  });

  it('bad input says what to do', async () => {
    town = await CliTown.make();
    const cases: [string[], RegExp][] = [
      [['sling', 'toy-nope', 'toy'], /no issue found matching/],
      [['sling', 'x', 'nowhere'], /there is no rig nowhere/],
      [['sling', 'only-one'], /name the beads and the rig/],
      [['rig', 'add', '../evil', town.project], /is not a valid name/],
      [['rig', 'add', 'toy', town.project], /there is a rig toy already/],
      [['rig', 'add', 'other', town.project], /is the rig toy already/],
      [['rig', 'add', 'hq', tempDir('x')], /reserved by the town/],
      [['rig', 'add', 'plain', tempDir('plain')], /is not a git repository/],
      [['rig', 'add', 'r', town.project, '--gate', 'deploy=x'], /is not a gate/],
      [['rig', 'remove', 'nope'], /there is no rig nope/],
      [['convoy', 'launch', 'hq-nope'], /no issue found matching/],
      [['convoy', 'create', 'x', 'toy-nope'], /no issue found matching/],
      [['stop'], /name what to stop/],
      [['stop', 'toy/polecats/nobody'], /has no session/],
      [['config', 'default-agent', 'nope'], /no agent runtime nope.*\n.*claude/],
      [['config', 'agent', 'set', 'claude', 'x'], /is built in/],
      [['done'], /for an agent in its own session/],
      [['prime'], /for an agent in its own session/],
      [['nonsense'], /unknown command/],
    ];
    for (const [args, expected] of cases) {
      const result = await town.person.run('gt', args, { cwd: town.root });
      assert.equal(result.code, 1, args.join(' '));
      assert.match(result.stderr, expected, args.join(' '));
    }
    const json = await town.person.run('gt', ['stop', '--json'], { cwd: town.root });
    assert.equal((JSON.parse(json.stderr) as { error: string }).error, 'name what to stop');
    const lost = await new Person().run('gt', ['status']);
    assert.match(lost.stderr, /you have no town/);
  });

  it('a town is made only in an empty folder, and a rig only removed when nothing is in work', async () => {
    const person = new Person();
    const folder = makeRepository({ 'a.txt': 'a' });
    const refused = await person.run('gt', ['install', folder]);
    assert.match(refused.stderr, /is not empty/);
    town = await CliTown.make();
    const bead = await town.bead('Sleeper', 'sleep 60');
    await town.gt('up');
    await town.gt('sling', bead, 'toy');
    await agentOf(town, bead);
    assert.match(
      (await town.person.run('gt', ['rig', 'remove', 'toy'], { cwd: town.root })).stderr,
      /has work in furiosa/,
    );
  });
});

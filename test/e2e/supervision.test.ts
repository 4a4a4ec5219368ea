import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { AttentionInfo, SnapshotInfo } from '../../server/src/protocol/town';
import { CliTown } from '../helpers/cliTown';
import { sh, waitUntil } from '../helpers/temp';

describe('supervision', function () {
  this.timeout(120_000);
  let town: CliTown;
  afterEach(() => town.dispose());

  /** A runtime of the town's own that runs this script; words can be typed to it. */
  async function agent(name: string, lines: readonly string[], ...options: string[]): Promise<void> {
    const file = path.join(town.person.home, `${name}.sh`);
    fs.writeFileSync(file, ['#!/bin/sh', ...lines, ''].join('\n'), { mode: 0o755 });
    await town.gt('config', 'agent', 'set', name, file, ...options);
    await town.gt('config', 'agent', 'accept', name, '--yes').catch(() => undefined); // it is asked for with its first bead
  }

  async function sling(bead: string, ...options: string[]): Promise<string> {
    const [slung] = await town.person.json<{ convoy: string }[]>('gt', ['sling', bead, 'toy', ...options], {
      cwd: town.root,
    });
    return slung!.convoy;
  }

  async function accepted(name: string): Promise<void> {
    await waitUntil(
      'its runtime can be accepted',
      async () =>
        (await town.person.run('gt', ['config', 'agent', 'accept', name, '--yes'], { cwd: town.root })).code === 0,
    );
  }

  async function attention(kind: AttentionInfo['kind'], wanted: RegExp): Promise<AttentionInfo> {
    let found: AttentionInfo | undefined;
    await waitUntil(
      `a person is told: ${wanted}`,
      async () => {
        found = (await town.snapshot()).attention.find((item) => item.kind === kind && wanted.test(item.title));
        return found !== undefined;
      },
      60_000,
    );
    return found!;
  }

  const newBead = async (title: string): Promise<string> =>
    (await town.bd('create', `--title=${title}`, '--silent')).trim();
  const work = ['echo x > a.txt', 'git add --all', 'git commit --quiet -m work'];

  it('an agent that does not hand in its work is nudged by words, and does it then', async () => {
    town = await CliTown.make();
    await town.gt('rig', 'set', 'toy', 'stall_after=2');
    await agent(
      'shy',
      [...work, `read -r words; printf '%s' "$words" > "${town.person.home}/heard"`, 'gt done', 'sleep 60'],
      '--prompt',
      'argument',
    );
    const bead = await newBead('One');
    const convoy = await sling(bead, '--agent', 'shy');
    await accepted('shy');
    await town.gt('up');
    await town.convoyLands(convoy);
    assert.match(fs.readFileSync(path.join(town.person.home, 'heard'), 'utf8'), /not submitted.*gt done/);
  });

  it('one that hears nothing is nudged three times, then the Mayor is told, then a person; and nothing is lost', async () => {
    town = await CliTown.make();
    await town.gt('rig', 'set', 'toy', 'stall_after=1');
    await agent('deaf', [...work, 'stty -echo', 'while true; do read -r words; done'], '--prompt', 'argument');
    const bead = await newBead('One');
    await sling(bead, '--agent', 'deaf');
    await accepted('deaf');
    await town.gt('up');
    const item = await attention('escalation', new RegExp(`does not submit ${bead}`));
    const events = (
      await town.person
        .json<{ type: string }[]>('bd', ['activity', '--limit', '200'], { cwd: path.join(town.root, 'toy') })
        .catch(() => [])
    ).map((event) => event.type);
    if (events.length > 0) assert.equal(events.filter((type) => type === 'silent_nudge').length, 3);
    assert.match(item.detail, /nudged 3 times; the Mayor was notified/);
    assert.equal(town.sessions().length, 1, 'it is left alone for the person to look at');
  });

  it('a session that hangs is restarted and goes on where it stopped', async () => {
    town = await CliTown.make();
    await town.gt('rig', 'set', 'toy', 'stall_after=2');
    const bead = await town.bead('One', `echo x > a.txt\nif [ ! -e ../hung ]; then touch ../hung; sleep 1000; fi`);
    const convoy = await sling(bead);
    await town.gt('up');
    await town.convoyLands(convoy);
    assert.equal(
      (await town.snapshot()).beads.find((item) => item.id === bead)?.attempt,
      1,
      'a hang is not a failed attempt',
    );
  });

  it('a program that asks a person is seen and said, and gets no blind keys', async () => {
    town = await CliTown.make();
    await town.gt('rig', 'set', 'toy', 'stall_after=2');
    await agent(
      'asker',
      [
        'echo "1. Yes, I trust this folder"',
        'read -r answer',
        `echo "$answer" > "${town.person.home}/answer"`,
        ...work,
        'gt done',
        'sleep 60',
      ],
      '--prompt',
      'argument',
      '--provider',
      'claude',
    );
    const bead = await newBead('One');
    const convoy = await sling(bead, '--agent', 'asker');
    await accepted('asker');
    await town.gt('up');
    const item = await attention('input', /asks whether it may trust the folder/);
    assert.equal((await town.snapshot()).agents.find((candidate) => candidate.id === item.agent)?.state, 'waiting');
    assert.match(await town.gt('peek', item.agent!), /I trust this folder/);
    await new Promise((done) => setTimeout(done, 4_000));
    assert.equal(fs.existsSync(path.join(town.person.home, 'answer')), false, 'nobody answered');
    const refused = await town.person.run('gt', ['nudge', 'toy/furiosa', 'go on']);
    assert.match(refused.stderr, /waits for a person: it asks whether it may trust the folder/);
    await town.gt('nudge', '--force', 'toy/furiosa', 'go on');
    await town.convoyLands(convoy);
    assert.match(fs.readFileSync(path.join(town.person.home, 'answer'), 'utf8'), /\[from Ann\] go on/);
  });

  it('agents that die at once start no storm', async () => {
    town = await CliTown.make({ maxWorkers: 2 });
    const beads: string[] = [];
    for (let index = 0; index < 4; index += 1) beads.push(await town.bead(`Bad ${index}`, 'exit 3'));
    for (const bead of beads) await town.gt('sling', bead, 'toy');
    await town.gt('up');
    await attention('escalation', /exit right after their start/);
    const starts = (): number =>
      (
        fs
          .readFileSync(path.join(town.root, '.runtime', 'actions.jsonl'), 'utf8')
          .match(/"start","key":"[^"]*","type":"start-session"/g) ?? []
      ).length;
    const before = starts();
    await new Promise((done) => setTimeout(done, 5_000));
    assert.ok(starts() - before <= 1, 'no more are started');
    assert.ok(before <= 10, `${before} starts`);
    const stranded = await town.person.json<{ reasons: string[] }[]>('gt', ['convoy', 'stranded'], { cwd: town.root });
    assert.ok(Array.isArray(stranded));
  });

  it('an agent hands its work to a fresh session, with words', async () => {
    town = await CliTown.make();
    await agent(
      'tired',
      [
        `if gt prime | grep -q "I am tired"; then gt prime > prime.md; ${work.join('; ')}; gt done; else gt handoff -s Tired -m "I am tired: finish a.txt"; fi`,
        'sleep 60',
      ],
      '--prompt',
      'none',
    );
    const bead = await newBead('One');
    const convoy = await sling(bead, '--agent', 'tired');
    await accepted('tired');
    await town.gt('up');
    await town.convoyLands(convoy);
    assert.match(
      sh(town.project, 'git', 'show', 'gastown/main:prime.md'),
      /Message of the previous session[\s\S]*I am tired: finish a\.txt/,
    );
    assert.match(
      (await town.person.run('gt', ['handoff'], { cwd: town.root })).stderr,
      /for an agent in its own session/,
    );
  });

  it('a polecat is stopped, started, restarted, ended with a snapshot, and restored from it', async () => {
    town = await CliTown.make();
    const bead = await town.bead(
      'One',
      'echo kept > kept.txt\ngit add --all; git commit --quiet -m kept || true\necho loose > loose.txt\nif [ ! -e ../../../go ]; then sleep 1000; fi',
    );
    const convoy = await sling(bead);
    await town.gt('up');
    await waitUntil(
      'it works',
      () =>
        town.sessions().length === 1 &&
        fs.existsSync(path.join(town.root, 'toy', 'polecats', 'furiosa', 'rig', 'loose.txt')),
    );
    assert.match(await town.gt('polecat', 'list'), /● toy\/polecats\/furiosa working/);
    assert.match(await town.gt('polecat', 'status', 'toy/furiosa'), /worktree .*furiosa/);
    const [first] = town.sessions();
    await town.gt('session', 'restart', 'toy/furiosa');
    await waitUntil('another session lives', () => town.sessions().some((session) => session.pid !== first!.pid));
    await town.gt('session', 'stop', 'toy/furiosa');
    await waitUntil('none lives', () => town.sessions().length === 0);
    await town.gt('session', 'start', 'toy/furiosa');
    await waitUntil('one lives again', () => town.sessions().length === 1);
    const said = await town.gt('polecat', 'nuke', 'toy/furiosa');
    assert.match(said, /sling toy-\w+ again/);
    assert.equal(fs.existsSync(path.join(town.root, 'toy', 'polecats', 'furiosa')), false);
    const [snapshot] = await town.person.json<SnapshotInfo[]>('gt', ['polecat', 'snapshots', bead], { cwd: town.root });
    assert.equal(snapshot?.bead, bead);
    const stranded = await town.gt('convoy', 'stranded');
    assert.match(stranded, new RegExp(`${bead}: was stopped by a person`));
    for (const [args, wanted] of [
      [['polecat', 'nuke', 'toy/furiosa'], /there is no polecat/],
      [['session', 'restart', 'toy/furiosa'], /has no session/],
      [['session', 'start', 'toy/furiosa'], /nothing on its hook/],
      [['polecat', 'restore', bead, '--snapshot', 'nonesuch'], /there is no snapshot nonesuch/],
      [['peek', 'toy/furiosa'], /has no session/],
      [['nudge', 'toy/furiosa', 'x'], /has no session/],
      [['polecat', 'nuke', 'mayor'], /is not a polecat/],
    ] as const)
      assert.match((await town.person.run('gt', args, { cwd: town.root })).stderr, wanted, args.join(' '));
    fs.writeFileSync(path.join(town.root, 'toy', 'go'), '');
    // Its old name is somebody else's by now: the commits that it made count all the same.
    await town.gt('sling', await town.bead('Other', 'sleep 1000'), 'toy/furiosa');
    await waitUntil('the name is taken', () => town.sessions().length === 1);
    const restored = await town.gt('polecat', 'restore', bead);
    const [, name] = /toy\/polecats\/(\w+)/.exec(restored)!;
    assert.notEqual(name, 'furiosa');
    assert.equal(
      fs.readFileSync(path.join(town.root, 'toy', 'polecats', name!, 'rig', 'loose.txt'), 'utf8'),
      'loose\n',
    );
    await town.gt('session', 'start', `toy/${name}`);
    await town.convoyLands(convoy);
    assert.equal(sh(town.project, 'git', 'show', 'gastown/main:kept.txt'), 'kept');
  });
});

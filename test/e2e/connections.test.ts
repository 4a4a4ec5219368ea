import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { isAlive } from '../../server/src/base/process';
import { CliTown } from '../helpers/cliTown';
import { waitUntil } from '../helpers/temp';
import type { Bead } from '../../server/src/protocol/bead';
import type { TownSnapshot } from '../../server/src/protocol/town';

describe('a server that is hard to reach', function () {
  this.timeout(120_000);
  let town: CliTown;
  before(async () => {
    town = await CliTown.make();
  });
  after(async () => town.dispose());
  const endpoint = (): string => path.join(town.root, '.runtime', 'server.json');
  const titles = async (): Promise<string[]> =>
    (await town.person.json<Bead[]>('bd', ['list', '-n', '0'], { cwd: path.join(town.root, 'toy') })).map(
      (bead) => bead.title,
    );

  it('that hangs is named with its process and what to do, and goes on when it can', async () => {
    const { pid } = town.processOf('server')!;
    process.kill(pid, 'SIGSTOP');
    try {
      for (const [program, args] of [
        ['gt', ['status']],
        ['bd', ['create', '--title=x']],
        ['gt', ['shutdown']],
      ] as const) {
        const { code, stderr } = await town.person.run(program, args, { cwd: town.root });
        assert.equal(code, 1);
        assert.match(stderr, new RegExp(`process ${pid}, which serves this town, does not answer`), args.join(' '));
        assert.match(stderr, new RegExp(`kill -9 ${pid}`));
      }
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await town.gt('status');
    assert.equal(town.processOf('server')?.pid, pid);
  });

  it('that hangs and is ended as the message says is followed by another, and nothing is lost', async () => {
    await town.bd('create', '--title=kept');
    const { pid } = town.processOf('server')!;
    process.kill(pid, 'SIGSTOP');
    const { stderr } = await town.person.run('gt', ['status'], { cwd: town.root });
    const [, command] = /(kill -9 \d+)/.exec(stderr) ?? [];
    assert.equal(spawnSync('sh', ['-c', command!]).status, 0);
    assert.ok((await titles()).includes('kept'));
    assert.notEqual(town.processOf('server')?.pid, pid);
  });

  for (const [what, harm] of [
    ['removed', () => fs.rmSync(endpoint())],
    ['filled with garbage', () => fs.writeFileSync(endpoint(), 'garbage')],
    [
      'that of another server',
      () => {
        const value = JSON.parse(fs.readFileSync(endpoint(), 'utf8')) as object;
        fs.writeFileSync(endpoint(), JSON.stringify({ ...value, socket: '/nowhere/x.sock' }));
      },
    ],
  ] as const)
    it(`whose file is ${what} is found again, and is the same`, async () => {
      await town.gt('status');
      const { pid } = town.processOf('server')!;
      harm();
      const created = await town.bd('create', `--title=${what}`, '--silent');
      assert.match(created, /^toy-/);
      assert.equal(town.processOf('server')?.pid, pid);
    });

  it('is stopped by gt shutdown although its file is gone', async () => {
    await town.gt('status');
    const server = town.processOf('server')!;
    fs.rmSync(endpoint());
    assert.match(await town.gt('shutdown'), /The server has stopped/);
    assert.equal(isAlive(server), false);
    assert.match(await town.gt('shutdown'), /No server was running/);
  });

  it('is shared with a container: no acknowledged write of either side is lost', async function () {
    if (spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status !== 0) {
      console.log('      (skipped: no namespace of processes can be made here)');
      this.skip();
    }
    await town.gt('shutdown');
    const bd = path.resolve('dist/bd.js');
    const create = (title: string, elsewhere: boolean): Promise<string> =>
      new Promise((resolve) => {
        const command = [process.execPath, bd, 'create', `--title=${title}`, '--silent'];
        const [program, ...args] = elsewhere ? ['unshare', '--pid', '--fork', '--mount-proc', ...command] : command;
        const child = spawn(program!, args, { cwd: path.join(town.root, 'toy'), env: town.person.env });
        let printed = '';
        child.stdout.on('data', (text) => (printed += String(text)));
        child.once('close', (code) => resolve(code === 0 ? printed.trim() : ''));
      });
    const acknowledged: string[] = [];
    // From nothing, both sides at once: each may start a server, and one of them serves both.
    for (let round = 0; round < 5; round += 1)
      acknowledged.push(
        ...(await Promise.all([0, 1, 2, 3].map((index) => create(`shared ${round}.${index}`, index % 2 === 1)))),
      );
    const there = new Set(
      (await town.person.json<Bead[]>('bd', ['list', '-n', '0'], { cwd: path.join(town.root, 'toy') })).map(
        (bead) => bead.id,
      ),
    );
    const ids = acknowledged.filter(Boolean);
    assert.ok(ids.length >= 10, `only ${ids.length} of 20 were accepted`);
    assert.deepEqual(
      ids.filter((id) => !there.has(id)),
      [],
    );
  });

  it('shows at once that a ledger was damaged while it runs, with the command that repairs it', async () => {
    const file = path.join(town.root, '.beads', 'issues.jsonl');
    await town.gt('status');
    fs.writeFileSync(file, `<<<<<<< HEAD\n${fs.readFileSync(file, 'utf8')}=======\n>>>>>>> theirs\n`);
    let hint = '';
    await waitUntil('it is shown', async () => {
      const item = (await town.snapshot()).attention.find((candidate) => candidate.id === 'problem-ledger-hq');
      hint = item?.detail ?? '';
      return item !== undefined;
    });
    assert.match(await town.gt('status'), /Needs your attention:[\s\S]*conflict markers/);
    // Exactly what the screen says.
    const [, args] = /bd (--db "[^"]+" doctor --fix)/.exec(hint) ?? [];
    await town.person.ok(
      'bd',
      args!.match(/"[^"]+"|\S+/g)!.map((word) => word.replaceAll('"', '')),
    );
    await waitUntil('it is settled', async () =>
      (await town.snapshot()).attention.every((candidate) => candidate.id !== 'problem-ledger-hq'),
    );
  });

  it('refuses what is meant for a rig whose ledger is gone, instead of writing it elsewhere', async () => {
    await town.bd('create', '--title=in the rig');
    await town.gt('shutdown');
    const ledger = path.join(town.root, 'toy', '.beads');
    fs.renameSync(ledger, `${ledger}.away`);
    const refused = await town.person.run('bd', ['create', '--title=lost'], { cwd: path.join(town.root, 'toy') });
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /the rig toy cannot be used: the ledger .*toy\/\.beads is gone/);
    assert.equal((await town.person.run('gt', ['status'], { cwd: town.root })).code, 0);
    const snapshot = await town.person.json<TownSnapshot>('gt', ['status'], { cwd: town.root });
    assert.ok(snapshot.attention.some((item) => /toy\/\.beads is gone/.test(item.title)));
    fs.renameSync(`${ledger}.away`, ledger);
    await town.gt('shutdown');
    assert.ok((await titles()).includes('in the rig'));
  });
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { CliTown } from '../helpers/cliTown';
import { sh, tempDir, waitUntil } from '../helpers/temp';
import type { Bead } from '../../server/src/protocol/bead';

/** A machine may be busy with other things. */
const LIMIT_MS = 120_000;

/**
 * A module for `node --require`: the process dies when half of an answer is sent, while the file that `DIE_IN_ANSWER` names
 * is there. A file that its text names is moved away first.
 */
const DIES_IN_ANSWER = `
const fs = require('node:fs');
const net = require('node:net');
const file = process.env.DIE_IN_ANSWER;
const write = net.Socket.prototype.write;
net.Socket.prototype.write = function (data, ...more) {
  const text = String(data);
  if (!/^\\{"jsonrpc":"2.0","id":\\d+,"(?:result|error)"/.test(text) || !fs.existsSync(file)) return write.call(this, data, ...more);
  const moved = fs.readFileSync(file, 'utf8');
  fs.rmSync(file);
  if (moved) fs.renameSync(moved, moved + '.away');
  write.call(this, text.slice(0, Math.floor(text.length / 2)));
  process.kill(process.pid, 'SIGKILL');
};
`;

describe('a server that dies in the middle of an answer', function () {
  this.timeout(300_000);
  const folder = tempDir('dies');
  const file = path.join(folder, 'now');
  const module = path.join(folder, 'dies.cjs');
  let town: CliTown;
  const rig = (): string => path.join(town.root, 'toy');
  before(async () => {
    fs.writeFileSync(module, DIES_IN_ANSWER);
    town = await CliTown.make();
  });
  after(async () => town.dispose());

  /** @param moved a file of the town that goes with the server */
  async function serveAndDie(moved = ''): Promise<number> {
    await town.gt('shutdown');
    const server = spawn(process.execPath, ['--require', module, path.resolve('dist/server.js'), '--town', town.root], {
      cwd: town.root,
      env: { ...town.person.env, DIE_IN_ANSWER: file },
      stdio: 'ignore',
    });
    await waitUntil('it serves the town', () => town.processOf('server')?.pid === server.pid, LIMIT_MS);
    fs.writeFileSync(file, moved);
    return server.pid!;
  }
  const called = async (title: string): Promise<number> =>
    (await town.person.json<Bead[]>('bd', ['list', '-n', '0'], { cwd: rig() })).filter((bead) => bead.title === title)
      .length;

  const commands: [program: 'gt' | 'bd', ...args: string[]][] = [
    ['gt', 'status'],
    ['gt', 'up'],
    ['gt', 'down'],
    ['bd', 'list', '--json'],
    ['bd', 'create', '--title=Once'],
    ['bd', 'export'],
  ];
  for (const [program, ...args] of commands)
    it(`is followed by another, which answers "${program} ${args.join(' ')}"`, async () => {
      const pid = await serveAndDie();
      const { code, stderr } = await town.person.run(program, args, { cwd: rig() });
      assert.deepEqual([code, stderr], [0, '']);
      assert.equal(fs.existsSync(file), false, 'it has died');
      assert.notEqual(town.processOf('server')?.pid, pid);
      if (args[0] === 'create') assert.equal(await called('Once'), 1);
    });

  for (const [isWrite, program, ...args] of [
    [false, 'gt', 'status'],
    [false, 'bd', 'list'],
    [true, 'gt', 'up'],
    [true, 'bd', 'create', '--title=Not known'],
  ] as const)
    it(`that cannot be started again ends "${program} ${args.join(' ')}" with what is known`, async () => {
      const moved = path.join(town.root, 'mayor', 'town.json');
      await serveAndDie(moved);
      try {
        const { code, stderr, stdout } = await town.person.run(program, args, { cwd: rig() });
        assert.equal(code, 1);
        assert.equal(stdout, '');
        assert.match(stderr, /the connection to the server was lost before it answered .*: .* is not a town/);
        assert.match(stderr, isWrite ? /unknown whether the change was made: check, for example with/ : /try again/);
      } finally {
        fs.renameSync(`${moved}.away`, moved);
      }
      if (args[0] === 'create') assert.ok((await called('Not known')) <= 1);
    });

  it('to "gt shutdown" has stopped', async () => {
    const pid = await serveAndDie();
    assert.match(await town.gt('shutdown'), /The server has stopped/);
    assert.notEqual(town.processOf('server')?.pid, pid);
  });

  it('is not needed to refuse "gt shutdown" to an agent, which ends', async () => {
    const bead = await town.bead(
      'Out',
      'gt shutdown > out.txt 2>&1 || echo "ended with $?" >> out.txt; git add --all; git commit --quiet -m out',
    );
    await town.gt('up');
    const [slung] = await town.person.json<{ convoy: string }[]>('gt', ['sling', bead, 'toy'], { cwd: town.root });
    await town.convoyLands(slung!.convoy);
    const out = sh(town.project, 'git', 'show', 'gastown/main:out.txt');
    assert.match(out, /only a person may stop the server/);
    assert.match(out, /ended with 1$/);
  });
});

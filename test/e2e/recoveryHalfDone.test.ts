import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { CliTown, Person } from '../helpers/cliTown';
import { KillAtStep } from '../helpers/killAtStep';
import { Screen } from '../helpers/screen';
import { makeRepository, waitUntil } from '../helpers/temp';

/** A machine may be busy with other things. */
const LIMIT_MS = 120_000;

const soak = process.env.GASTOWN_SOAK === '1';
const seed = Number(process.env.GASTOWN_SEED ?? Math.floor(Math.random() * 1e9));
/** Of the steps every so many is tried, another part of them with each seed. */
const EVERY = soak ? 1 : 7;
const SOME = soak ? 1 : 3;

/** Ends when the program was killed, or has ended by itself. @returns whether it was killed */
function ended(child: ReturnType<typeof spawn>): Promise<boolean> {
  return new Promise((resolve) => child.once('close', (_code, signal) => resolve(signal === 'SIGKILL')));
}

describe(`what was cut short is finished by what the screen says (seed ${seed})`, function () {
  this.timeout(soak ? 3_600_000 : 600_000);
  const kill = new KillAtStep();

  it('gt install, killed before every step', async () => {
    let killed = 0;
    for (let step = 1 + (seed % SOME); ; step += SOME) {
      const person = new Person();
      const screen = new Screen(person);
      const root = path.join(person.home, 'a town');
      fs.mkdirSync(root);
      kill.arm(step);
      const installing = spawn(
        process.execPath,
        ['--require', kill.module, path.resolve('dist/gt.js'), 'install', root],
        {
          cwd: person.home,
          env: { ...person.env, ...kill.env },
          stdio: 'ignore',
        },
      );
      const wasKilled = await ended(installing);
      kill.disarm();
      if (!wasKilled) break;
      killed += 1;
      // What a person sees who looks, in the folder or from elsewhere.
      if (fs.readdirSync(root).length > 0) {
        const { code, stdout, stderr } = await screen.run('gt status', root);
        if (code !== 0) await screen.follow(stderr, /^gt install "/, root);
        else assert.match(stdout, /a town/);
      } else await screen.ok('gt install', root); // nothing was made yet: the town of a beginner
      if (killed % 3 !== 0) continue;
      // A whole town: it is served, and takes work.
      assert.match(await screen.ok('gt status', root), /engine paused/);
      await screen.ok(
        'bd create --title=works',
        fs.existsSync(path.join(root, '.beads')) ? root : path.join(person.home, 'gt'),
      );
      await screen.ok('gt shutdown', root);
    }
    console.log(`      ${killed} steps`);
    assert.ok(killed > 5);
  });

  it('gt rig add, killed before every step, the command that asked for it too', async () => {
    const town = await CliTown.make();
    const screen = new Screen(town.person);
    let killed = 0;
    let told = 0;
    try {
      for (let step = 1 + (seed % EVERY); ; step += EVERY) {
        await town.gt('shutdown');
        const server = spawn(
          process.execPath,
          ['--require', kill.module, path.resolve('dist/server.js'), '--town', town.root],
          { cwd: town.root, env: { ...town.person.env, ...kill.env }, stdio: 'ignore' },
        );
        await waitUntil('it serves the town', () => town.processOf('server')?.pid === server.pid, LIMIT_MS);
        const name = `rig${step}`;
        const source = makeRepository({ 'a.txt': 'a' }, 'main', path.join(town.person.home, `its "source" ${step}`));
        const adding = spawn(
          process.execPath,
          [path.resolve('dist/gt.js'), 'rig', 'add', name, source, '--gate', 'test=true # it works'],
          { cwd: town.root, env: town.person.env, stdio: 'ignore' },
        );
        const [serverEnd, addingEnd] = [ended(server), ended(adding)];
        kill.arm(step, adding.pid);
        const wasKilled = await Promise.race([serverEnd, addingEnd]);
        kill.disarm();
        if (!wasKilled) break;
        await Promise.all([serverEnd, addingEnd]);
        killed += 1;
        const commands = await screen.followAttention(town.root);
        if (commands.some((command) => command.startsWith(`gt rig add ${name} `))) told += 1;
        const rig = (await town.snapshot()).rigs.find((candidate) => candidate.id === name);
        // Killed before anything was made, or made by now with all that was asked for, and accepted on the way.
        if (rig)
          assert.deepEqual([rig.accepted, rig.gates.map((gate) => gate.command)], [true, ['true # it works']], name);
        else assert.equal(fs.existsSync(path.join(town.root, name)), false, name);
        if (rig) await screen.ok('bd create --title=works', path.join(town.root, name));
      }
      console.log(`      ${killed} steps, ${told} of them told`);
      assert.ok(told > 0);
      assert.ok(killed > 3);
    } finally {
      kill.disarm();
      await town.dispose();
    }
  });
});

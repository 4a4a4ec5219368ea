import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { isAlive } from '../../server/src/base/process';
import { tempDir, waitUntil } from '../helpers/temp';

interface Demo {
  output(): string;
  end: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
}

function startDemo(folder: string, args: string[] = [], env: NodeJS.ProcessEnv = {}): Demo {
  const runtime = path.join(folder, 'run');
  fs.mkdirSync(runtime, { mode: 0o700, recursive: true });
  const child = spawn(process.execPath, [path.resolve('out/test/demo/main.js'), ...args], {
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      SHELL: '/bin/sh',
      TMPDIR: folder,
      XDG_RUNTIME_DIR: runtime,
      XDG_CONFIG_HOME: path.join(folder, 'config'),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
  return {
    output: () => text,
    end: new Promise((resolve) => child.once('close', resolve)),
    kill: (signal) => child.kill(signal),
  };
}

/** Server, session host and sessions of the demo's town. */
function processes(town: string): { pid: number; start: string }[] {
  const runtime = path.join(town, '.runtime');
  const sessions = fs.existsSync(path.join(runtime, 'sessions'))
    ? fs.readdirSync(path.join(runtime, 'sessions')).map((file) => path.join('sessions', file))
    : [];
  return ['server.json', 'host.json', ...sessions].flatMap((file) => {
    try {
      const { pid, start } = JSON.parse(fs.readFileSync(path.join(runtime, file), 'utf8')) as {
        pid?: number;
        start?: string;
      };
      return pid !== undefined && start !== undefined ? [{ pid, start }] : [];
    } catch {
      return [];
    }
  });
}

describe('the demo', function () {
  this.timeout(90_000);

  it('leaves nothing behind on Ctrl-C: no server, no agents, no folder', async () => {
    const folder = tempDir('demo');
    const demo = startDemo(folder);
    let town = '';
    await waitUntil(
      'an agent works',
      () => {
        const made = fs.readdirSync(folder).find((name) => name.startsWith('gastown-demo-'));
        town = made ? path.join(folder, made, 'town') : '';
        return made !== undefined && processes(town).length >= 3;
      },
      60_000,
    );
    const living = processes(town);
    demo.kill('SIGINT');
    assert.equal(await demo.end, 130, demo.output());
    assert.match(demo.output(), /Stopping the demo/);
    await waitUntil('all of it has ended', () => living.every((one) => !isAlive(one)));
    assert.equal(fs.existsSync(path.dirname(town)), false);
  });

  it('that fails keeps everything and shows the end of the log', async () => {
    const folder = tempDir('demo');
    // No npm for the gate: the work fails at each attempt.
    const bin = path.join(folder, 'bin');
    fs.mkdirSync(bin);
    fs.writeFileSync(path.join(bin, 'npm'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const demo = startDemo(folder, [], { PATH: `${bin}:${process.env.PATH}`, SHELL: '/bin/false' });
    assert.equal(await demo.end, 1, demo.output());
    assert.match(demo.output(), /The demo failed[\s\S]*The end of .*daemon\.log:[\s\S]*Everything is still in /);
    const kept = /Everything is still in (.*)/.exec(demo.output())![1]!;
    assert.ok(fs.existsSync(path.join(kept, 'town', 'daemon', 'daemon.log')));
    assert.ok(
      processes(path.join(kept, 'town')).every((one) => !isAlive(one)),
      'but nothing runs',
    );
  });
});

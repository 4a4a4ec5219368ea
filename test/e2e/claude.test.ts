import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { CliTown, Person } from '../helpers/cliTown';
import { sh, waitUntil } from '../helpers/temp';

/**
 * Stands in for the `claude` of the person's PATH: it does with its arguments what Claude Code does with them (runs the
 * SessionStart hook of its settings, takes the last argument as the prompt), and then what the model would be told to.
 * The first time it is killed in the middle of its work.
 */
const FAKE = `#!/usr/bin/env node
const fs = require('node:fs');
const { execFileSync, execSync } = require('node:child_process');
const args = process.argv.slice(2);
const value = (flag) => args[args.indexOf(flag) + 1];
const run = (command, ...rest) => execFileSync(command, rest, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
const settings = JSON.parse(fs.readFileSync(value('--settings'), 'utf8'));
const primed = execSync(settings.hooks.SessionStart[0].hooks[0].command, { encoding: 'utf8' });
fs.appendFileSync(process.env.HOME + '/starts.jsonl', JSON.stringify({ args, primed, skip: settings.skipDangerousModePermissionPrompt, root: process.env.IS_SANDBOX }) + '\\n');
if (args.includes('--session-id')) {
  const folder = process.env.HOME + '/.claude/projects/' + process.cwd().replace(/[^A-Za-z0-9]/g, '-');
  fs.mkdirSync(folder, { recursive: true });
  const usage = { input_tokens: 1000, output_tokens: 50, cache_read_input_tokens: 500, cache_creation_input_tokens: 0 };
  const answer = { type: 'assistant', message: { id: 'm1', model: 'claude-opus-x', usage } };
  fs.writeFileSync(folder + '/' + value('--session-id') + '.jsonl', JSON.stringify(answer) + '\\n');
  fs.writeFileSync('half.txt', 'half');
  process.kill(process.pid, 'SIGKILL');
}
run('git', 'add', '--all');
run('git', 'commit', '--quiet', '-m', 'Done by claude');
process.stdout.write(run('gt', 'done'));
setTimeout(() => undefined, 60_000);
`;

describe('the claude runtime', function () {
  this.timeout(90_000);
  let town: CliTown;
  afterEach(async () => town.dispose());

  it('is started as Claude Code wants it, resumed after it was killed, and its work is merged', async () => {
    const person = new Person();
    const bin = path.join(person.home, 'bin');
    fs.mkdirSync(bin);
    fs.writeFileSync(path.join(bin, 'claude'), FAKE, { mode: 0o755 });
    // As people have it: their login shell says where their programs are.
    fs.writeFileSync(path.join(person.home, '.profile'), `PATH="${bin}:${path.dirname(process.execPath)}:$PATH"\n`);
    town = await CliTown.make({ person });
    const bead = (await town.bd('create', '--title=Ask claude', '--silent', '-d', 'Write half.txt.')).trim();
    const [slung] = await person.json<{ convoy: string }[]>(
      'gt',
      ['sling', bead, 'toy', '--agent', 'claude', '--model', 'opus'],
      { cwd: town.root },
    );
    await town.gt('up');
    await waitUntil('it is asked', async () =>
      (await town.snapshot()).attention.some((item) => item.consent?.kind === 'runtime'),
    );
    assert.equal(fs.existsSync(path.join(person.home, 'starts.jsonl')), false);
    await town.gt('config', 'agent', 'accept', 'claude', '--yes');
    await town.convoyLands(slung!.convoy);

    const starts = fs
      .readFileSync(path.join(person.home, 'starts.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { args: string[]; primed: string; skip: boolean; root?: string });
    assert.equal(starts.length, 2);
    const [first, second] = starts as [(typeof starts)[0], (typeof starts)[0]];
    for (const { args, primed, skip } of [first, second]) {
      assert.equal(args[0], '--dangerously-skip-permissions');
      assert.equal(args[args.indexOf('--model') + 1], 'opus');
      assert.match(args.at(-1)!, /gt prime/);
      assert.match(primed, /You are toy\/polecats\/furiosa[\s\S]*Write half\.txt\./);
      assert.equal(skip, true);
    }
    const conversation = first.args[first.args.indexOf('--session-id') + 1];
    assert.equal(second.args[second.args.indexOf('--resume') + 1], conversation);
    assert.equal(sh(town.project, 'git', 'show', 'gastown/main:half.txt'), 'half');
    assert.equal(sh(town.project, 'git', 'log', '-1', '--format=%an', 'gastown/main'), 'toy/polecats/furiosa');
    // Nothing of ours is in the repository, and nothing of the person's claude was written.
    assert.deepEqual(sh(town.project, 'git', 'ls-tree', '-r', '--name-only', 'gastown/main').split('\n').sort(), [
      'README.md',
      'half.txt',
    ]);
    assert.deepEqual(fs.readdirSync(path.join(person.home, '.claude')), ['projects']);

    // Of two sessions, one conversation, whose record the first session has left.
    assert.match(
      await town.gt('costs'),
      /^toy\/polecats\/furiosa: 1\.5k tokens in \(500 cached\), 50 out, cost unknown: no price\n/,
    );
    await town.gt('config', 'price', 'claude-*', '1000', '2000', '--cache-read', '100');
    const { total } = JSON.parse(await town.gt('costs', '--week', '--json')) as { total: { cost: number } };
    assert.equal(total.cost, 1.15);
    const work = await town.bd('stats', '--group-by', 'model');
    assert.match(work, /1\.5k tokens in \(500 cached\), 50 out, \$1\.15/);
    const next = (await town.bd('create', '--title=Ask again', '--silent')).trim();
    assert.match(await town.gt('convoy', 'stage', next), /\n {2}Cost: about \$1\.15 \(medians of finished beads\)\n/);
  });

  it('can be the model of a runtime of the town, which has all that it does not say itself', async () => {
    town = await CliTown.make();
    const set = (...args: string[]) => town.person.run('gt', ['config', 'agent', 'set', ...args], { cwd: town.root });
    const get = async (name: string) =>
      JSON.parse(await town.gt('config', 'agent', 'get', name, '--json')) as Record<string, unknown>;
    assert.equal((await set('sonnet', 'claude', '--provider', 'claude', '--env', 'ANTHROPIC_MODEL=sonnet')).code, 0);
    assert.deepEqual(await get('sonnet'), {
      name: 'sonnet',
      builtIn: false,
      command: 'claude',
      args: ['--dangerously-skip-permissions'],
      env: { ANTHROPIC_MODEL: 'sonnet' },
      prompt: 'argument',
      provider: 'claude',
    });
    assert.equal((await set('flash', 'gemini', '--provider', 'gemini', '--arg=-y')).code, 0);
    const flash = await get('flash');
    assert.deepEqual([flash.args, flash.prompt, flash.promptFlag], [['-y'], 'flag', '-i']);
    assert.match(
      (await set('x', 'x', '--provider', 'nobody')).stderr,
      /no agent runtime nobody[\s\S]*claude, codex, gemini/,
    );
  });
});

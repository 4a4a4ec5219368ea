import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { execFile, type ExecFileException } from 'node:child_process';
import type { Bead } from '../../server/src/protocol/bead';
import { identify } from '../../server/src/base/process';
import { tempDir } from '../helpers/temp';

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs `bd` as a process of its own. */
const bd = (cwd: string, args: string[], options: RunOptions = {}): Promise<Outcome> =>
  run('bdProcess.js', cwd, args, options);

interface RunOptions {
  input?: string;
  env?: NodeJS.ProcessEnv;
}

function run(program: string, cwd: string, args: string[], options: RunOptions = {}): Promise<Outcome> {
  const {
    GT_ROOT: _root,
    BEADS_DIR: _dir,
    BD_ACTOR: _actor,
    BEADS_ACTOR: _other,
    GT_SESSION_TOKEN: _token,
    ...clean
  } = process.env;
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [path.join(__dirname, program), ...args],
      { cwd, env: { ...clean, BD_ACTOR: 'tester', ...options.env }, maxBuffer: 64 * 1024 * 1024 },
      (error: ExecFileException | null, stdout, stderr) =>
        resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, stdout, stderr }),
    );
    child.stdin?.end(options.input ?? '');
  });
}

async function newProject(): Promise<string> {
  const cwd = path.join(tempDir('bd'), 'my project');
  fs.mkdirSync(cwd);
  assert.equal((await bd(cwd, ['init', '--prefix', 'bd'])).code, 0);
  return cwd;
}

const idsIn = (cwd: string): string[] =>
  fs
    .readFileSync(path.join(cwd, '.beads', 'issues.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as Bead).id);

/** How many beads each of eight processes makes. */
const CREATES = process.env.GASTOWN_SOAK ? 250 : 25;

describe('bd as a process', function () {
  this.timeout(process.env.GASTOWN_SOAK ? 1_800_000 : 120_000);

  it(`8 processes × ${CREATES} creates make ${8 * CREATES} beads`, async () => {
    const cwd = await newProject();
    const workers = await Promise.all(
      Array.from({ length: 8 }, (_, worker) => run('bdWorker.js', cwd, [cwd, `worker ${worker}`, String(CREATES)])),
    );
    assert.deepEqual(
      workers.map((worker) => [worker.code, worker.stderr]),
      workers.map(() => [0, '']),
    );
    const made = workers.flatMap((worker) => worker.stdout.trim().split('\n'));
    assert.equal(new Set(made).size, 8 * CREATES);
    assert.deepEqual(idsIn(cwd), [...made].sort());
    const events = fs
      .readFileSync(path.join(cwd, '.beads', 'events.jsonl'), 'utf8')
      .trimEnd()
      .split('\n');
    assert.equal(events.length, 8 * CREATES);
  });

  it('8 processes that claim the same beads: each bead is won once', async () => {
    const cwd = await newProject();
    const { stdout } = await run('bdWorker.js', cwd, [cwd, 'maker', '12']);
    const ids = stdout.trim().split('\n');
    const claims = await Promise.all(
      Array.from({ length: 8 }, (_, worker) => {
        // Each in another order, so that nobody is first everywhere.
        const order = [...ids.slice(worker), ...ids.slice(0, worker)];
        return run('bdWorker.js', cwd, [cwd, `worker-${worker}`, '0', ...order]);
      }),
    );
    assert.deepEqual(
      claims.map(({ code, stderr }) => [code, stderr]),
      claims.map(() => [0, '']),
    );
    const won = claims.flatMap((claim, worker) =>
      claim.stdout
        .split('\n')
        .filter(Boolean)
        .map((id): [string, string] => [id, `worker-${worker}`]),
    );
    assert.equal(won.length, ids.length, 'nobody else was told that they have it');
    const beads = JSON.parse((await bd(cwd, ['list', '--all', '--json'])).stdout) as Bead[];
    assert.deepEqual(new Map(won), new Map(won.map(([id]) => [id, beads.find((bead) => bead.id === id)?.assignee])));
  });

  it('10 different commands at once leave a whole ledger', async () => {
    const cwd = await newProject();
    const ids: string[] = [];
    for (const title of ['a', 'b', 'c']) ids.push((await bd(cwd, ['create', title, '--silent'])).stdout.trim());
    const [a, b, c] = ids as [string, string, string];
    const outcomes = await Promise.all(
      [
        ['update', a, '--claim'],
        ['update', a, '--add-label', 'x'],
        ['update', a, '--notes', 'n'],
        ['comment', b, 'hello'],
        ['close', b],
        ['create', 'd', '--parent', c],
        ['create', 'e', '--deps', c],
        ['list', '--json'],
        ['ready'],
        ['label', 'add', c, 'y'],
      ].map((args) => bd(cwd, args)),
    );
    assert.deepEqual(
      outcomes.map((outcome) => [outcome.code, outcome.stderr]),
      outcomes.map(() => [0, '']),
    );
    const beads = JSON.parse((await bd(cwd, ['list', '--all', '-n', '0', '--json'])).stdout) as Bead[];
    const byId = new Map(beads.map((bead) => [bead.id, bead]));
    assert.equal(beads.length, 5);
    assert.deepEqual([byId.get(a)?.assignee, byId.get(a)?.labels, byId.get(a)?.notes], ['tester', ['x'], 'n']);
    assert.deepEqual([byId.get(b)?.status, byId.get(b)?.comments?.length, byId.get(c)?.labels], ['closed', 1, ['y']]);
    assert.ok(byId.get(`${c}.1`));
  });

  it('takes over the lock of a process that died, and waits for one that lives', async () => {
    const cwd = await newProject();
    const lock = path.join(cwd, '.beads', '.lock');
    fs.mkdirSync(lock);
    const epoch = Math.max(
      0,
      ...fs
        .readdirSync(lock)
        .filter((name) => /^\d+$/.test(name))
        .map(Number),
    );
    fs.writeFileSync(
      path.join(lock, String(epoch + 1)),
      JSON.stringify({ pid: 999_999_999, start: 'x', nonce: 'dead' }),
    );
    assert.equal((await bd(cwd, ['create', 'after the dead'])).code, 0);
    const held = path.join(
      lock,
      String(
        Math.max(
          ...fs
            .readdirSync(lock)
            .filter((name) => /^\d+$/.test(name))
            .map(Number),
        ) + 1,
      ),
    );
    fs.writeFileSync(held, JSON.stringify({ ...identify(process.pid), nonce: 'alive' }));
    let done = false;
    const waiting = bd(cwd, ['create', 'after the living']).then((outcome) => {
      done = true;
      return outcome;
    });
    await new Promise((resolve) => setTimeout(resolve, 1200));
    assert.equal(done, false);
    fs.truncateSync(held);
    assert.equal((await waiting).code, 0);
  });

  it('reads titles and texts from arguments, files and standard input', async () => {
    const cwd = await newProject();
    const make = async (args: string[], input = ''): Promise<Bead> => {
      const { code, stdout, stderr } = await bd(cwd, ['create', '--json', ...args], { input });
      assert.equal(code, 0, stderr);
      return JSON.parse(stdout) as Bead;
    };
    assert.equal((await make(['--title=--force'])).title, '--force');
    assert.equal((await make(['--', '--force'])).title, '--force');
    for (const title of [
      '"; rm -rf ~',
      '../../x',
      '$(touch pwned)',
      '`id`',
      "it's 😀 <b>&",
      '-'.repeat(3) + ' x',
      'é'.repeat(250),
    ]) {
      assert.equal((await make(title.startsWith('-') ? [`--title=${title}`] : [title])).title, title);
    }
    assert.equal((await make(['x', '--body-file', '-'], 'line one\nline two\n')).description, 'line one\nline two\n');
    assert.deepEqual(fs.readdirSync(cwd), ['.beads']);
    const long = await bd(cwd, ['create', 'x'.repeat(10_000)]);
    assert.deepEqual([long.code, long.stderr], [1, 'Error: title must be 500 characters or less (got 10000)\n']);
    assert.equal((await bd(cwd, ['create', 'é'.repeat(251)])).code, 1);
  });

  it('names the actor: --actor, BD_ACTOR, BEADS_ACTOR, git, $USER, unknown', async () => {
    const cwd = await newProject();
    const nobody = {
      BD_ACTOR: '',
      HOME: cwd,
      XDG_CONFIG_HOME: cwd,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      USER: '',
    };
    const actor = async (args: string[], env: NodeJS.ProcessEnv): Promise<string | undefined> =>
      (JSON.parse((await bd(cwd, ['create', 'x', '--json', ...args], { env: { ...nobody, ...env } })).stdout) as Bead)
        .created_by;
    assert.equal(await actor(['--actor', 'flag'], { BD_ACTOR: 'bd', BEADS_ACTOR: 'beads', USER: 'user' }), 'flag');
    assert.equal(await actor([], { BD_ACTOR: 'bd', BEADS_ACTOR: 'beads', USER: 'user' }), 'bd');
    assert.equal(await actor([], { BEADS_ACTOR: 'beads', USER: 'user' }), 'beads');
    assert.equal(
      await actor([], {
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: 'user.name',
        GIT_CONFIG_VALUE_0: 'Git Ann',
        USER: 'user',
      }),
      'Git Ann',
    );
    assert.equal(await actor([], { USER: 'user' }), 'user');
    assert.equal(await actor([], {}), 'unknown');
  });

  it('a reader that goes away is not a failure', async () => {
    const cwd = await newProject();
    for (let n = 0; n < 3; n++) await bd(cwd, ['create', `x${n}`, '--body-file', '-'], { input: 'y'.repeat(200_000) });
    const { code, stderr } = await new Promise<Outcome>((resolve) => {
      execFile(
        'sh',
        ['-c', `"${process.execPath}" "${path.join(__dirname, 'bdProcess.js')}" list --json | head -c 10`],
        { cwd },
        (error, stdout, errors) => resolve({ code: error ? 1 : 0, stdout, stderr: errors }),
      );
    });
    assert.deepEqual([code, stderr], [0, '']);
  });
});

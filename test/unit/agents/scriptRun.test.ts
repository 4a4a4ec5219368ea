import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execFileSync } from 'node:child_process';
import { runScript } from '../../../server/src/agents/script/run';
import { UserError } from '../../../server/src/base/errors';
import type { Caller, Params, RequestSpec, Result } from '../../../server/src/protocol/request';
import { MoleculeGet } from '../../../server/src/protocol/formula';
import { Done, Hook, ScriptGet, type FrozenScript } from '../../../server/src/protocol/town';

describe('script runtime', () => {
  let home: string;
  let worktree: string;
  let printed: string;
  let output: string;
  let done: number;
  let said: string[];
  let pauses: number[];
  const env: NodeJS.ProcessEnv = {
    PATH: process.env.PATH,
    HOME: os.tmpdir(),
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_AUTHOR_NAME: 'toy/polecats/rust',
    GIT_AUTHOR_EMAIL: 'rust@toy',
  };

  beforeEach(() => {
    home = fs.mkdtempSync(path.join(os.tmpdir(), 'gastown-test-'));
    worktree = path.join(home, 'rig');
    fs.mkdirSync(worktree);
    git('init', '-q', '-b', 'main');
    git('-c', 'user.name=x', '-c', 'user.email=x@x', 'commit', '-q', '--allow-empty', '-m', 'start');
    printed = output = '';
    done = 0;
    said = [];
    pauses = [];
  });
  afterEach(() => fs.rmSync(home, { recursive: true }));

  function git(...args: string[]): string {
    return execFileSync('git', args, { cwd: worktree, encoding: 'utf8', env });
  }

  function run(
    blocks: string[],
    more: {
      submits?: boolean;
      attempt?: number;
      refuse?: UserError;
      variables?: Record<string, string>;
      env?: NodeJS.ProcessEnv;
      title?: string;
      molecule?: Record<string, string>;
      /** Answers to "gt done" before it is taken, and how many of two steps are closed when that is looked at. */
      refusals?: UserError[];
      closedSteps?: number;
      /** Called before each request: throws what the server or the connection does. */
      fail?: (method: string) => void;
      /** Called after "gt done" took effect: throws if its answer is lost. */
      loseAnswer?: () => void;
    } = {},
  ): Promise<number> {
    const script: FrozenScript = {
      bead: 'toy-1',
      title: more.title ?? 'Do the thing',
      attempt: more.attempt ?? 1,
      blocks,
      ...(more.molecule ? { molecule: 'toy-mol-1', variables: more.molecule } : {}),
      submits: more.submits,
    };
    let isSubmitted = false;
    const town: Caller = {
      async call<S extends RequestSpec>(spec: S, params: Params<S>): Promise<Result<S>> {
        if (more.refuse) throw more.refuse;
        more.fail?.(spec.method);
        if (spec.method === Done.spec.method) {
          const { status } = params as { status?: string };
          said.push(status ?? 'completed');
          const refusal = status === undefined ? more.refusals?.shift() : undefined;
          if (refusal) throw refusal;
          done++;
          isSubmitted = true;
          more.loseAnswer?.();
        }
        if (spec.method === MoleculeGet.spec.method)
          return [
            {
              attached_to: 'toy-1',
              completed: more.closedSteps ?? 1,
              total: 2,
              steps: [{ is_current: true, step: 'test', issue: { id: 'toy-mol-1.2' } }],
            },
          ] as unknown as Result<S>;
        if (spec.method === Hook.spec.method)
          return { agent: 'x', ...(isSubmitted ? {} : { bead: { id: 'toy-1' } }) } as unknown as Result<S>;
        const answer: unknown =
          spec.method === ScriptGet.spec.method ? script : { mergeRequest: 'toy-mr', bead: 'toy-1' };
        return answer as Result<S>;
      },
    };
    return runScript(town, {
      worktree,
      env: more.env ?? env,
      variables: more.variables,
      print: (text) => (printed += `${text}\n`),
      onOutput: (text) => (output += text),
      pause: async (ms) => void pauses.push(ms),
    });
  }

  const busy = (): UserError => new UserError('the server did not answer', 'try again', 'unavailable');

  it('runs the blocks in order, commits what they left and reports the work as done', async () => {
    const code = await run(
      [
        '# first\necho one > a.txt; echo "$GT_BEAD $GT_ATTEMPT $GT_VAR_color"',
        'cat a.txt; mkdir d; echo two > d/b.txt\n',
      ],
      { variables: { color: 'red $(x)' } },
    );
    assert.equal(code, 0, printed);
    assert.equal(output, 'toy-1 1 red $(x)\none\n');
    assert.equal(done, 1);
    assert.match(
      printed,
      /▶ block 1 of 2: # first[\s\S]*▶ block 2 of 2: cat a.txt[\s\S]*committed 2 changed files[\s\S]*merge queue \(toy-mr\)/,
    );
    assert.equal(
      git('log', '-1', '--format=%an <%ae> %cn|%B').trim(),
      'toy/polecats/rust <rust@toy> toy/polecats/rust|Do the thing\n\nBead: toy-1',
    );
    assert.equal(git('status', '--porcelain'), '');
    assert.deepEqual(fs.readdirSync(home).sort(), ['progress.json', 'rig']);
  });

  it('has the variables of the molecule, and the id of the step that it is at', async () => {
    const code = await run(['echo "$GT_VAR_title at $GT_STEP ($GT_STEP_NAME)"'], { molecule: { title: 'A "parser"' } });
    assert.equal(code, 0, printed);
    assert.equal(output, 'A "parser" at toy-mol-1.2 (test)\n');
  });

  const open = new UserError('toy-1 is not done: 1 step is open: test', undefined, 'refused');

  it('waits where steps of its molecule are open', async () => {
    assert.equal(await run(['true'], { molecule: {}, refusals: [open], closedSteps: 1 }), 0, printed);
    assert.deepEqual(said, ['completed', 'deferred']);
  });

  it('submits again where the last step has been closed since that was refused', async () => {
    assert.equal(await run(['true'], { molecule: {}, refusals: [open], closedSteps: 2 }), 0, printed);
    assert.deepEqual(said, ['completed', 'completed']);
    said = [];
    assert.equal(await run(['true'], { molecule: {}, attempt: 2, refusals: [open, open], closedSteps: 2 }), 1);
    assert.deepEqual(said, ['completed', 'completed'], 'another reason is no reason to try for ever');
  });

  it('commits nothing where nothing is left to commit', async () => {
    const before = git('rev-parse', 'HEAD');
    assert.equal(await run(['true']), 0);
    assert.equal(git('rev-parse', 'HEAD'), before);
    assert.equal(await run([]), 0);
    assert.equal(done, 2);
  });

  it('runs no hook of the repository and takes a title for text only', async () => {
    fs.writeFileSync(path.join(worktree, '.git/hooks/pre-commit'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    assert.equal(await run(['touch x'], { title: '--amend\n$(touch y) # z\u001b[2J' }), 0, printed);
    assert.equal(git('log', '-1', '--format=%s').trim(), '--amend $(touch y) # z [2J');
    assert.ok(!printed.includes('\u001b'));
    assert.equal(fs.existsSync(path.join(worktree, 'y')), false);
  });

  it('stops at a block that fails, at its first failing command, with its exit code', async () => {
    assert.equal(await run(['echo a > a', 'echo b; (exit 7); echo never', 'echo c > c']), 7);
    assert.equal(output, 'b\n');
    assert.match(printed, /✗ block 2 of 3 failed with exit code 7/);
    assert.equal(done, 0);
    assert.equal(fs.existsSync(path.join(worktree, 'c')), false);
    assert.equal(git('rev-list', '--count', 'HEAD').trim(), '1', 'nothing is committed');
  });

  it('tells a block that was killed from one that failed', async () => {
    assert.equal(await run(['kill -9 $$']), 137);
  });

  it('after a restart goes on with the block in which it stopped', async () => {
    const blocks = ['echo 1 >> log', 'echo 2 >> log; test -e go', 'echo 3 >> log'];
    assert.equal(await run(blocks), 1);
    assert.deepEqual(JSON.parse(fs.readFileSync(path.join(home, 'progress.json'), 'utf8')), {
      bead: 'toy-1',
      attempt: 1,
      done: 1,
    });
    fs.writeFileSync(path.join(worktree, 'go'), '');
    assert.equal(await run(blocks), 0);
    assert.match(printed, /going on after block 1/);
    assert.equal(fs.readFileSync(path.join(worktree, 'log'), 'utf8'), '1\n2\n2\n3\n');
  });

  it('starts over for another attempt, and when the record is not readable', async () => {
    assert.equal(await run(['echo x >> log']), 0);
    assert.equal(await run(['echo x >> log'], { attempt: 2 }), 0);
    fs.writeFileSync(path.join(home, 'progress.json'), '{"bead":');
    assert.equal(await run(['echo x >> log'], { attempt: 2 }), 0);
    assert.equal(fs.readFileSync(path.join(worktree, 'log'), 'utf8'), 'x\nx\nx\n');
  });

  it('waits for a server that does not answer', async () => {
    let left = 3;
    const fail = (): void => {
      if (left-- > 0) throw busy();
    };
    assert.equal(await run(['echo x >> log'], { fail }), 0, printed);
    assert.deepEqual(pauses, [500, 1000, 2000]);
    assert.equal(fs.readFileSync(path.join(worktree, 'log'), 'utf8'), 'x\n');
  });

  it('submits once, also if the answer is lost', async () => {
    assert.equal(
      await run(['echo x > log'], {
        loseAnswer: () => {
          throw busy();
        },
      }),
      0,
      printed,
    );
    assert.deepEqual([done, pauses], [1, [500]]);
  });

  it('runs no block twice because the server was gone after it', async () => {
    const fail = (method: string): void => {
      if (method === Hook.spec.method) throw busy();
    };
    assert.equal(await run(['echo x >> log'], { fail }), 1);
    assert.match(printed, /✗ the server did not answer/);
    assert.equal(await run(['echo x >> log']), 0);
    assert.equal(fs.readFileSync(path.join(worktree, 'log'), 'utf8'), 'x\n');
  });

  it('of a request runs its blocks where it is, and hands nothing in', async () => {
    assert.equal(await run(['echo "$GT_BEAD" > said.txt'], { submits: false }), 0);
    assert.equal(fs.readFileSync(path.join(worktree, 'said.txt'), 'utf8'), 'toy-1\n');
    assert.equal(done, 0);
    assert.equal(git('status', '--porcelain', '-uall').includes('said.txt'), true, 'nothing is committed');
    assert.deepEqual(fs.readdirSync(home), ['rig'], 'its record lies in its own folder');
  });

  it('says what keeps it from working', async () => {
    assert.equal(await run([], { refuse: new UserError('nothing on your hook', 'wait') }), 1);
    assert.match(printed, /✗ nothing on your hook\n {2}wait/);
    assert.equal(await run(['true'], { env: { PATH: '/nowhere' } }), 1);
    assert.match(printed, /needs sh/);
    assert.equal(await run(['touch new'], { attempt: 5, env: { ...env, GIT_AUTHOR_NAME: undefined } }), 1);
    assert.match(printed, /no author/);
    assert.equal(done, 0);
  });
});

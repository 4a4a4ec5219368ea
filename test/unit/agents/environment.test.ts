import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  cleanEnvironment,
  parseEnvironment,
  readLoginEnvironment,
  sessionEnvironment,
  type SessionEnvironmentOptions,
} from '../../../server/src/agents/environment';
import { agentGitSettings } from '../../../server/src/agents/gitSettings';
import { TownLayout } from '../../../server/src/town/layout';

describe('clean environment', () => {
  it('takes out what belongs to the editor, to npm, to another session and to another repository', () => {
    const foreign = [
      'VSCODE_IPC_HOOK',
      'ELECTRON_RUN_AS_NODE',
      'npm_config_prefix',
      'NPM_TOKEN',
      'NODE_OPTIONS',
      'CLAUDECODE',
      'CLAUDE_CODE_ENTRYPOINT',
      'GT_SESSION_TOKEN',
      'BD_ACTOR',
      'BEADS_DIR',
      'GIT_DIR',
      'GIT_WORK_TREE',
      'GIT_INDEX_FILE',
      'GIT_ASKPASS',
      'GIT_AUTHOR_NAME',
      'GIT_EDITOR',
      'TERM_PROGRAM',
      'TMUX',
      'SHLVL',
      'PWD',
    ];
    const own = [
      'PATH',
      'HOME',
      'LANG',
      'SSH_AUTH_SOCK',
      'ANTHROPIC_API_KEY',
      'CLAUDE_CONFIG_DIR',
      'NODE_EXTRA_CA_CERTS',
      'GIT_CONFIG_GLOBAL',
      'GIT_SSH_COMMAND',
      'GITHUB_TOKEN',
      'NVM_DIR',
      'XDG_RUNTIME_DIR',
    ];
    const result = cleanEnvironment(Object.fromEntries([...foreign, ...own].map((name) => [name, 'x'])));
    assert.deepEqual(Object.keys(result).sort(), own.sort());
  });

  it('leaves its argument alone and drops what is undefined', () => {
    const given = { GT_ROLE: 'x', HOME: '/h', NONE: undefined };
    assert.deepEqual(cleanEnvironment(given), { HOME: '/h' });
    assert.equal(given.GT_ROLE, 'x');
  });
});

describe('login environment', () => {
  let base: string;
  beforeEach(() => (base = fs.mkdtempSync(path.join(os.tmpdir(), 'gastown-test-'))));
  afterEach(() => fs.rmSync(base, { recursive: true }));
  function shell(body: string): string {
    const file = path.join(base, 'shell');
    fs.writeFileSync(file, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    return file;
  }
  const own = { PATH: '/usr/bin:/bin', HOME: '/tmp', GT_ROLE: 'old' };

  it('is what the shell has after its start-up files, whatever they print', async () => {
    const file = shell(
      'echo Welcome; export FROM_RC="two\nlines=yes"; [ -n "$GT_ROLE" ] && export LEAK=1; shift; eval "$1"; echo bye',
    );
    const environment = await readLoginEnvironment(own, file);
    assert.equal(environment.FROM_RC, 'two\nlines=yes');
    assert.equal(environment.LEAK, undefined);
  });

  it('tries again without -i for a shell that cannot be interactive', async () => {
    const environment = await readLoginEnvironment(own, shell('[ "$1" = -lc ] || exit 2; export PLAIN=1; eval "$2"'));
    assert.equal(environment.PLAIN, '1');
  });

  it('is our own where the shell hangs, fails or is missing', async () => {
    const start = Date.now();
    assert.deepEqual(await readLoginEnvironment(own, shell('sleep 60'), 200), own);
    assert.ok(Date.now() - start < 3000);
    assert.deepEqual(await readLoginEnvironment(own, shell('exit 1')), own);
    assert.deepEqual(await readLoginEnvironment(own, '/no/such/shell'), own);
  });

  it('does not wait for what a start-up file left running', async () => {
    const start = Date.now();
    const environment = await readLoginEnvironment(own, shell('sleep 30 & eval "$2"'));
    assert.equal(environment.HOME, '/tmp');
    assert.ok(Date.now() - start < 4000);
  });

  it('comes from a real shell too', async () => {
    const environment = await readLoginEnvironment({ ...process.env, MINE: 'yes' }, '/bin/sh');
    assert.equal(environment.MINE, 'yes');
    assert.ok(environment.PATH);
  });

  it('parses only complete answers', () => {
    assert.equal(parseEnvironment('nothing'), undefined);
    assert.equal(parseEnvironment('__gastown_environment__PATH=/bin\0'), undefined);
    assert.deepEqual(parseEnvironment('x__gastown_environment__PATH=/bin\0A=b=c\0=odd\0__gastown_environment__y'), {
      PATH: '/bin',
      A: 'b=c',
    });
  });
});

describe('session environment', () => {
  const options: SessionEnvironmentOptions = {
    base: { PATH: '/usr/bin', HOME: '/h', GT_CREW: 'other', GIT_DIR: '/x', VSCODE_PID: '1' },
    root: '/town',
    bin: '/town/.runtime/bin',
    seat: new TownLayout('/town').locationOf('toy/polecats/rust')!,
    session: 's1',
    token: 'secret',
    git: { name: 'rust', email: 'rust@toy' },
    runtime: { EXTRA: '1', GT_SESSION_TOKEN: 'forged', BD_ACTOR: 'mayor' },
  };

  it('says who the agent is, and a runtime cannot say otherwise', () => {
    assert.deepEqual(sessionEnvironment(options, 'linux'), {
      TERM: 'xterm-256color',
      COLORTERM: 'truecolor',
      HOME: '/h',
      EXTRA: '1',
      PATH: '/town/.runtime/bin:/usr/bin',
      GT_ROLE: 'polecat',
      GT_ROOT: '/town',
      GT_RIG: 'toy',
      GT_POLECAT: 'rust',
      ...agentGitSettings(),
      GT_SESSION: 's1',
      GT_SESSION_TOKEN: 'secret',
      BD_ACTOR: 'toy/polecats/rust',
      BEADS_DIR: '/town/toy/.beads',
      BEADS_NO_DAEMON: '1',
      GIT_AUTHOR_NAME: 'rust',
      GIT_AUTHOR_EMAIL: 'rust@toy',
      GIT_COMMITTER_NAME: 'rust',
      GIT_COMMITTER_EMAIL: 'rust@toy',
    });
    const crew = sessionEnvironment({ ...options, seat: new TownLayout('/town').locationOf('toy/crew/ann')! }, 'linux');
    assert.equal(crew.GT_CREW, 'ann');
    assert.equal(crew.GT_POLECAT, undefined);
    assert.equal(crew.GIT_CONFIG_COUNT, undefined, 'as the person');
  });

  it('finds PATH under its Windows name', () => {
    const environment = sessionEnvironment({ ...options, base: { Path: 'C:\\Windows' }, bin: 'C:\\t\\bin' }, 'win32');
    assert.equal(environment.Path, 'C:\\t\\bin;C:\\Windows');
    assert.equal(environment.PATH, undefined);
    assert.equal(sessionEnvironment({ ...options, base: {} }, 'linux').PATH, '/town/.runtime/bin');
  });
});

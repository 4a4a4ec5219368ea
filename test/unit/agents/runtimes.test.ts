import assert from 'node:assert/strict';
import { presets } from '../../../server/src/agents/presets';
import type { Place } from '../../../server/src/agents/presets/preset';
import {
  builtInRuntimes,
  commandFor,
  conversationWays,
  resolveRuntime,
  type RuntimeCommand,
} from '../../../server/src/agents/runtimes';
import { UserError } from '../../../server/src/base/errors';
import { runtimeSettings } from '../../../server/src/protocol/schemas/runtime';

const place: Place = {
  home: '/town/toy/polecats/rust',
  worktree: '/town/toy/polecats/rust/rig',
  bin: "/a b/it's",
  asRoot: false,
  env: { GROQ_API_KEY: 'gsk' },
};
const GT = `'/a b/it'\\''s/gt' prime --hook`;
/** The answer to a hook at the end of a turn is the same for all of them. */
const MAIL = `'/a b/it'\\''s/gt' mail check --inject block`;
const request = { prompt: 'work', model: 'best', place };

/** What each is started with for a prompt `work` and a model `best`, in a new conversation `u-1` and in an old one. */
const table: Record<string, { begin: string[]; resume?: string[]; env?: Record<string, string>; files?: string[] }> = {
  script: { begin: ['runtime', 'script'] },
  claude: {
    begin: [
      '--dangerously-skip-permissions',
      '--settings',
      '/town/toy/polecats/rust/claude-settings.json',
      '--model',
      'best',
      '--session-id',
      'u-1',
      'work',
    ],
    resume: [
      '--dangerously-skip-permissions',
      '--settings',
      '/town/toy/polecats/rust/claude-settings.json',
      '--model',
      'best',
      '--resume',
      'u-1',
      'work',
    ],
    env: { CLAUDE_CODE_SANDBOXED: '1', DISABLE_AUTOUPDATER: '1' },
    files: ['claude-settings.json'],
  },
  codex: {
    begin: [
      '--dangerously-bypass-approvals-and-sandbox',
      '-c',
      'projects={"/town/toy/polecats/rust/rig"={trust_level="trusted"}}',
      '-c',
      'allow_login_shell=false',
      '-c',
      'features.daemon_auto_start=false',
      '-c',
      'check_for_update_on_startup=false',
      '--dangerously-bypass-hook-trust',
      '-c',
      `hooks.SessionStart=[{hooks=[{type="command",command=${JSON.stringify(GT)}}]}]`,
      '-c',
      `hooks.Stop=[{hooks=[{type="command",command=${JSON.stringify(MAIL)}}]}]`,
      '--model',
      'best',
      'work',
    ],
    resume: [
      'resume',
      '--dangerously-bypass-approvals-and-sandbox',
      '-c',
      'projects={"/town/toy/polecats/rust/rig"={trust_level="trusted"}}',
      '-c',
      'allow_login_shell=false',
      '-c',
      'features.daemon_auto_start=false',
      '-c',
      'check_for_update_on_startup=false',
      '--dangerously-bypass-hook-trust',
      '-c',
      `hooks.SessionStart=[{hooks=[{type="command",command=${JSON.stringify(GT)}}]}]`,
      '-c',
      `hooks.Stop=[{hooks=[{type="command",command=${JSON.stringify(MAIL)}}]}]`,
      '--model',
      'best',
      'u-1',
      'work',
    ],
  },
  gemini: {
    begin: ['--approval-mode', 'yolo', '--skip-trust', '--model', 'best', '--session-id', 'u-1', '-i', 'work'],
    resume: ['--approval-mode', 'yolo', '--skip-trust', '--model', 'best', '--resume', 'u-1', '-i', 'work'],
    env: { GEMINI_CLI_SYSTEM_DEFAULTS_PATH: '/town/toy/polecats/rust/gemini-defaults.json' },
    files: ['gemini-defaults.json'],
  },
  copilot: {
    begin: [
      '--allow-all',
      '--plugin-dir',
      '/town/toy/polecats/rust/copilot-plugin',
      '--model',
      'best',
      '--session-id',
      'u-1',
      '-i',
      'work',
    ],
    resume: [
      '--allow-all',
      '--plugin-dir',
      '/town/toy/polecats/rust/copilot-plugin',
      '--model',
      'best',
      '--resume=u-1',
      '-i',
      'work',
    ],
    env: { COPILOT_ALLOW_ALL: 'true', COPILOT_AUTO_UPDATE: 'false' },
    files: ['copilot-plugin/plugin.json', 'copilot-plugin/hooks.json'],
  },
  opencode: {
    begin: ['--auto', '--model', 'best', '--prompt', 'work'],
    env: { OPENCODE_PERMISSION: '{"*":"allow"}', OPENCODE_DISABLE_AUTOUPDATE: '1' },
  },
  cursor: { begin: ['-f', '--model', 'best', 'work'] },
  auggie: {
    begin: ['--allow-indexing', '--startup-script', `export PATH='/a b/it'\\''s':"$PATH"`, '--model', 'best', 'work'],
    resume: [
      '--allow-indexing',
      '--startup-script',
      `export PATH='/a b/it'\\''s':"$PATH"`,
      '--model',
      'best',
      '--continue',
      'work',
    ],
    env: { AUGMENT_DISABLE_AUTO_UPDATE: '1' },
  },
  amp: { begin: ['--dangerously-allow-all', '--no-ide', 'work'] },
  pi: { begin: ['work'] },
  omp: { begin: ['work'] },
  vibe: { begin: ['--agent', 'auto-approve', 'work'], resume: ['--agent', 'auto-approve', '--continue', 'work'] },
  'groq-compound': {
    begin: [
      '--dangerously-skip-permissions',
      '--settings',
      '/town/toy/polecats/rust/claude-settings.json',
      '--model',
      'best',
      '--session-id',
      'u-1',
      'work',
    ],
    resume: [
      '--dangerously-skip-permissions',
      '--settings',
      '/town/toy/polecats/rust/claude-settings.json',
      '--model',
      'best',
      '--resume',
      'u-1',
      'work',
    ],
    env: {
      CLAUDE_CODE_SANDBOXED: '1',
      DISABLE_AUTOUPDATER: '1',
      ANTHROPIC_BASE_URL: 'https://api.groq.com/openai/v1',
      ANTHROPIC_MODEL: 'compound-beta',
      ANTHROPIC_API_KEY: 'gsk',
    },
    files: ['claude-settings.json'],
  },
};

describe('built-in runtimes', () => {
  it('are all in the table', () => assert.deepEqual(Object.keys(table).sort(), Object.keys(presets).sort()));

  for (const [name, expected] of Object.entries(table)) {
    it(`${name} is started as it wants it`, () => {
      const runtime = resolveRuntime(name, {});
      const command = commandFor(runtime, { ...request, conversation: { id: 'u-1', resume: false } });
      assert.deepEqual(command.args, expected.begin);
      assert.deepEqual(command.env, { ...expected.env, GT_MODEL: 'best' });
      assert.deepEqual(
        command.files.map((file) => file.path),
        (expected.files ?? []).map((file) => `${place.home}/${file}`),
      );
      assert.equal(conversationWays(runtime) !== undefined, expected.resume !== undefined);
      if (expected.resume)
        assert.deepEqual(
          commandFor(runtime, { ...request, conversation: { id: 'u-1', resume: true } }).args,
          expected.resume,
        );
      assert.deepEqual(runtimeSettings.parse(builtInRuntimes[name]), builtInRuntimes[name]);
    });
  }

  it("write nothing into the worktree, and put nobody's configuration folder in another place", () => {
    for (const name of Object.keys(presets)) {
      const { files, env } = commandFor(resolveRuntime(name, {}), request);
      for (const file of files) assert.ok(!file.path.startsWith(`${place.worktree}/`), file.path);
      for (const variable of [
        'HOME',
        'CLAUDE_CONFIG_DIR',
        'CODEX_HOME',
        'COPILOT_HOME',
        'GEMINI_CLI_HOME',
        'XDG_CONFIG_HOME',
      ])
        assert.equal(env[variable], undefined);
    }
  });

  it('claude works as root only where it is told that it may', () => {
    const claude = resolveRuntime('claude', {});
    assert.equal(commandFor(claude, { ...request, place: { ...place, asRoot: true } }).env.IS_SANDBOX, '1');
  });

  it('have hooks that run gt prime, each in the form in which its program passes the answer on', () => {
    const [claude] = filesOf(commandFor(resolveRuntime('claude', {}), request));
    assert.deepEqual(claude, {
      skipDangerousModePermissionPrompt: true,
      hooks: {
        SessionStart: [{ matcher: '', hooks: [{ type: 'command', command: GT }] }],
        Stop: [{ matcher: '', hooks: [{ type: 'command', command: MAIL }] }],
      },
    });
    const [gemini] = filesOf(commandFor(resolveRuntime('gemini', {}), request));
    assert.deepEqual(gemini, {
      general: { enableAutoUpdate: false },
      hooks: {
        SessionStart: [{ matcher: '*', hooks: [{ type: 'command', name: 'gastown', command: `${GT} nested` }] }],
        AfterAgent: [{ matcher: '*', hooks: [{ type: 'command', name: 'gastown', command: MAIL }] }],
      },
    });
    const [plugin, copilot] = filesOf(commandFor(resolveRuntime('copilot', {}), request));
    assert.equal((plugin as { hooks: string }).hooks, 'hooks.json');
    assert.deepEqual(copilot, {
      version: 1,
      hooks: {
        sessionStart: [{ type: 'command', bash: `${GT} flat`, timeoutSec: 30 }],
        agentStop: [{ type: 'command', bash: MAIL, timeoutSec: 30 }],
      },
    });
  });

  it('have a place for a command at the end of a turn', () => {
    for (const [name, preset] of Object.entries(presets)) {
      if (!preset.hooks) continue;
      const text = JSON.stringify(
        preset.hooks.deliver({ sessionStart: 'A', turnEnd: 'gt mail check --inject' }, preset.hooks.events, place),
      );
      assert.match(text, /gt mail check --inject/, name);
      assert.ok(text.includes(preset.hooks.events.turnEnd), name);
    }
  });
});

function filesOf(command: RuntimeCommand): unknown[] {
  return command.files.map((file) => JSON.parse(file.text) as unknown);
}

describe('runtimes', () => {
  const custom = { mine: runtimeSettings.parse({ command: '/opt/mine', args: ['--go'], env: { KEY: 'v' } }) };
  const mine = resolveRuntime('mine', custom);

  it('are found by name, and built-in names cannot be taken', () => {
    assert.equal(resolveRuntime('script', custom).command, 'gt');
    assert.equal(mine.builtIn, false);
    assert.equal(resolveRuntime('claude', { claude: { ...custom.mine } }).command, 'claude');
    assert.throws(
      () => resolveRuntime('nobody', custom),
      (error: UserError) => error.code === 'not-found' && /script, claude, codex, .*mine/.test(error.hint ?? ''),
    );
    assert.throws(() => resolveRuntime('constructor', custom), UserError);
  });

  it('of the town get their prompt as they want it, and never as an option', () => {
    assert.deepEqual(commandFor(mine, { ...request, prompt: '--help', conversation: { id: 'x', resume: true } }), {
      command: '/opt/mine',
      args: ['--go', ' --help'],
      env: { KEY: 'v', GT_MODEL: 'best' },
      files: [],
    });
    const bare = { prompt: 'x', place };
    assert.deepEqual(commandFor({ ...mine, prompt: 'flag', promptFlag: '-i' }, bare).args, ['--go', '-i', 'x']);
    assert.deepEqual(commandFor({ ...mine, prompt: 'none' }, bare).args, ['--go']);
    assert.throws(() => commandFor({ ...mine, prompt: 'flag' }, bare), UserError);
    assert.throws(() => commandFor(mine, { ...bare, prompt: 'x'.repeat(200_000) }), UserError);
  });

  it('of the town have the ways of a built-in one only where they say so', () => {
    assert.deepEqual(commandFor({ ...mine, name: 'claude' }, { prompt: 'x', place }).args, ['--go', 'x']);
    const like = commandFor(
      { ...mine, provider: 'claude', env: { DISABLE_AUTOUPDATER: '0' } },
      { prompt: 'x', place, conversation: { id: 'u', resume: true } },
    );
    assert.deepEqual(like.args, ['--go', '--settings', `${place.home}/claude-settings.json`, '--resume', 'u', 'x']);
    assert.deepEqual([like.command, like.env.DISABLE_AUTOUPDATER], ['/opt/mine', '0']);
    assert.equal(conversationWays({ ...mine, provider: 'constructor' }), undefined);
  });

  it('find a path with quotes and line breaks in it harmless', () => {
    const { args } = commandFor(resolveRuntime('codex', {}), {
      prompt: 'x',
      place: { ...place, worktree: '/a"b\n/rig' },
    });
    assert.ok(args.includes('projects={"/a\\"b\\n/rig"={trust_level="trusted"}}'));
  });
});

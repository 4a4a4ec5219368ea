import assert from 'node:assert/strict';
import path from 'node:path';
import { claudeConversationFile } from '../../../server/src/agents/claude';
import { builtInRuntimes, canResume, commandFor, resolveRuntime, settingsFor } from '../../../server/src/agents/runtimes';
import { UserError } from '../../../server/src/base/errors';
import { runtimeSettings } from '../../../server/src/protocol/town';

describe('runtimes', () => {
  const custom = { mine: runtimeSettings.parse({ command: '/opt/mine', args: ['--go'], env: { KEY: 'v' } }) };

  it('are found by name, and built-in names cannot be taken', () => {
    assert.equal(resolveRuntime('script', custom).command, 'gt');
    assert.equal(resolveRuntime('mine', custom).builtIn, false);
    assert.equal(resolveRuntime('claude', { claude: { ...custom.mine } }).command, 'claude');
    assert.throws(() => resolveRuntime('nobody', custom), (error: UserError) => error.code === 'not-found' && /script, claude, mine/.test(error.hint ?? ''));
    assert.throws(() => resolveRuntime('constructor', custom), UserError);
    for (const settings of Object.values(builtInRuntimes)) assert.deepEqual(runtimeSettings.parse(settings), settings);
  });

  it('script takes no prompt', () => {
    const command = commandFor(resolveRuntime('script', {}), { prompt: 'work', conversation: { id: 'x', resume: true }, settingsFile: '/s' });
    assert.deepEqual(command, { command: 'gt', args: ['runtime', 'script'], env: {}, conversation: undefined });
    assert.equal(settingsFor(resolveRuntime('script', {}), '/gt'), undefined);
    assert.equal(canResume(resolveRuntime('script', {})), false);
  });

  it('claude begins and resumes conversations with its settings beside the worktree', () => {
    const claude = resolveRuntime('claude', {});
    const begin = commandFor(claude, { prompt: 'work', model: 'opus', conversation: { id: 'u-1', resume: false }, settingsFile: '/home/s.json', asRoot: true });
    assert.deepEqual(begin.args, ['--dangerously-skip-permissions', '--settings', '/home/s.json', '--session-id', 'u-1', '--model', 'opus', 'work']);
    assert.equal(begin.conversation, 'u-1');
    assert.equal(begin.env.IS_SANDBOX, '1');
    const resume = commandFor(claude, { prompt: 'go on', conversation: { id: 'u-1', resume: true } });
    assert.deepEqual(resume.args, ['--dangerously-skip-permissions', '--resume', 'u-1', 'go on']);
    assert.equal(resume.env.IS_SANDBOX, undefined);
    const settings = settingsFor(claude, "/a b/it's/gt");
    assert.equal(settings?.file, 'claude-settings.json');
    const parsed = JSON.parse(settings.text) as { hooks: { SessionStart: { hooks: { command: string }[] }[] }; skipDangerousModePermissionPrompt: boolean };
    assert.equal(parsed.hooks.SessionStart[0]?.hooks[0]?.command, `'/a b/it'\\''s/gt' prime --hook`);
    assert.equal(parsed.skipDangerousModePermissionPrompt, true);
  });

  it('custom ones get their prompt as they want it, and never as an option', () => {
    const mine = resolveRuntime('mine', custom);
    assert.deepEqual(commandFor(mine, { prompt: '--help', model: 'm', conversation: { id: 'x', resume: true }, settingsFile: '/s' }), {
      command: '/opt/mine', args: ['--go', ' --help'], env: { KEY: 'v', GT_MODEL: 'm' }, conversation: undefined,
    });
    assert.deepEqual(commandFor({ ...mine, prompt: 'flag', promptFlag: '-i' }, { prompt: 'x' }).args, ['--go', '-i', 'x']);
    assert.deepEqual(commandFor({ ...mine, prompt: 'none' }, { prompt: 'x' }).args, ['--go']);
    assert.throws(() => commandFor({ ...mine, prompt: 'flag' }, { prompt: 'x' }), UserError);
    assert.throws(() => commandFor(mine, { prompt: 'x'.repeat(200_000) }), UserError);
    // A runtime of the town that calls itself like a built-in one has none of its abilities.
    assert.deepEqual(commandFor({ ...mine, name: 'claude' }, { prompt: 'x', settingsFile: '/s' }).args, ['--go', 'x']);
  });

  it('a conversation is where claude keeps it', () => {
    assert.equal(
      claudeConversationFile('/h/.claude', '/tmp/a.b/rig_1', 'id'), path.join('/h/.claude', 'projects', '-tmp-a-b-rig-1', 'id.jsonl'));
  });
});

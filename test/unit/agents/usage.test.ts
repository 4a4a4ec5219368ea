import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { presets } from '../../../server/src/agents/presets';
import { claudeConversationFile } from '../../../server/src/agents/presets/claude';
import { conversationUsage } from '../../../server/src/agents/usage/conversationUsage';
import { resolveRuntime } from '../../../server/src/agents/runtimes';
import type { RuntimeInfo } from '../../../server/src/protocol/town';
import type { TokenUsage } from '../../../server/src/protocol/usage';
import { tempDir } from '../../helpers/temp';

const ID = '0a1b2c3d-0000-4000-8000-000000000001';
const SINCE = Date.parse('2026-11-21T03:00:00Z');

describe('the tokens of a conversation', () => {
  let home: string;
  const worktree = '/town/toy/polecats/rust/rig';
  beforeEach(() => (home = tempDir('home')));

  function write(file: string, ...lines: unknown[]): void {
    const target = path.resolve(home, file);
    fs.mkdirSync(path.dirname(target), { recursive: true });
    const text = lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('');
    fs.writeFileSync(target, text);
  }
  const usageOf = (runtime: string): Promise<TokenUsage[] | undefined> =>
    presets[runtime]!.conversation!.usage!({ env: { HOME: home }, worktree, id: ID, since: SINCE });

  it('claude: each answer once, although it has several lines, with those of its subagents', async () => {
    const answer = (id: string, model: string, output: number, cached = 0) => ({
      type: 'assistant',
      message: {
        ...{ id, model, role: 'assistant', content: [] },
        usage: {
          ...{ input_tokens: 100, cache_creation_input_tokens: 7, cache_read_input_tokens: cached },
          ...{ output_tokens: output, service_tier: 'standard' },
        },
      },
    });
    const file = claudeConversationFile(path.join(home, '.claude'), worktree, ID);
    assert.equal(await usageOf('claude'), undefined, 'there is none');
    write(file, { type: 'user', message: { content: 'a "usage" of words' } });
    assert.deepEqual(await usageOf('claude'), [], 'nothing was answered yet');
    write(
      file,
      { type: 'mode' },
      answer('m1', 'opus', 1),
      answer('m1', 'opus', 10),
      answer('m2', 'opus', 20, 50),
      { type: 'assistant', message: { id: 'm3', model: '<synthetic>', usage: { input_tokens: 0 } } },
      { type: 'assistant', message: { id: 'm4', model: 'opus', usage: { input_tokens: -5, output_tokens: 'many' } } },
      '{"type":"assistant","message":{"usage"',
    );
    write(path.join(file.replace(/\.jsonl$/, ''), 'subagents', 'agent-1.jsonl'), answer('s1', 'haiku', 3));
    assert.deepEqual(await usageOf('claude'), [
      { model: 'opus', input: 200, output: 30, cache_read: 50, cache_write: 14 },
      { model: 'haiku', input: 100, output: 3, cache_read: 0, cache_write: 7 },
    ]);
  });

  it('codex: what its sums have grown by, for the model that was in use', async () => {
    const model = (name: string) => ({ type: 'turn_context', payload: { model: name, cwd: worktree } });
    const total = (input: number, cached: number, output: number) => ({
      type: 'event_msg',
      payload: {
        type: 'token_count',
        info: { total_token_usage: { input_tokens: input, cached_input_tokens: cached, output_tokens: output } },
      },
    });
    write(
      '.codex/sessions/2026/11/21/rollout-2026-11-21T04-00-00-x.jsonl',
      { type: 'session_meta', payload: { id: 'x', cwd: worktree, timestamp: '2026-11-21T04:00:00Z' } },
      model('gpt-a'),
      { type: 'event_msg', payload: { type: 'token_count', info: null } },
      total(100, 0, 10),
      total(100, 0, 10), // the limits have changed, nothing else
      total(300, 150, 30),
      model('gpt-b'),
      total(400, 200, 40),
      total(50, 0, 5), // its sums have begun again
    );
    assert.deepEqual(await usageOf('codex'), [
      { model: 'gpt-a', input: 150, output: 30, cache_read: 150, cache_write: 0 },
      { model: 'gpt-b', input: 100, output: 15, cache_read: 50, cache_write: 0 },
    ]);
  });

  it('gemini: the last line of each answer', async () => {
    const answer = (id: string, tokens: Record<string, number>) => ({
      ...{ type: 'gemini', id, model: 'gemini-pro', content: '', tokens },
    });
    write(
      `.gemini/tmp/toy/chats/session-2026-11-21T03-00-${ID.slice(0, 8)}.jsonl`,
      { sessionId: ID, projectHash: 'h' },
      { $set: { lastUpdated: 'x' } },
      answer('1', { input: 100, output: 5, cached: 0, thoughts: 0 }),
      answer('1', { input: 100, output: 10, cached: 40, thoughts: 7 }),
      answer('2', { input: 200, output: 20, cached: 0 }),
    );
    assert.deepEqual(await usageOf('gemini'), [
      { model: 'gemini-pro', input: 260, output: 37, cache_read: 40, cache_write: 0 },
    ]);
  });

  it('copilot: its records of usage', async () => {
    const record = (inputTokens: number, cacheReadTokens: number) => ({
      type: 'session.usage_record',
      data: { usage: { model: 'gpt-a', inputTokens, outputTokens: 5, cacheReadTokens, cacheWriteTokens: 0 } },
    });
    write(`.copilot/session-state/${ID}/events.jsonl`, { type: 'session.start' }, record(100, 0), record(200, 150));
    assert.deepEqual(await usageOf('copilot'), [
      { model: 'gpt-a', input: 150, output: 10, cache_read: 150, cache_write: 0 },
    ]);
  });

  it('are read where the runtime of the town keeps them, if its program is one whose records are known', async () => {
    const claude = { ...resolveRuntime('claude', {}), env: { CLAUDE_CONFIG_DIR: path.join(home, 'c') } };
    const read = (runtime: RuntimeInfo) => conversationUsage(runtime, worktree, { id: ID, since: SINCE });
    assert.equal(await read(claude), undefined);
    const message = { id: 'm', model: 'opus', usage: { input_tokens: 1, output_tokens: 2 } };
    write(claudeConversationFile(path.join(home, 'c'), worktree, ID), { type: 'assistant', message });
    assert.deepEqual(await read(claude), [{ model: 'opus', input: 1, output: 2, cache_read: 0, cache_write: 0 }]);
    assert.equal(await read(resolveRuntime('script', {})), undefined);
  });
});

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { chooseConversation, type ConversationRequest } from '../../../server/src/agents/conversations';
import { hookAnswer } from '../../../server/src/agents/hookAnswer';
import { presets } from '../../../server/src/agents/presets';
import { claudeConversationFile } from '../../../server/src/agents/presets/claude';
import { tempDir } from '../../helpers/temp';

describe('conversations of interrupted sessions', () => {
  let home: string;
  const worktree = '/town/toy/polecats/rust/rig';
  beforeEach(() => (home = tempDir('home')));

  function choose(runtime: string, more: Partial<ConversationRequest> = {}): { id: string; resume: boolean } {
    const ways = presets[runtime]!.conversation!;
    const { id, resume } = chooseConversation({
      file: path.join(home, 'conversation.json'),
      ways,
      bead: 'to-1',
      runtime,
      resume: true,
      env: { HOME: home },
      worktree,
      ...more,
    });
    return { id, resume };
  }
  function write(file: string, text: string): void {
    fs.mkdirSync(path.dirname(path.join(home, file)), { recursive: true });
    fs.writeFileSync(path.join(home, file), text);
  }

  it('start over where there is none, where the program has not kept it, and for other work', () => {
    const first = choose('claude');
    assert.equal(first.resume, false);
    assert.equal(choose('claude', { resume: true }).resume, false);
    const { id } = choose('claude', { resume: false });
    write(path.relative(home, claudeConversationFile(path.join(home, '.claude'), worktree, id)), '');
    assert.deepEqual(choose('claude'), { id, resume: true });
    assert.deepEqual(choose('claude'), { id, resume: true });
    assert.equal(choose('claude', { bead: 'to-2' }).resume, false);
  });

  it('claude keeps them under a name made from the folder', () => {
    assert.equal(
      claudeConversationFile('/h/.claude', '/tmp/a.b/rig_1', 'id'),
      path.join('/h/.claude', 'projects', '-tmp-a-b-rig-1', 'id.jsonl'),
    );
  });

  it('codex chooses its own ids: the newest of this folder since the work began', () => {
    const meta = (id: string, cwd: string, timestamp: string) =>
      `${JSON.stringify({ type: 'session_meta', payload: { id, cwd, timestamp } })}\n{"type":"more"}\n`;
    const since = Date.parse('2026-11-21T03:00:00Z');
    write('conversation.json', JSON.stringify({ bead: 'to-1', runtime: 'codex', id: 'ours', since }));
    write(
      '.codex/sessions/2026/11/20/rollout-2026-11-20T10-00-00-a.jsonl',
      meta('a', worktree, '2026-11-20T10:00:00Z'),
    );
    assert.equal(choose('codex').resume, false);
    write('conversation.json', JSON.stringify({ bead: 'to-1', runtime: 'codex', id: 'ours', since }));
    write(
      '.codex/sessions/2026/11/21/rollout-2026-11-21T03-34-00-b.jsonl',
      meta('b', worktree, '2026-11-21T03:34:00Z'),
    );
    write(
      '.codex/sessions/2026/11/21/rollout-2026-11-21T03-35-00-c.jsonl',
      meta('c', '/elsewhere', '2026-11-21T03:35:00Z'),
    );
    write('.codex/sessions/2026/11/21/rollout-2026-11-21T03-36-00-d.jsonl', '{"cut');
    assert.deepEqual(choose('codex'), { id: 'b', resume: true });
    assert.equal(choose('codex', { env: { HOME: home, CODEX_HOME: path.join(home, 'other') } }).resume, false);
  });

  it('gemini and copilot keep them under our id', () => {
    for (const [runtime, file] of [
      ['gemini', '.gemini/tmp/rig/chats/session-2026-11-21T03-36-ID8.jsonl'],
      ['copilot', '.copilot/session-state/ID/events.jsonl'],
    ] as const) {
      const { id } = choose(runtime, { resume: false });
      write(file.replace('ID8', id.slice(0, 8)).replace('ID', id), `${JSON.stringify({ sessionId: id })}\n`);
      assert.deepEqual(choose(runtime), { id, resume: true });
    }
  });

  it('are not asked for twice in a row where nobody knows whether they were kept', () => {
    choose('auggie', { resume: false });
    assert.equal(choose('auggie').resume, true);
    assert.equal(choose('auggie').resume, false);
    assert.equal(choose('auggie').resume, true);
  });
});

describe('the answer of a hook', () => {
  it('has the form that passes the text on to the model', () => {
    assert.equal(hookAnswer('a\nb', 'text'), 'a\nb');
    assert.deepEqual(JSON.parse(hookAnswer('a\nb', 'flat')), { additionalContext: 'a\nb' });
    assert.deepEqual(JSON.parse(hookAnswer('a', 'nested')), {
      hookSpecificOutput: { hookEventName: 'SessionStart', additionalContext: 'a' },
    });
  });
});

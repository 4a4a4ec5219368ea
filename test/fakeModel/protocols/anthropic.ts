import type { Item, Reply } from '../script';
import { contentText, isJson, objects, text, tokens, type Json, type Protocol, type SseEvent } from './protocol';

/** Anthropic Messages. */
export const anthropic: Protocol = {
  matches: (path) => /\/v1\/messages$/.test(path),
  streams: (body) => body.stream === true,
  parse: (body) => ({
    items: [{ kind: 'other', text: contentText(body.system) }, ...objects(body.messages).flatMap(itemsOf)],
    tools: objects(body.tools).map((tool) => ({
      name: text(tool.name),
      schema: isJson(tool.input_schema) ? tool.input_schema : {},
    })),
  }),
  whole: (reply, body) => ({
    ...messageOf(body),
    content: [blockOf(reply, true)],
    stop_reason: stopReason(reply),
    usage: usage(tokens.output),
  }),
  events: (reply, body) => {
    const event = (type: string, more: Json): SseEvent => ({ event: type, data: { type, ...more } });
    const delta =
      reply.kind === 'text'
        ? { type: 'text_delta', text: reply.text }
        : { type: 'input_json_delta', partial_json: JSON.stringify(reply.args) };
    return [
      event('message_start', { message: { ...messageOf(body), content: [], stop_reason: null, usage: usage(0) } }),
      event('content_block_start', { index: 0, content_block: blockOf(reply, false) }),
      event('content_block_delta', { index: 0, delta }),
      event('content_block_stop', { index: 0 }),
      event('message_delta', {
        delta: { stop_reason: stopReason(reply), stop_sequence: null },
        usage: { output_tokens: tokens.output },
      }),
      event('message_stop', {}),
    ];
  },
};

function itemsOf(message: Json): Item[] {
  if (typeof message.content === 'string') return [said(message.role, message.content)];
  return objects(message.content).map((block): Item => {
    if (block.type === 'tool_use') return { kind: 'call', id: text(block.id) };
    if (block.type === 'tool_result')
      return { kind: 'result', id: text(block.tool_use_id), text: contentText(block.content) };
    return said(message.role, text(block.text));
  });
}

/** The agent's own remarks travel in the user's messages. */
function said(role: unknown, words: string): Item {
  return role === 'user' && !words.trimStart().startsWith('<system-reminder>')
    ? { kind: 'user', text: words }
    : { kind: 'other', text: words };
}

function messageOf(body: Json): Json {
  return {
    id: `msg_fake_${Date.now().toString(36)}`,
    type: 'message',
    role: 'assistant',
    model: body.model,
    stop_sequence: null,
  };
}

function blockOf(reply: Reply, complete: boolean): Json {
  if (reply.kind === 'text') return { type: 'text', text: complete ? reply.text : '' };
  return { type: 'tool_use', id: reply.id, name: reply.tool, input: complete ? reply.args : {} };
}

function stopReason(reply: Reply): string {
  return reply.kind === 'text' ? 'end_turn' : 'tool_use';
}

function usage(output: number): Json {
  return { input_tokens: tokens.input, output_tokens: output };
}

import type { Item, Reply } from '../script';
import { contentText, isJson, objects, text, tokens, type Json, type Protocol, type SseEvent } from './protocol';

/** OpenAI Chat Completions. */
export const chat: Protocol = {
  matches: (path) => /\/chat\/completions$/.test(path),
  streams: (body) => body.stream === true,
  parse: (body) => ({
    items: objects(body.messages).flatMap(itemsOf),
    tools: objects(body.tools)
      .map((tool) => (isJson(tool.function) ? tool.function : {}))
      .map((tool) => ({ name: text(tool.name), schema: isJson(tool.parameters) ? tool.parameters : {} })),
  }),
  whole: (reply, body) => ({
    ...completionOf(body, 'chat.completion'),
    usage,
    choices: [
      {
        index: 0,
        finish_reason: finishReason(reply),
        message: { role: 'assistant', content: reply.kind === 'text' ? reply.text : null, ...callsOf(reply) },
      },
    ],
  }),
  events: (reply, body) => {
    const chunk = (choices: Json[], more: Json = {}): SseEvent => ({
      data: { ...completionOf(body, 'chat.completion.chunk'), choices, ...more },
    });
    const delta = reply.kind === 'text' ? { content: reply.text } : callsOf(reply);
    return [
      chunk([{ index: 0, delta: { role: 'assistant' }, finish_reason: null }]),
      chunk([{ index: 0, delta, finish_reason: null }]),
      chunk([{ index: 0, delta: {}, finish_reason: finishReason(reply) }]),
      chunk([], { usage }),
      { data: '[DONE]' },
    ];
  },
};

const usage = {
  prompt_tokens: tokens.input,
  completion_tokens: tokens.output,
  total_tokens: tokens.input + tokens.output,
};

function itemsOf(message: Json): Item[] {
  if (message.role === 'tool')
    return [{ kind: 'result', id: text(message.tool_call_id), text: contentText(message.content) }];
  const said: Item = { kind: message.role === 'user' ? 'user' : 'other', text: contentText(message.content) };
  return [said, ...objects(message.tool_calls).map((call): Item => ({ kind: 'call', id: text(call.id) }))];
}

function callsOf(reply: Reply): Json {
  if (reply.kind === 'text') return {};
  return {
    tool_calls: [
      {
        index: 0,
        id: reply.id,
        type: 'function',
        function: { name: reply.tool, arguments: JSON.stringify(reply.args) },
      },
    ],
  };
}

function finishReason(reply: Reply): string {
  return reply.kind === 'text' ? 'stop' : 'tool_calls';
}

function completionOf(body: Json, object: string): Json {
  return { id: `chatcmpl-fake${Date.now().toString(36)}`, object, created: 0, model: body.model };
}

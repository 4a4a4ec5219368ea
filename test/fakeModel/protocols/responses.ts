import type { Item, Reply } from '../script';
import { contentText, isJson, objects, text, tokens, type Json, type Protocol, type SseEvent } from './protocol';

/** OpenAI Responses. */
export const responses: Protocol = {
  matches: (path) => /\/responses$/.test(path),
  streams: (body) => body.stream === true,
  parse: (body) => ({
    items: [
      { kind: 'other', text: text(body.instructions) },
      ...(typeof body.input === 'string'
        ? [{ kind: 'user' as const, text: body.input }]
        : objects(body.input).map(itemOf)),
    ],
    tools: objects(body.tools).map((tool) => ({
      name: text(tool.name),
      schema: isJson(tool.parameters) ? tool.parameters : {},
    })),
  }),
  whole: (reply, body) => responseOf(body, 'completed', [outputOf(reply)]),
  events: (reply, body) => {
    const item = outputOf(reply);
    const event = (type: string, more: Json): SseEvent => ({ event: type, data: { type, ...more } });
    const delta =
      reply.kind === 'text'
        ? event('response.output_text.delta', {
            item_id: item.id,
            output_index: 0,
            content_index: 0,
            delta: reply.text,
          })
        : event('response.function_call_arguments.delta', { item_id: item.id, output_index: 0, delta: item.arguments });
    return [
      event('response.created', { response: responseOf(body, 'in_progress', []) }),
      event('response.output_item.added', { output_index: 0, item: { ...item, status: 'in_progress' } }),
      delta,
      event('response.output_item.done', { output_index: 0, item }),
      event('response.completed', { response: responseOf(body, 'completed', [item]) }),
    ];
  },
};

function itemOf(item: Json): Item {
  if (item.type === 'function_call') return { kind: 'call', id: text(item.call_id) };
  if (item.type === 'function_call_output') {
    return {
      kind: 'result',
      id: text(item.call_id),
      text: typeof item.output === 'string' ? item.output : contentText(item.output),
    };
  }
  return { kind: item.role === 'user' ? 'user' : 'other', text: contentText(item.content) };
}

function outputOf(reply: Reply): Json {
  const id = `item_fake_${Date.now().toString(36)}`;
  if (reply.kind === 'text')
    return {
      id,
      type: 'message',
      role: 'assistant',
      status: 'completed',
      content: [{ type: 'output_text', text: reply.text, annotations: [] }],
    };
  return {
    id,
    type: 'function_call',
    status: 'completed',
    call_id: reply.id,
    name: reply.tool,
    arguments: JSON.stringify(reply.args),
  };
}

function responseOf(body: Json, status: string, output: Json[]): Json {
  const usage = {
    input_tokens: tokens.input,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: tokens.output,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: tokens.input + tokens.output,
  };
  return {
    id: `resp_fake_${Date.now().toString(36)}`,
    object: 'response',
    created_at: 0,
    model: body.model,
    status,
    output,
    ...(status === 'completed' ? { usage } : {}),
  };
}

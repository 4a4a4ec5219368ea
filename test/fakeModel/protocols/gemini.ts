import type { Item, Reply } from '../script';
import { contentText, isJson, objects, text, tokens, type Json, type Protocol } from './protocol';

/** Gemini generateContent. Whether it streams stands in the path. */
export const gemini: Protocol = {
  matches: (path) => /:(generateContent|streamGenerateContent)$/.test(path),
  streams: (_body, url) => url.pathname.endsWith(':streamGenerateContent'),
  parse: (body) => ({
    items: [
      { kind: 'other', text: isJson(body.systemInstruction) ? contentText(body.systemInstruction.parts) : '' },
      ...objects(body.contents).flatMap(itemsOf),
    ],
    tools: objects(body.tools)
      .flatMap((tool) => objects(tool.functionDeclarations))
      .map((tool) => ({ name: text(tool.name), schema: schemaOf(tool.parametersJsonSchema ?? tool.parameters) })),
  }),
  whole: answer,
  events: (reply, body) => [{ data: answer(reply, body) }],
};

function itemsOf(content: Json): Item[] {
  return objects(content.parts).map((part): Item => {
    if (isJson(part.functionCall)) return { kind: 'call', id: text(part.functionCall.id) };
    if (isJson(part.functionResponse))
      return { kind: 'result', id: text(part.functionResponse.id), text: resultText(part.functionResponse.response) };
    return { kind: content.role === 'user' ? 'user' : 'other', text: text(part.text) };
  });
}

function resultText(response: unknown): string {
  return isJson(response) && typeof response.output === 'string' ? response.output : JSON.stringify(response);
}

/** Its own kind of schema writes types in capitals. */
function schemaOf(value: unknown): Json {
  return isJson(value)
    ? (JSON.parse(
        JSON.stringify(value, (key, entry: unknown) =>
          key === 'type' && typeof entry === 'string' ? entry.toLowerCase() : entry,
        ),
      ) as Json)
    : {};
}

function answer(reply: Reply, body: Json): Json {
  const part =
    reply.kind === 'text'
      ? { text: reply.text }
      : { functionCall: { id: reply.id, name: reply.tool, args: reply.args } };
  return {
    candidates: [{ index: 0, content: { role: 'model', parts: [part] }, finishReason: 'STOP' }],
    usageMetadata: {
      promptTokenCount: tokens.input,
      candidatesTokenCount: tokens.output,
      totalTokenCount: tokens.input + tokens.output,
    },
    modelVersion: text(body.model) || 'fake-model',
  };
}

import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { anthropic } from './protocols/anthropic';
import { chat } from './protocols/chat';
import { gemini } from './protocols/gemini';
import { isJson, type Json, type Protocol, type SseEvent } from './protocols/protocol';
import { responses } from './protocols/responses';
import { replyTo, textOf, type Conversation, type Reply, type Script } from './script';

const protocols: readonly Protocol[] = [anthropic, responses, chat, gemini];
/** Longer than any conversation of a test. */
const MAX_BODY = 32 * 1024 * 1024;

export interface ModelRequest {
  path: string;
  /** All that was said, without the ids. */
  text: string;
  conversation: Conversation;
  reply: Reply;
}

/** A model server for the tests of real agents, on this machine only. What it answers is in its scripts. */
export class FakeModel {
  /** Every turn that it was asked for, oldest first. */
  readonly requests: ModelRequest[] = [];
  /** What it was asked that it does not know. */
  readonly unknown: string[] = [];

  private constructor(
    private readonly server: http.Server,
    public scripts: readonly Script[],
  ) {}

  static async start(scripts: readonly Script[]): Promise<FakeModel> {
    const server = http.createServer();
    const model = new FakeModel(server, scripts);
    server.on('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
      model
        .handle(request, response)
        .catch((error: unknown) => send(response, 400, { error: { message: String(error) } }));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return model;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async dispose(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  private async handle(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    if (request.method === 'HEAD') return send(response, 200, {});
    const body = await readBody(request);
    const protocol =
      request.method === 'POST' ? protocols.find((candidate) => candidate.matches(url.pathname)) : undefined;
    if (!protocol) return this.other(url, request.method ?? '', response);
    const conversation = protocol.parse(body);
    const reply = replyTo(conversation, this.scripts);
    this.requests.push({ path: url.pathname, text: textOf(conversation.items), conversation, reply });
    if (protocol.streams(body, url)) stream(response, protocol.events(reply, body));
    else send(response, 200, protocol.whole(reply, body));
  }

  private other(url: URL, method: string, response: http.ServerResponse): void {
    if (/\/models$/.test(url.pathname))
      return send(response, 200, { object: 'list', data: [{ id: 'fake-model', object: 'model' }] });
    if (/(count_tokens|:countTokens)$/.test(url.pathname))
      return send(response, 200, { input_tokens: 100, totalTokens: 100 });
    this.unknown.push(`${method} ${url.pathname}`);
    send(response, 404, { error: { type: 'not_found_error', message: `the fake model has no ${url.pathname}` } });
  }
}

async function readBody(request: http.IncomingMessage): Promise<Json> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw new Error('the request is too long');
    chunks.push(chunk);
  }
  const body: unknown = size === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString('utf8'));
  return isJson(body) ? body : {};
}

function send(response: http.ServerResponse, status: number, body: Json): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function stream(response: http.ServerResponse, events: readonly SseEvent[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  for (const { event, data } of events) {
    response.write(
      `${event ? `event: ${event}\n` : ''}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`,
    );
  }
  response.end();
}

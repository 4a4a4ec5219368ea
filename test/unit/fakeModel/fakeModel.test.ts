import assert from 'node:assert/strict';
import {
  argumentsOf,
  parseCallId,
  replyTo,
  type Item,
  type Reply,
  type Script,
  type Tool,
} from '../../fakeModel/script';
import { FakeModel } from '../../fakeModel/server';

const shell: Tool = { name: 'Bash', schema: { properties: { command: { type: 'string' } }, required: ['command'] } };
const scripts: Script[] = [
  { match: /interrupted/, steps: [{ sh: 'go on' }] },
  {
    match: /begin/,
    steps: [{ sh: 'one' }, { sh: 'two', when: /refused/ }, { sh: 'three', unless: /refused/ }, { say: 'done' }],
  },
  { match: /by a hook/, in: 'request', steps: [{ say: 'hooked' }] },
];
const user = (text: string): Item => ({ kind: 'user', text });
const turn = (items: Item[], tools: Tool[] = [shell]): Reply => replyTo({ items, tools }, scripts);
const command = (reply: Reply): unknown => (reply.kind === 'call' ? reply.args.command : reply.text);

/** A conversation that goes on as an agent's would: every call comes back with a result. */
function play(items: Item[], results: Record<string, string> = {}): unknown[] {
  const said: unknown[] = [];
  for (;;) {
    const reply = turn(items);
    said.push(command(reply));
    if (reply.kind === 'text') return said;
    items.push(
      { kind: 'call', id: reply.id },
      { kind: 'result', id: reply.id, text: results[String(reply.args.command)] ?? '' },
    );
  }
}

describe('the script of the fake model', () => {
  it('is chosen by what the user said last, and goes on by the ids of its calls', () => {
    assert.deepEqual(play([user('<context>'), user('begin now')]), ['one', 'three', 'done']);
    assert.deepEqual(play([user('begin now')], { one: 'it was refused' }), ['one', 'two', 'done']);
  });

  it('may be chosen by the whole request', () => {
    assert.deepEqual(play([{ kind: 'other', text: 'said by a hook' }, user('hello')]), ['hooked']);
  });

  it('starts over on words that fit another, and not on words in mid-turn that fit none', () => {
    const call: Item[] = [
      { kind: 'call', id: 'x-call_fake_1_0_abc' },
      { kind: 'result', id: 'x-call_fake_1_0_abc', text: '' },
    ];
    assert.equal(command(turn([user('begin'), ...call, user('hurry')])), 'three');
    assert.equal(command(turn([user('begin'), ...call, user('you were interrupted')])), 'go on');
  });

  it('has nothing to say where no script fits, and only a title where there is no shell', () => {
    assert.equal(command(turn([user('hm')])), 'There is nothing more to do.');
    assert.equal(command(turn([user('begin')], [])), 'A title');
    assert.equal(command(turn([user('begin')], [{ name: 'read_file', schema: {} }])), 'A title');
  });

  it('fills in what a tool insists on', () => {
    assert.deepEqual(argumentsOf({ properties: { cmd: { type: 'string' } } }, 'ls'), { cmd: 'ls' });
    assert.deepEqual(argumentsOf({ properties: { command: { type: ['array'] } } }, 'ls'), {
      command: ['sh', '-c', 'ls'],
    });
    assert.deepEqual(
      argumentsOf(
        {
          properties: {
            command: {},
            wait: { type: 'boolean' },
            limit: { type: 'number' },
            mode: { enum: ['sync', 'async'] },
            why: { type: 'string' },
          },
          required: ['command', 'wait', 'limit', 'mode', 'why'],
        },
        'ls',
      ),
      { command: 'ls', wait: true, limit: 60, mode: 'sync', why: 'A step of the test' },
    );
    assert.equal(parseCallId('call_fake_x_1_'), undefined);
  });
});

type Json = Record<string, unknown>;

/** One turn in each protocol: with the user's words and the calls that were made, and how the reply is read. */
interface Dialect {
  path(stream: boolean): string;
  request(words: string, calls: string[], stream: boolean): Json;
  call(answer: Json): { id: string; command: unknown };
  text(answer: Json): unknown;
  /** Puts the answer together from its pieces, as a client would. */
  assemble(events: Json[]): Json;
}
const tool = {
  name: 'bash',
  description: 'runs',
  parameters: { type: 'object', properties: { command: { type: 'string' } }, required: ['command'] },
};
const at = <T>(value: unknown, ...keys: (string | number)[]): T =>
  keys.reduce<unknown>((inner, key) => (inner as Json)[key], value) as T;

const dialects: Record<string, Dialect> = {
  'Anthropic Messages': {
    path: () => '/v1/messages?beta=true',
    request: (words, calls, stream) => ({
      model: 'm',
      stream,
      system: [{ type: 'text', text: 'You are' }],
      tools: [{ name: 'bash', input_schema: tool.parameters }],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: '<system-reminder>by a hook</system-reminder>' },
            { type: 'text', text: words },
          ],
        },
        ...calls.flatMap((id) => [
          { role: 'assistant', content: [{ type: 'tool_use', id, name: 'bash', input: {} }] },
          {
            role: 'user',
            content: [{ type: 'tool_result', tool_use_id: id, content: [{ type: 'text', text: 'ok' }] }],
          },
        ]),
      ],
    }),
    call: (answer) => ({ id: at(answer, 'content', 0, 'id'), command: at(answer, 'content', 0, 'input', 'command') }),
    text: (answer) => at(answer, 'content', 0, 'text'),
    assemble: (events) => {
      const block = at<Json>(
        events.find((event) => event.type === 'content_block_start'),
        'content_block',
      );
      const delta = at<Json>(
        events.find((event) => event.type === 'content_block_delta'),
        'delta',
      );
      const whole =
        block.type === 'text'
          ? { ...block, text: delta.text }
          : { ...block, input: JSON.parse(delta.partial_json as string) as Json };
      return {
        ...at<Json>(events[0], 'message'),
        content: [whole],
        stop_reason: at(events.at(-2), 'delta', 'stop_reason'),
      };
    },
  },
  Responses: {
    path: () => '/v1/responses',
    request: (words, calls, stream) => ({
      model: 'm',
      stream,
      instructions: 'You are',
      tools: [{ type: 'function', ...tool }, { type: 'web_search' }],
      input: [
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: words }] },
        ...calls.flatMap((id) => [
          { type: 'function_call', call_id: id, name: 'bash', arguments: '{}' },
          { type: 'function_call_output', call_id: id, output: 'ok' },
        ]),
      ],
    }),
    call: (answer) => ({
      id: at(answer, 'output', 0, 'call_id'),
      command: (JSON.parse(at(answer, 'output', 0, 'arguments')) as Json).command,
    }),
    text: (answer) => at(answer, 'output', 0, 'content', 0, 'text'),
    assemble: (events) => {
      assert.deepEqual(
        events.map((event) => event.type).filter((type) => !String(type).includes('delta')),
        ['response.created', 'response.output_item.added', 'response.output_item.done', 'response.completed'],
      );
      return at(events.at(-1), 'response');
    },
  },
  'Chat Completions': {
    path: () => '/v1/chat/completions',
    request: (words, calls, stream) => ({
      model: 'm',
      stream,
      tools: [{ type: 'function', function: tool }],
      messages: [
        { role: 'system', content: 'You are' },
        { role: 'user', content: words },
        ...calls.flatMap((id) => [
          {
            role: 'assistant',
            content: null,
            tool_calls: [{ id, type: 'function', function: { name: 'bash', arguments: '{}' } }],
          },
          { role: 'tool', tool_call_id: id, content: 'ok' },
        ]),
      ],
    }),
    call: (answer) => {
      const call = at<Json>(answer, 'choices', 0, 'message', 'tool_calls', 0);
      return { id: call.id as string, command: (JSON.parse(at(call, 'function', 'arguments')) as Json).command };
    },
    text: (answer) => at(answer, 'choices', 0, 'message', 'content'),
    assemble: (events) => {
      const message = Object.assign({}, ...events.map((event) => at<Json[]>(event, 'choices')[0]?.delta)) as Json;
      return { choices: [{ message }] };
    },
  },
  'Gemini generateContent': {
    path: (stream) => `/v1beta/models/m:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
    request: (words, calls) => ({
      systemInstruction: { role: 'user', parts: [{ text: 'You are' }] },
      tools: [{ functionDeclarations: [{ name: 'run_shell_command', parametersJsonSchema: tool.parameters }] }],
      contents: [
        { role: 'user', parts: [{ text: words }] },
        ...calls.flatMap((id) => [
          { role: 'model', parts: [{ functionCall: { id, name: 'run_shell_command', args: {} } }] },
          {
            role: 'user',
            parts: [{ functionResponse: { id, name: 'run_shell_command', response: { output: 'ok' } } }],
          },
        ]),
      ],
    }),
    call: (answer) => {
      const call = at<Json>(answer, 'candidates', 0, 'content', 'parts', 0, 'functionCall');
      return { id: call.id as string, command: at(call, 'args', 'command') };
    },
    text: (answer) => at(answer, 'candidates', 0, 'content', 'parts', 0, 'text'),
    assemble: (events) => events[0]!,
  },
};

describe('the fake model server', () => {
  let model: FakeModel;
  before(
    async () => (model = await FakeModel.start([{ match: /begin/, steps: [{ sh: 'echo "1"' }, { say: 'done' }] }])),
  );
  after(async () => model.dispose());

  async function ask(dialect: Dialect, words: string, calls: string[], stream: boolean): Promise<Json> {
    const response = await fetch(model.url + dialect.path(stream), {
      method: 'POST',
      body: JSON.stringify(dialect.request(words, calls, stream)),
    });
    assert.equal(response.status, 200);
    if (!stream) return (await response.json()) as Json;
    assert.equal(response.headers.get('content-type'), 'text/event-stream');
    const data = [...(await response.text()).matchAll(/^data: (.*)$/gm)]
      .map((line) => line[1]!)
      .filter((line) => line !== '[DONE]');
    return dialect.assemble(data.map((line) => JSON.parse(line) as Json));
  }

  for (const [name, dialect] of Object.entries(dialects)) {
    for (const stream of [true, false]) {
      it(`speaks ${name}${stream ? ' in a stream' : ''}`, async () => {
        const { id, command: told } = dialect.call(await ask(dialect, 'please begin', [], stream));
        assert.equal(told, 'echo "1"');
        assert.equal(dialect.text(await ask(dialect, 'please begin', [id], stream)), 'done');
        const last = model.requests.at(-1)!;
        assert.match(last.text, /You are[\s\S]*please begin[\s\S]*ok/);
      });
    }
  }

  it('is on this machine only, and says what it does not know', async () => {
    assert.match(model.url, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.equal((await fetch(model.url, { method: 'HEAD' })).status, 200);
    assert.equal((await fetch(`${model.url}/v1/models`)).status, 200);
    assert.equal((await fetch(`${model.url}/v1/other`, { method: 'POST', body: '{}' })).status, 404);
    assert.equal((await fetch(`${model.url}/v1/messages`, { method: 'POST', body: 'no json' })).status, 400);
    assert.deepEqual(model.unknown, ['POST /v1/other']);
  });
});

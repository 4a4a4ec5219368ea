import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FrameGuard, FrameReader, frame } from '../../../server/src/protocol/transport/frames';

/** What a reader gives for these bytes in chunks that end at these places. */
function readIn(bytes: Buffer, ends: readonly number[]): unknown[] {
  const reader = new FrameReader();
  const places = [...new Set([...ends.map((end) => end % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  let from = 0;
  return places.flatMap((to) => {
    const chunk = bytes.subarray(from, to);
    from = to;
    return reader.read(chunk);
  });
}

describe('frames of JSON-RPC', () => {
  it('are read back however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 4 }),
        fc.array(fc.nat(2000), { maxLength: 12 }),
        (messages, ends) => {
          const bytes = Buffer.from(messages.map(frame).join(''));
          assert.deepEqual(JSON.stringify(readIn(bytes, ends)), JSON.stringify(messages));
        },
      ),
    );
  });

  it('count bytes, not characters', () => {
    assert.equal(frame('ü'), 'Content-Length: 4\r\n\r\n"ü"');
    assert.deepEqual(new FrameReader().read(Buffer.from(frame(['ü€😀']))), [['ü€😀']]);
  });

  it('may have other headers, in any case', () => {
    const bytes = Buffer.from(
      'Content-Type: application/vscode-jsonrpc; charset=utf-8\r\ncontent-length:  2\r\n\r\n{}',
    );
    assert.deepEqual(new FrameReader().read(bytes), [{}]);
  });

  it('are let through by the guard however the stream is cut, and what is none by neither', () => {
    const part = fc.oneof(
      fc.jsonValue({ maxDepth: 1 }).map(frame),
      fc.constantFrom(
        'Content-Length: x\r\n\r\n',
        'nothing\r\n\r\n',
        'Content-Length: 268435457\r\n\r\n',
        'y'.repeat(4200),
      ),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 4 }), fc.array(fc.nat(5000), { maxLength: 12 }), (parts, ends) => {
        const bytes = Buffer.from(parts.join(''));
        const guard = new FrameGuard();
        const problems: unknown[] = [];
        let from = 0;
        for (const to of [...ends.map((end) => end % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)) {
          problems.push(guard.problemIn(bytes.subarray(from, to)));
          from = to;
          if (problems.at(-1) !== undefined) break;
        }
        let isRefused = false;
        try {
          readIn(bytes, []);
        } catch {
          isRefused = true;
        }
        assert.equal(problems.at(-1) !== undefined, isRefused, parts.join('|').slice(0, 200));
      }),
    );
  });

  it('that are none are refused, before anything is reserved for them', () => {
    const refused = (text: string, reason: RegExp): void =>
      assert.throws(() => new FrameReader().read(Buffer.from(text)), reason);
    refused('GET / HTTP/1.1\r\nHost: x\r\n\r\n', /no Content-Length/);
    refused('Content-Length: -1\r\n\r\n', /no Content-Length/);
    refused('Content-Length: 1e9\r\n\r\n', /no Content-Length/);
    refused('Content-Length: 999999999999\r\n\r\n', /longer than/);
    refused('x'.repeat(5000), /no header/);
    refused('Content-Length: 1\r\n\r\n{', /JSON/);
  });
});

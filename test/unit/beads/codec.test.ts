import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { decodeLine, encodeBead, isStored, store } from '../../../server/src/beads/storage/codec';
import { rawFields } from '../../../server/src/beads/storage/goJson';
import { bead, decode, edge, requireFixture, someBead } from './support';

describe('codec', () => {
  it('writes every line of the real ledger as it is', function () {
    const lines = requireFixture(this).toString('utf8').trimEnd().split('\n');
    assert.equal(lines.length, 1955);
    for (const line of lines) {
      const { bead: read } = decode(line);
      // merge-request is read as merge_request, so only that spelling may differ where the old text is not at hand
      assert.equal(
        encodeBead(read)
          .replace('"issue_type":"merge_request"', '"issue_type":"merge-request"')
          .replace('"original_type":"merge_request"', '"original_type":"merge-request"'),
        line,
      );
      assert.equal(encodeBead(read, decode(line)), line);
    }
  });

  it('writes fields in the order of v0.49.6 and omits what is empty', () => {
    const full = bead({
      id: 'bd-1',
      updated_at: 'u',
      labels: [],
      description: '',
      pinned: false,
      ephemeral: false,
      estimated_minutes: 0,
      compaction_level: 0,
      payload: 'p',
      design: 'd',
      metadata: { b: 1, a: 2 },
      zeta: 0,
      dependencies: [edge('bd-1', 'bd-2', 'related', { created_by: '', thread_id: 't' })],
    });
    assert.equal(
      encodeBead(full),
      '{"id":"bd-1","title":"Title of bd-1","design":"d","status":"open","priority":2,"issue_type":"task","estimated_minutes":0,' +
        '"created_at":"2026-01-02T03:04:05Z","created_by":"ann","updated_at":"u","metadata":{"b":1,"a":2},' +
        '"dependencies":[{"issue_id":"bd-1","depends_on_id":"bd-2","type":"related","created_at":"2026-01-02T03:04:05Z","thread_id":"t"}],"payload":"p","zeta":0}',
    );
  });

  it('never omits priority, not even P0', () => {
    assert.match(encodeBead(bead({ id: 'bd-1', priority: 0 })), /"priority":0,/);
  });

  it('escapes like Go', () => {
    assert.match(
      encodeBead(bead({ id: 'bd-1', title: '<a> & b\u2028\u2029 "q" \\ 😀' })),
      /"title":"\\u003ca\\u003e \\u0026 b\\u2028\\u2029 \\"q\\" \\\\ 😀"/,
    );
  });

  it('fills in what is missing', () => {
    const read = decode('{"id":"bd-1","title":"t","created_at":"2026-01-01T00:00:00Z"}').bead;
    assert.deepEqual(
      [read.status, read.priority, read.issue_type, read.updated_at],
      ['open', 0, 'task', '2026-01-01T00:00:00Z'],
    );
  });

  it('reads other spellings of types and keeps them on rewriting', () => {
    const old = decode(
      '{"id":"bd-1","title":"t","status":"open","priority":1,"issue_type":"merge-request","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}',
    );
    assert.equal(old.bead.issue_type, 'merge_request');
    assert.match(encodeBead({ ...old.bead, title: 'new' }, old), /"title":"new".*"issue_type":"merge-request"/);
  });

  it('keeps unknown keys, big numbers, number-like keys and raw times of fields that did not change', () => {
    const text =
      '{"_type":"issue","id":"bd-1","title":"t","priority":1,"created_at":"2026-01-01T00:00:00.123456789-08:00","updated_at":"x",' +
      '"metadata":{"2":1,"1":12345678901234567890},"zz": [1.0, 1e3],"9":"nine","__proto__":{"a":1}}';
    const old = decode(text);
    const written = encodeBead({ ...old.bead, title: 'new' }, old);
    assert.equal(
      written,
      '{"_type":"issue","id":"bd-1","title":"new","status":"open","priority":1,"issue_type":"task","created_at":"2026-01-01T00:00:00.123456789-08:00","updated_at":"x",' +
        '"metadata":{"2":1,"1":12345678901234567890},"zz":[1.0, 1e3],"9":"nine","__proto__":{"a":1}}',
    );
  });

  it('does not carry on what others computed', () => {
    const old = decode('{"id":"bd-1","title":"t","content_hash":"abc","dependency_count":3}');
    assert.doesNotMatch(encodeBead({ ...old.bead, title: 'new' }, old), /content_hash|dependency_count/);
  });

  it('repairs closed_at in its view only', () => {
    const closed = decode(
      '{"id":"bd-1","title":"t","status":"closed","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-02T00:00:00Z"}',
    );
    assert.equal(closed.bead.closed_at, '2026-01-02T00:00:01Z');
    assert.doesNotMatch(closed.text, /closed_at/);
    assert.equal(
      decode('{"id":"bd-1","title":"t","status":"open","closed_at":"2026-01-02T00:00:00Z"}').bead.closed_at,
      undefined,
    );
    assert.equal(
      decode('{"id":"bd-1","title":"t","status":"tombstone","closed_at":"2026-01-02T00:00:00Z"}').bead.closed_at,
      '2026-01-02T00:00:00Z',
    );
  });

  for (const [name, line] of [
    ['broken JSON', '{"id":"bd-1","ti'],
    ['NUL bytes', '\0\0\0'],
    ['no title', '{"id":"bd-1"}'],
    ['a number for a title', '{"id":"bd-1","title":5}'],
    ['no id', '{"title":"x"}'],
    ['an array', '[1]'],
    ['null', 'null'],
    ['dependencies that are none', '{"id":"bd-1","title":"x","dependencies":[1]}'],
  ] as const) {
    it(`reports ${name}`, () => {
      const decoded = decodeLine(line);
      assert.ok(!isStored(decoded) && decoded.kind === 'broken');
    });
  }

  it('passes over records of other kinds', () => {
    for (const line of ['{"_schema":"beads-jsonl/1"}', '{"_type":"memory","key":"a","value":"b"}'])
      assert.deepEqual(decodeLine(line), { kind: 'other' });
  });

  it('what it writes reads as the same bead (property)', () => {
    fc.assert(
      fc.property(someBead('bd-1'), (some) => {
        assert.deepEqual(decode(encodeBead(some)).bead, some);
      }),
    );
  });

  it('finds the text of every field (property)', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), fc.boolean(), (object, spaced) => {
        const text = JSON.stringify(object, null, spaced ? 2 : 0);
        const fields = rawFields(text);
        assert.deepEqual([...fields.keys()].sort(), Object.keys(object).sort());
        for (const [key, raw] of fields) assert.deepEqual(JSON.parse(raw), JSON.parse(JSON.stringify(object[key])));
      }),
    );
  });

  it('gives beads that nobody can change by accident', () => {
    const { bead: frozen } = store(bead({ id: 'bd-1', labels: ['a'] }));
    assert.throws(() => {
      frozen.title = 'x';
    }, TypeError);
    assert.throws(() => frozen.labels?.push('b'), TypeError);
  });
});

import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { UserError } from '../../../server/src/base/errors';
import { encodeBead, store, type Stored } from '../../../server/src/beads/storage/codec';
import {
  bytesOf,
  compareIds,
  emptyText,
  parseLedgerText,
  spliceLines,
  withChanges,
  withBeads,
  type LedgerText,
} from '../../../server/src/beads/storage/ledgerText';
import { bead, requireFixture, stored } from './support';

const line = (id: string, more = ''): string =>
  `{"id":"${id}","title":"t${more}","status":"open","priority":2,"issue_type":"task","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}`;

function rewrite(text: string | Buffer, change: (beads: Map<string, Stored>) => void = () => undefined): string {
  const read = parseLedgerText(Buffer.from(text));
  const beads = new Map(read.beads);
  change(beads);
  return bytesOf(withBeads(read, beads)).toString('latin1');
}

function retitle(beads: Map<string, Stored>, id: string, title: string): void {
  const old = beads.get(id) as Stored;
  beads.set(id, store({ ...old.bead, title }, old));
}

describe('text of a ledger', () => {
  it('reading and rewriting the real ledger is the identity', function () {
    const bytes = requireFixture(this);
    const read = parseLedgerText(bytes);
    assert.equal(read.beads.size, 1955);
    assert.deepEqual(read.problems, []);
    assert.ok(bytesOf(withBeads(read, read.beads)).equals(bytes));
  });

  it('changing one bead of the real ledger changes one line only', function () {
    const bytes = requireFixture(this);
    const read = parseLedgerText(bytes);
    const ids = [...read.beads.keys()];
    fc.assert(
      fc.property(fc.constantFrom(...ids), fc.string(), (id, title) => {
        const beads = new Map(read.beads);
        retitle(beads, id, title);
        const before = bytes.toString('utf8').split('\n');
        const after = bytesOf(withBeads(read, beads)).toString('utf8').split('\n');
        assert.equal(after.length, before.length);
        const changed = after.filter((text, index) => text !== before[index]);
        assert.deepEqual(
          changed,
          title === read.beads.get(id)?.bead.title
            ? []
            : [encodeBead({ ...read.beads.get(id)!.bead, title }, read.beads.get(id)!)],
        );
      }),
      { numRuns: 15 },
    );
  });

  it('writes the real ledger from its beads alone, sorted', function () {
    const bytes = requireFixture(this);
    assert.ok(bytesOf(withBeads(emptyText, parseLedgerText(bytes).beads)).equals(bytes));
  });

  it('rewriting any bytes is the identity (property)', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        line('bd-a'),
        line('bd-b', '2'),
        line('bd-a', '3'),
        '',
        '  ',
        '{"_schema":"x"}',
        '{"broken',
        '\0\0',
        '\ufeff',
        '🎃',
        '\r',
        '\r\n',
        '\n',
      ),
      fc.string(),
    );
    const bytes = fc.oneof(
      fc.array(piece).map((parts) => Buffer.from(parts.join('\n'))),
      fc.array(piece).map((parts) => Buffer.from(parts.join(''))),
      fc.uint8Array().map((array) => Buffer.from(array)),
    );
    fc.assert(
      fc.property(bytes, (some) => {
        assert.equal(rewrite(some), some.toString('latin1'));
      }),
      { numRuns: 500 },
    );
  });

  it('puts new beads where the order by id puts them and leaves no line of gone ones', () => {
    const text = `${line('bd-b')}\n${line('bd-d')}\n`;
    assert.equal(
      rewrite(text, (beads) => {
        for (const id of ['bd-a', 'bd-c', 'bd-e']) beads.set(id, stored({ id }));
        beads.delete('bd-d');
      })
        .split('\n')
        .map((part) => /"id":"([^"]*)"/.exec(part)?.[1])
        .join(),
      'bd-a,bd-b,bd-c,bd-e,',
    );
  });

  it('orders ids by their bytes', () => {
    const ids = ['bd-\u{1f600}', 'bd-a.10', 'bd-\uffee', 'bd-a.2', 'bd-B', 'bd-a'];
    assert.deepEqual(ids.sort(compareIds), ['bd-B', 'bd-a', 'bd-a.10', 'bd-a.2', 'bd-\uffee', 'bd-\u{1f600}']);
    const id = fc.string({ unit: 'binary', maxLength: 4 });
    fc.assert(
      fc.property(id, id, (a, b) => {
        assert.equal(Math.sign(compareIds(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    );
  });

  it('reads the same whether it knows another version of the text or not', () => {
    const bead = fc.record({
      number: fc.nat(4),
      title: fc.constantFrom('a', 'b', 'é'),
      day: fc.integer({ min: 1, max: 3 }),
    });
    const part = fc.oneof(
      bead.map(({ number, title, day }) =>
        line(`bd-${number}`, title).replace('"updated_at":"2026-01-01', `"updated_at":"2026-01-0${day}`),
      ),
      fc.constantFrom('', 'broken', '{"_type":"other","id":"bd-1"}'),
    );
    const text = fc
      .record({ parts: fc.array(part, { maxLength: 6 }), newline: fc.constantFrom('\n', '\r\n'), mark: fc.boolean() })
      .map(({ parts, newline, mark }) =>
        Buffer.from(`${mark ? '\ufeff' : ''}${parts.map((each) => each + newline).join('')}`),
      );
    const plain = (read: LedgerText): unknown => ({
      ...read,
      beads: [...read.beads].map(([id, stored]) => [id, stored.text, stored.bead]),
    });
    fc.assert(
      fc.property(text, text, (bytes, other) => {
        assert.deepEqual(
          plain(parseLedgerText(bytes, 'x', parseLedgerText(other))),
          plain(parseLedgerText(bytes, 'x')),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('keeps CRLF, a byte order mark and a missing last line end', () => {
    const text = `\ufeff${line('bd-a')}\r\n${line('bd-c')}`;
    assert.equal(rewrite(text), Buffer.from(text).toString('latin1'));
    const added = rewrite(text, (beads) => beads.set('bd-d', stored({ id: 'bd-d' })));
    assert.equal(added, Buffer.from(`${text}\r\n${encodeBead(bead({ id: 'bd-d' }))}\r\n`).toString('latin1'));
    const first = rewrite(text, (beads) => beads.set('bd-0', stored({ id: 'bd-0' })));
    assert.ok(first.startsWith(Buffer.from('\ufeff{"id":"bd-0"').toString('latin1')));
    const changed = rewrite(text, (beads) => retitle(beads, 'bd-a', 'new'));
    assert.match(changed, /"title":"new"[^\n]*\r\n/);
  });

  it('keeps and reports lines that it cannot read', () => {
    const torn = '{"id":"bd-z","title":"to';
    const text = `${line('bd-a')}\n\0\0\0\n${torn}`;
    assert.deepEqual(
      parseLedgerText(Buffer.from(text)).problems.map((problem) => problem.line),
      [2, 3],
    );
    const written = rewrite(text, (beads) => beads.set('bd-b', stored({ id: 'bd-b' })));
    assert.ok(written.startsWith(`${line('bd-a')}\n\0\0\0\n${torn}\n{"id":"bd-b"`));
  });

  it('keeps bytes that are no UTF-8', () => {
    const bytes = Buffer.concat([
      Buffer.from(`${line('bd-a')}\n{"id":"bd-b","title":"`),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}\n'),
    ]);
    const read = parseLedgerText(bytes);
    assert.deepEqual(read.problems, [{ line: 2, reason: 'not valid UTF-8' }]);
    assert.equal(rewrite(bytes), bytes.toString('latin1'));
  });

  it('of duplicate ids takes the one updated last, keeps both lines and says so', () => {
    const newer = line('bd-a', 'new').replace('"updated_at":"2026-01-01', '"updated_at":"2026-02-01');
    for (const text of [`${newer}\n${line('bd-a')}\n`, `${line('bd-a')}\n${newer}\n`]) {
      const read = parseLedgerText(Buffer.from(text));
      assert.equal(read.beads.get('bd-a')?.bead.title, 'tnew');
      assert.equal(read.problems.length, 1);
      assert.equal(rewrite(text), text);
      assert.ok(rewrite(text, (beads) => retitle(beads, 'bd-a', 'newest')).includes(line('bd-a')));
    }
  });

  it('refuses conflict markers', () => {
    for (const marker of ['<<<<<<< HEAD', '=======', '>>>>>>> theirs', '||||||| base']) {
      assert.throws(
        () => parseLedgerText(Buffer.from(`${line('bd-a')}\n${marker}\n`)),
        (error) =>
          error instanceof UserError &&
          error.code === 'conflict' &&
          /line 2/.test(error.message) &&
          error.hint !== undefined,
      );
    }
    // In the middle of a text they are data.
    assert.equal(parseLedgerText(Buffer.from(line('bd-a', ' <<<<<<< HEAD'))).beads.size, 1);
  });
});

const at = '2026-01-01T00:00:00Z';

describe('the lines of a file that changes', () => {
  it('are spliced as if the file had been read and written whole', () => {
    const id = fc.constantFrom('bd-a', 'bd-b', 'bd-c', 'bd-d.1', 'bd-e', 'bd-é');
    const bead = (name: string, title: string): string =>
      JSON.stringify({
        id: name,
        title,
        status: 'open',
        priority: 1,
        issue_type: 'task',
        created_at: at,
        updated_at: at,
      });
    const file = fc.record({
      ids: fc.uniqueArray(id),
      others: fc.array(fc.constantFrom('{"_schema":"x"}', '', '{"id":"x-1","_type":"label"}')),
      newline: fc.constantFrom('\n', '\r\n'),
      ends: fc.boolean(),
      mark: fc.boolean(),
      turned: fc.boolean(),
    });
    const changes = fc.dictionary(id, fc.option(fc.string(), { nil: undefined }));
    fc.assert(
      fc.property(file, changes, ({ ids, others, newline, ends, mark, turned }, changed) => {
        const lines = [...others, ...ids.map((name) => bead(name, 'as it was'))];
        if (turned) lines.reverse();
        const text = `${mark ? '\uFEFF' : ''}${lines.join(newline)}${ends && lines.length > 0 ? newline : ''}`;
        const bytes = Buffer.from(text);
        const read = parseLedgerText(bytes);
        const texts = new Map(
          Object.entries(changed).map(([name, title]) => [name, title === undefined ? undefined : bead(name, title)]),
        );
        const added = [...texts.keys()].filter((name) => !read.beads.has(name) && texts.get(name) !== undefined);
        const pieces = [...spliceLines(bytes, texts, new Set(added))];
        const whole = bytesOf({ mark: read.mark, lines: withChanges(read, texts) });
        assert.equal(Buffer.concat(pieces).toString(), whole.toString());
      }),
      { numRuns: 1000 },
    );
  });
});

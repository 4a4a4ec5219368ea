import fs from 'node:fs';
import path from 'node:path';
import * as fc from 'fast-check';
import { dependencyType, type Bead, type Dependency } from '../../../server/src/protocol/bead';
import { decodeLine, isStored, store, type Stored } from '../../../server/src/beads/storage/codec';

/** The real ledger of 1,955 issues, which is never copied into the repository; undefined where it is not there. */
export function fixtureBytes(): Buffer | undefined {
  for (let folder = process.cwd(); ; folder = path.dirname(folder)) {
    const file = path.join(folder, '..', 'shared', 'fixtures', 'beads', 'beads-v0.47.0.issues.jsonl');
    if (fs.existsSync(file)) return fs.readFileSync(file);
    if (folder === path.dirname(folder)) return undefined;
  }
}

/** The fixture, or the test is skipped with a reason. */
export function requireFixture(context: Mocha.Context): Buffer {
  const bytes = fixtureBytes();
  if (bytes) return bytes;
  console.log('      (skipped: ../shared/fixtures/beads is not there)');
  return context.skip();
}

export function bead(fields: Partial<Bead> & { id: string }): Bead {
  const time = '2026-01-02T03:04:05Z';
  return {
    title: `Title of ${fields.id}`,
    status: 'open',
    priority: 2,
    issue_type: 'task',
    created_at: time,
    created_by: 'ann',
    updated_at: time,
    ...fields,
  };
}

export function edge(from: string, to: string, type = 'blocks', more: Partial<Dependency> = {}): Dependency {
  return { issue_id: from, depends_on_id: to, type: dependencyType(type), created_at: '2026-01-02T03:04:05Z', ...more };
}

export function stored(fields: Partial<Bead> & { id: string }): Stored {
  return store(bead(fields));
}

export function decode(text: string): Stored {
  const decoded = decodeLine(text);
  if (!isStored(decoded)) throw new Error(`not a bead: ${text}`);
  return decoded;
}

// ---------------------------------------------------------------- arbitrary beads

const someText = fc.string({ unit: 'grapheme', maxLength: 12 });
const someTime = fc
  .integer({ min: 1_700_000_000, max: 1_700_000_009 })
  .chain((seconds) =>
    fc
      .constantFrom('', '.5', '.123456', '.123457', '.999999999')
      .map((fraction) => `${new Date(seconds * 1000).toISOString().slice(0, 19)}${fraction}Z`),
  );
const someLabel = fc.constantFrom('a', 'b', 'c', 'd');

const someDependency = (id: string): fc.Arbitrary<Dependency> =>
  fc.record({
    issue_id: fc.constant(id),
    depends_on_id: fc.constantFrom('bd-x', 'bd-y', 'bd-z'),
    type: fc.constantFrom('blocks', 'related', 'parent-child'),
    created_at: someTime,
  });

const optionalFields = (id: string) => ({
  description: someText,
  notes: fc.constantFrom('x', 'y', 'x\n\n---\n\ny', 'long note'),
  assignee: fc.constantFrom('ann', 'bob'),
  labels: fc.uniqueArray(someLabel, { minLength: 1 }).map((labels) => labels.sort()),
  dependencies: fc.uniqueArray(someDependency(id), {
    minLength: 1,
    maxLength: 4,
    selector: (dependency) => `${dependency.depends_on_id}${dependency.type}`,
  }),
  comments: fc.uniqueArray(
    fc.record({
      id: fc.integer({ min: 1, max: 5 }),
      issue_id: fc.constant(id),
      author: fc.constantFrom('ann', 'bob'),
      text: fc.constantFrom('hm', 'ok'),
      created_at: someTime,
    }),
    { minLength: 1, maxLength: 3, selector: (comment) => `${comment.author}${comment.text}${comment.created_at}` },
  ),
  metadata: fc.dictionary(fc.constantFrom('k', 'l', 'm'), fc.constantFrom(1, 2, 'v'), { minKeys: 1 }),
  pinned: fc.constant(true),
  defer_until: someTime,
  some_unknown_key: fc.jsonValue({ maxDepth: 1 }).filter((value) => value !== null),
});

/** A consistent bead with this id; title, creator and creation are fixed so that it stays the same bead. */
export function someBead(id: string): fc.Arbitrary<Bead> {
  return fc
    .tuple(
      fc.record({
        priority: fc.integer({ min: 0, max: 4 }),
        updated_at: someTime,
        status: fc.constantFrom('open', 'in_progress', 'closed', 'deferred', 'in_review', 'tombstone'),
      }),
      fc.record(optionalFields(id), { requiredKeys: [] }),
      someTime,
      fc.constantFrom('done', 'failed'),
      fc.constantFrom('2023-11-20T00:00:00Z', '2026-05-20T00:00:00Z', '2026-05-21T00:00:00Z'),
    )
    .map(([base, optional, end, reason, deleted]) => {
      const state =
        base.status === 'closed'
          ? { closed_at: end, close_reason: reason }
          : base.status === 'tombstone'
            ? { deleted_at: deleted, deleted_by: 'ann' }
            : {};
      return decode(store({ ...bead({ id }), ...base, ...optional, ...state }).text).bead;
    });
}

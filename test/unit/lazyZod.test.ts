import assert from 'node:assert/strict';
import { z } from 'zod';
import { lazyZod } from '../../server/src/base/lazyZod';

describe('the stand-in for zod', () => {
  /** Schemas of every kind that the protocol has. */
  function schemas(lib: typeof z) {
    const name = lib
      .string()
      .min(1)
      .max(20)
      .regex(/^[a-z]+$/);
    const filter = { name: name.optional(), kind: lib.enum(['a', 'b']).default('a') };
    const base = lib.object({ ...filter, list: lib.array(lib.tuple([lib.string(), lib.number().int()])).default([]) });
    const tree: z.ZodType = lib.looseObject({ id: name, children: lib.lazy(() => lib.array(tree)).optional() });
    return [
      base,
      base.extend({ more: lib.record(lib.string(), lib.unknown()).nullish() }),
      tree,
      lib.discriminatedUnion('ok', [
        lib.object({ ok: lib.literal(true), n: lib.number() }),
        lib.object({ ok: lib.literal(false), why: lib.string() }),
      ]),
      lib.union([lib.boolean(), name]).nullable(),
      lib
        .string()
        .transform((text) => text.length)
        .pipe(lib.number().max(3)),
      lib.string().refine((text) => text !== 'no', 'not no'),
      lib.partialRecord(lib.enum(['x', 'y']), lib.string()),
    ];
  }

  const values = [
    undefined,
    null,
    true,
    'abc',
    'no',
    'ABCDEF',
    3,
    {},
    { name: 'abc', kind: 'b', list: [['x', 1]] },
    { name: '', kind: 'c' },
    { list: [['x', 1.5]] },
    { id: 'a', children: [{ id: 'b', extra: 1 }] },
    { id: 'a', children: [{ id: '' }] },
    { ok: true, n: 1 },
    { ok: false, why: 'x' },
    { ok: 'maybe' },
    { more: { a: [1] } },
    { x: 'y' },
    { z: 'y' },
  ];

  it('checks as zod does', () => {
    const [real, lazy] = [schemas(z), schemas(lazyZod(() => z))];
    for (const [index, schema] of real.entries()) {
      for (const value of values) {
        const [expected, got] = [schema.safeParse(value), lazy[index]!.safeParse(value)];
        assert.deepEqual(JSON.stringify(got), JSON.stringify(expected), `schema ${index}, ${JSON.stringify(value)}`);
      }
    }
  });

  it('loads zod when the first schema is asked to check something, not before', () => {
    let loads = 0;
    const lib = lazyZod(() => {
      loads += 1;
      return z;
    });
    const [first, second] = schemas(lib);
    assert.equal(loads, 0);
    assert.equal(first!.safeParse({}).success, true);
    assert.throws(
      () => second!.parse(7),
      (error: unknown) => error instanceof z.ZodError && /expected object/.test(lib.prettifyError(error)),
    );
    assert.equal(loads, 1);
  });
});

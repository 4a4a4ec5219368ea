import assert from 'node:assert/strict';
import { z } from 'zod';
import { UserError } from '../../../server/src/base/errors';
import { beadRequests } from '../../../server/src/protocol/bead';
import { Dispatcher } from '../../../server/src/protocol/dispatcher';
import { formulaRequests } from '../../../server/src/protocol/formula';
import { request, type NoParams, type WithDefaults } from '../../../server/src/protocol/request';
import { ledgerSchemas, townSchemas } from '../../../server/src/protocol/schemas';
import { noParams, parseWith, schemaFor } from '../../../server/src/protocol/schemas/schema';
import { townRequests } from '../../../server/src/protocol/town';
import { hostSchemas } from '../../../server/src/sessions/host/schemas';
import * as hostProtocol from '../../../server/src/sessions/protocol';

const methodsOf = (specs: readonly { method: string }[]): string[] => specs.map((spec) => spec.method).sort();

/** Methods of every request that a module declares; notifications have no `access`. */
function requestsIn(module: object): string[] {
  return Object.values(module)
    .map((member: unknown) => (member as { spec?: { method: string; access?: string } }).spec)
    .filter((spec) => spec?.access !== undefined)
    .map((spec) => spec!.method)
    .sort();
}

describe('schemas of requests', () => {
  it('every request has one, and there are no others', () => {
    assert.deepEqual([...ledgerSchemas.keys()].sort(), methodsOf([...beadRequests, ...formulaRequests]));
    assert.deepEqual([...townSchemas.keys()].sort(), methodsOf([...beadRequests, ...formulaRequests, ...townRequests]));
    assert.deepEqual([...hostSchemas.keys()].sort(), requestsIn(hostProtocol));
  });

  it('compile only where they match the declared types', () => {
    const spec = request<{ id: string; count?: number }, null, { id: string; count: number }>('test', 'read');
    const schema = z.object({ id: z.string(), count: z.number().default(1) });
    assert.deepEqual(schemaFor(spec, schema), ['test', schema]);
    // @ts-expect-error a parameter is missing
    schemaFor(spec, z.object({ id: z.string() }));
    // @ts-expect-error there is one parameter too many
    schemaFor(spec, schema.extend({ more: z.string().optional() }));
    // @ts-expect-error the default is missing
    schemaFor(spec, z.object({ id: z.string(), count: z.number().optional() }));
    // @ts-expect-error a type differs
    schemaFor(spec, z.object({ id: z.number(), count: z.number().default(1) }));
    // @ts-expect-error a parameter that may be left out is required
    schemaFor(spec, z.object({ id: z.string(), count: z.number() }));
    // @ts-expect-error parameters where there are none
    schemaFor(request<NoParams, null>('none', 'read'), schema);
    schemaFor(
      request<{ a?: string; b?: string }, null, WithDefaults<{ a?: string; b?: string }, 'a'>>('x', 'read'),
      z.object({ a: z.string().default(''), b: z.string().optional() }),
    );
  });

  it('a dispatcher validates with them, fills in defaults, and takes no request without one', async () => {
    const spec = request<{ id: string; count?: number }, string, { id: string; count: number }>('test/x', 'read');
    const dispatcher = new Dispatcher(
      new Map([schemaFor(spec, z.object({ id: z.string(), count: z.number().default(1) }))]),
    );
    dispatcher.on(spec, async ({ id, count }) => `${id}${count}`);
    const entry = dispatcher.get('test/x')!;
    assert.equal(await entry.run(entry.parse({ id: 'a' }), { actor: 'ann', kind: 'person' }), 'a1');
    assert.throws(
      () => entry.parse({ id: 1 }),
      (error: unknown) => error instanceof UserError && /bad parameters for test\/x: id: /.test(error.message),
    );
    assert.throws(
      () => dispatcher.on(request<NoParams, null>('test/y', 'read'), async () => null),
      /no schema for test\/y/,
    );
  });

  it('names at most five problems', () => {
    const schema = z.object({ list: z.array(z.string()) });
    assert.throws(
      () => parseWith(schema, { list: [1, 2, 3, 4, 5, 6, 7] }, 'test'),
      (error: unknown) => error instanceof UserError && /^[^;]*(; list[^;]*){4}; and 2 more$/.test(error.message),
    );
    assert.deepEqual(parseWith(noParams, {}, 'test'), {});
  });
});

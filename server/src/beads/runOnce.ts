import { isDeepStrictEqual } from 'node:util';
import { asJson } from './storage/committer';
import type { BeadStore } from './store';
import type { CallContext } from '../protocol/dispatcher';
import type { RequestSpec } from '../protocol/request';
import { onUnexpectedError } from '../base/errors';

/**
 * Runs a request once, however often its client repeats it with the same operation id. Most handlers keep their result
 * themselves, in the batch that does their work; where the result is another one, or there is no batch (rigs, consent,
 * settings), it is stored afterwards.
 */
export function runOnce(
  store: BeadStore,
  spec: RequestSpec,
  context: CallContext,
  handle: () => Promise<unknown>,
): Promise<unknown> {
  const { operation } = context;
  if (operation === undefined || spec.access === 'read') return handle();
  return store.operations.run(operation, spec.transient ? handle : () => keep(store, operation, context.actor, handle));
}

async function keep(
  store: BeadStore,
  operation: string,
  actor: string,
  handle: () => Promise<unknown>,
): Promise<unknown> {
  const result = await handle().catch((error: unknown) => {
    // It may have written something, with a result: a repetition must not get that as a success.
    store.operations.forget(operation);
    throw error;
  });
  const stored = store.operations.get(operation);
  if (stored && isDeepStrictEqual(stored.result, asJson(result))) return result;
  // The operation has succeeded: if its result cannot be stored, for example on a full disk, it is still returned.
  await store.batch({ actor, operation, isResult: true }, () => result).catch(onUnexpectedError);
  return result;
}

import { UserError } from '../../base/errors';
import type { Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext, GlobalOptions } from './context';

/**
 * Applies a change to several beads: to all of them at once, or else to each one that allows it. Failures are printed
 * as errors.
 * @throws UserError if all of them fail
 */
export async function partly<T>(
  ids: readonly string[],
  { invocation, context }: { invocation: Invocation; context: BdContext },
  change: (ids: string[]) => Promise<T[]>,
): Promise<T[]> {
  try {
    return await change([...ids]);
  } catch (error) {
    if (!(error instanceof UserError) || ids.length < 2) throw error;
  }
  const results: T[] = [];
  const failures: { id: string; error: UserError }[] = [];
  for (const id of ids) {
    try {
      results.push(...(await change([id])));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      failures.push({ id, error });
    }
  }
  const [first, ...others] = failures;
  const isNothing = results.length === 0 && first !== undefined;
  for (const failure of isNothing ? others : failures) print(failure, invocation, context);
  if (isNothing) throw first.error;
  return results;
}

/** With the texts of the original, which scripts look for; an object with `--json`. */
function print({ id, error }: { id: string; error: UserError }, invocation: Invocation, context: BdContext): void {
  if ((invocation.options as GlobalOptions).json) return context.printError(invocation, error);
  const verb = error.code === 'not-found' ? 'resolving' : 'updating';
  context.note(oneLine(error.message.startsWith('Error ') ? error.message : `Error ${verb} ${id}: ${error.message}`));
}

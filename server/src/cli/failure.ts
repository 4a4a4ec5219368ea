import { messageOf, UserError } from '../base/errors';

/**
 * Tells what went wrong on stderr: a JSON object where `--json` was given, plain lines otherwise.
 * @returns the exit code
 */
export function reportFailure(error: unknown, json: boolean): number {
  const hint = error instanceof UserError ? error.hint : undefined;
  const code = error instanceof UserError ? error.code : undefined;
  const text = json
    ? JSON.stringify({ error: messageOf(error), ...(hint ? { hint } : {}), ...(code ? { code } : {}) }, null, 2)
    : `Error: ${messageOf(error)}${hint ? `\nHint: ${hint}` : ''}`;
  process.stderr.write(`${text}\n`);
  return 1;
}

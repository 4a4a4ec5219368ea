import { UserError } from '../../base/errors';

/**
 * Parses a `--var` option, which sets a variable of a formula.
 * @param text `key=value`, split at the first `=`: values may contain more of them
 * @throws UserError if there is no key
 */
export function parseVariable(text: string): [name: string, value: string] {
  const equals = text.indexOf('=');
  const name = text.slice(0, Math.max(equals, 0)).trim();
  if (name === '') throw new UserError(`invalid variable format '${text}', expected 'key=value'`);
  return [name, text.slice(equals + 1)];
}

/** Collects the values of a repeatable `--var` option. */
export function collectVariable(text: string, earlier: Record<string, string> = {}): Record<string, string> {
  const [name, value] = parseVariable(text);
  return { ...earlier, [name]: value };
}

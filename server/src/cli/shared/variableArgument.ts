import { UserError } from '../../base/errors';

/**
 * Reads the value of a `--var` option, which gives a variable of a formula its value.
 * @param text `key=value`, split at the first `=`: values may hold more of them
 * @throws UserError where there is no key
 */
export function parseVariable(text: string): [name: string, value: string] {
  const equals = text.indexOf('=');
  const name = text.slice(0, Math.max(equals, 0)).trim();
  if (name === '') throw new UserError(`invalid variable format '${text}', expected 'key=value'`);
  return [name, text.slice(equals + 1)];
}

/** The value of a `--var` option that may be given several times, with those before it. */
export function collectVariable(text: string, earlier: Record<string, string> = {}): Record<string, string> {
  const [name, value] = parseVariable(text);
  return { ...earlier, [name]: value };
}

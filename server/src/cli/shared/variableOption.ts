import type { Command } from 'commander';
import { UserError } from '../../base/errors';

/** Adds `--var key=value`, as often as there are variables, to a command that takes a formula. */
export function addVariables(command: Command): Command {
  return command.option(
    '--var <key=value>',
    'value of a variable',
    (text: string, earlier: Record<string, string> = {}) => {
      const [name, value] = parseVariable(text);
      return { ...earlier, [name]: value };
    },
  );
}

/** `key=value`, split at the first `=`. */
export function parseVariable(text: string): [name: string, value: string] {
  const equals = text.indexOf('=');
  const name = text.slice(0, Math.max(equals, 0)).trim();
  if (name === '') throw new UserError(`invalid variable format '${text}', expected 'key=value'`);
  return [name, text.slice(equals + 1)];
}

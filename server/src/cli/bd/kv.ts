import { UserError } from '../../base/errors';
import { LedgerInfoGet, LedgerSettingChange } from '../../protocol/ledger';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import { MEMORY_PREFIX } from './memory';

/** `bd kv`: values that people and agents store for each other. */

const PREFIX = 'kv.';

export function addKv(program: CliCommand, context: BdContext): void {
  const kv = program
    .command('kv')
    .description('values by key, stored next to the ledger')
    .withHelp({ examples: [['bd kv set release 1.4', 'keep a value']], see: ['bd config'] });
  kv.command('set <key> <value>')
    .description('keep a value')
    .withHelp({ examples: [['bd kv set release 1.4', 'replaces the old value']], see: ['bd kv get'] })
    .action(async (key: string, value: string, _options: unknown, invocation: Invocation) => {
      if (key.trim() === '') throw new UserError('key cannot be empty', 'bd kv set <key> <value>');
      await context.call(invocation, LedgerSettingChange.spec, { key: PREFIX + key, value });
      context.print(invocation, { key, value }, () => `Set ${oneLine(key)} = ${oneLine(value)}`);
    });
  kv.command('get <key>')
    .description('show a value')
    .withHelp({ examples: [['bd kv get release', 'exit code 1 if there is none']], see: ['bd kv list'] })
    .action(async (key: string, _options: unknown, invocation: Invocation) => {
      const value = (await valuesOf(invocation, context)).get(key);
      if (value === undefined) context.exitCode = 1;
      const json = { key, value: value ?? '', found: value !== undefined };
      if (value === undefined && !(invocation.options as { json?: boolean }).json) context.note(`${key} (not set)`);
      else context.print(invocation, json, () => oneLine(value ?? ''));
    });
  kv.command('clear <key>')
    .description('forget a value')
    .withHelp({ examples: [['bd kv clear release', 'it is gone']], see: ['bd kv set'] })
    .action(async (key: string, _options: unknown, invocation: Invocation) => {
      await context.call(invocation, LedgerSettingChange.spec, { key: PREFIX + key });
      context.print(invocation, { key, deleted: 'true' }, () => `Cleared ${oneLine(key)}`);
    });
  kv.command('list')
    .description('list all values')
    .withHelp({ examples: [['bd kv list', 'with their keys']], see: ['bd kv get'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      const values = [...(await valuesOf(invocation, context))].sort(([a], [b]) => (a < b ? -1 : 1));
      context.print(invocation, Object.fromEntries(values), () =>
        values.length === 0
          ? 'No key-value pairs set'
          : ['', 'Key-Value Store:', ...values.map(([key, value]) => `  ${oneLine(key)} = ${oneLine(value)}`)],
      );
    });
}

async function valuesOf(invocation: Invocation, context: BdContext): Promise<Map<string, string>> {
  const { settings } = await context.call(invocation, LedgerInfoGet.spec, {});
  const own = Object.entries(settings).filter(([key]) => key.startsWith(PREFIX) && !key.startsWith(MEMORY_PREFIX));
  return new Map(own.map(([key, value]) => [key.slice(PREFIX.length), value]));
}

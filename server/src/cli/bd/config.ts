import { LedgerInfoGet, LedgerSettingChange } from '../../protocol/ledger';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';

/** `bd config`: settings of the ledger. */

/** The program writes `issue-prefix`; scripts read `issue_prefix`. */
const shown = (key: string): string => (key === 'issue-prefix' ? 'issue_prefix' : key);
const isSetting = (key: string): boolean => !key.startsWith('kv.');

export function addConfig(program: CliCommand, context: BdContext): void {
  const config = program
    .command('config')
    .description('settings of the ledger')
    .withHelp({
      text: 'status.custom and types.custom add names, separated by commas; create.owner false leaves the address of authors out of new beads; external_projects.<name> is the folder of another project, and external.unresolved ignore lets nothing wait for what no ledger here has. These are kept in config.yaml and shared by git, all other keys in settings.json of this clone.',
      examples: [['bd config set status.custom "awaiting_review,testing"', 'two more statuses']],
      see: ['bd kv', 'bd types'],
    });
  addGet(config, context);
  addSet(config, context);
  addUnset(config, context);
  addList(config, context);
  addValidate(config, context);
}

function addGet(config: CliCommand, context: BdContext): void {
  config
    .command('get <key>')
    .description('show one setting')
    .withHelp({ examples: [['bd config get status.custom', 'empty if it is not set']], see: ['bd config list'] })
    .action(async (key: string, _options: unknown, invocation: Invocation) => {
      const { settings } = await context.call(invocation, LedgerInfoGet.spec, {});
      const value = settings[key === 'issue_prefix' ? 'issue-prefix' : key];
      context.print(invocation, { key, value: value ?? '' }, () => oneLine(value ?? `${key} (not set)`));
    });
}

function addSet(config: CliCommand, context: BdContext): void {
  config
    .command('set <key> <value>')
    .description('change a setting')
    .withHelp({
      examples: [['bd config set create.owner false', 'new beads without the address of their author']],
      see: ['bd config unset'],
    })
    .action(async (key: string, value: string, _options: unknown, invocation: Invocation) => {
      await context.call(invocation, LedgerSettingChange.spec, { key, value });
      context.print(invocation, { key, value }, () => `Set ${oneLine(key)} = ${oneLine(value)}`);
    });
}

function addUnset(config: CliCommand, context: BdContext): void {
  config
    .command('unset <key>')
    .description('remove a setting')
    .withHelp({ examples: [['bd config unset create.owner', 'back to the default']], see: ['bd config set'] })
    .action(async (key: string, _options: unknown, invocation: Invocation) => {
      await context.call(invocation, LedgerSettingChange.spec, { key });
      context.print(invocation, { key }, () => `Unset ${oneLine(key)}`);
    });
}

function addList(config: CliCommand, context: BdContext): void {
  config
    .command('list')
    .description('list all settings')
    .withHelp({ examples: [['bd config list', 'with their values']], see: ['bd config get'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      const { settings } = await context.call(invocation, LedgerInfoGet.spec, {});
      const rows = Object.entries(settings)
        .filter(([key]) => isSetting(key))
        .map(([key, value]): [string, string] => [shown(key), value])
        .sort(([a], [b]) => (a < b ? -1 : 1));
      context.print(invocation, Object.fromEntries(rows), () => [
        '',
        'Configuration:',
        ...rows.map(([key, value]) => `  ${oneLine(key)} = ${oneLine(value)}`),
      ]);
    });
}

function addValidate(config: CliCommand, context: BdContext): void {
  config
    .command('validate')
    .description('check the settings')
    .withHelp({ examples: [['bd config validate', 'names that the ledger cannot use']], see: ['bd doctor'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      const { settings } = await context.call(invocation, LedgerInfoGet.spec, {});
      const issues = ['status.custom', 'types.custom'].flatMap((key) => badNames(key, settings[key] ?? ''));
      if (issues.length > 0) context.exitCode = 1;
      context.print(invocation, { valid: issues.length === 0, issues }, () =>
        issues.length === 0 ? '✓ All sync-related configuration is valid' : issues.map((issue) => `✗ ${issue}`),
      );
    });
}

function badNames(key: string, list: string): string[] {
  const names = list.split(',').map((name) => name.trim());
  return names
    .filter((name) => name !== '' && !/^[a-z][a-z0-9_-]*(?::\w+)?$/.test(name))
    .map((name) => `${key}: ${JSON.stringify(name)} is not a name; use small letters, digits, _ and -`);
}

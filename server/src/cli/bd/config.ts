import { UserError } from '../../base/errors';
import { LedgerInfoGet, LedgerSettingChange } from '../../protocol/ledger';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import { checkLines } from './doctorChecks';
import { oneOf } from './options';
import { setupChecks, type SetupCheck } from './setupChecks';

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
  addSetMany(config, context);
  addUnset(config, context);
  addList(config, context);
  addShow(config, context);
  addValidate(config, context);
  addSetup(config, context);
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
    .hiddenOption('--force-git-tracked', 'accepted: each key has its place')
    .withHelp({
      examples: [['bd config set create.owner false', 'new beads without the address of their author']],
      see: ['bd config unset'],
    })
    .action(async (key: string, value: string, _options: unknown, invocation: Invocation) => {
      await context.call(invocation, LedgerSettingChange.spec, { key, value });
      context.print(invocation, { key, value }, () => `Set ${oneLine(key)} = ${oneLine(value)}`);
    });
}

function addSetMany(config: CliCommand, context: BdContext): void {
  config
    .command('set-many')
    .description('change several settings')
    .argument('<settings...>', 'key=value')
    .hiddenOption('--force-git-tracked', 'accepted: each key has its place')
    .withHelp({
      text: 'If one of them is no setting, none is changed.',
      examples: [['bd config set-many status.custom=testing create.owner=false', 'two at once']],
      see: ['bd config set'],
    })
    .action(async (words: string[], _options: unknown, invocation: Invocation) => {
      const { settingKey } = await import('../../beads/storage/settings');
      const changes = words.map(parseChange);
      for (const { key } of changes) settingKey(key);
      await context.withLedger(invocation, async (backend) => {
        for (const change of changes) await backend.call(LedgerSettingChange.spec, change);
      });
      context.print(invocation, changes, () => changes.map(({ key, value }) => `Set ${key} = ${oneLine(value)}`));
    });
}

/** Parses `key=value`. */
function parseChange(word: string): { key: string; value: string } {
  const equals = word.indexOf('=');
  if (equals < 1) throw new UserError(`invalid setting ${JSON.stringify(word)}`, 'Use key=value.');
  const key = word.slice(0, equals).trim();
  return { key, value: word.slice(equals + 1) };
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

function addShow(config: CliCommand, context: BdContext): void {
  config
    .command('show')
    .description('show the effective settings, and where each of them is set')
    .option('--source <source>', `only those from: ${settingSources.join(', ')}`, (text) =>
      oneOf(text, settingSources, 'source'),
    )
    .withHelp({
      text: 'A setting comes from config.yaml, which git shares, from settings.json of this clone, or from an environment variable.',
      examples: [['bd config show --source config.yaml', 'those that git shares']],
      see: ['bd config list'],
    })
    .action(async ({ source }: { source?: SettingSource }, invocation: Invocation) => {
      const { settings } = await context.call(invocation, LedgerInfoGet.spec, {});
      const { isShared } = await import('../../beads/storage/settings');
      const rows = effectiveSettings(settings, context.process.env, isShared).filter(
        (row) => source === undefined || row.source === source,
      );
      context.print(invocation, rows, () =>
        rows.length === 0
          ? 'No settings'
          : rows.map((row) => `${oneLine(row.key)} = ${oneLine(row.value)}  (${row.source})`),
      );
    });
}

const settingSources = ['config.yaml', 'settings.json', 'env'] as const;
type SettingSource = (typeof settingSources)[number];

/** Environment variables that decide how the ledger is used. */
const variables: Readonly<Record<string, string>> = {
  actor: 'BD_ACTOR',
  'beads-dir': 'BEADS_DIR',
  db: 'BEADS_DB',
  json: 'BD_JSON',
  'no-daemon': 'BEADS_NO_DAEMON',
};

function effectiveSettings(
  settings: Readonly<Record<string, string>>,
  env: NodeJS.ProcessEnv,
  isShared: (key: string) => boolean,
) {
  const own = Object.entries(settings)
    .filter(([key]) => isSetting(key))
    .map(([key, value]): { key: string; value: string; source: SettingSource } => ({
      key: shown(key),
      value,
      source: isShared(key) ? 'config.yaml' : 'settings.json',
    }));
  const given = Object.entries(variables).flatMap(([key, name]) =>
    env[name] ? [{ key, value: env[name], source: 'env' as const }] : [],
  );
  return [...own, ...given].sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** `config drift` and `config apply`: compare the clone with its settings, and set it up. */
function addSetup(config: CliCommand, context: BdContext): void {
  config
    .command('drift')
    .description('show what of this clone is not set up for its ledger: hooks, merge driver, branch')
    .withHelp({
      examples: [['bd config drift', 'nothing is changed']],
      exits: { 1: 'something is not set up' },
      see: ['bd config apply', 'bd doctor'],
    })
    .action(async (_options: unknown, invocation: Invocation) => {
      const checks = (await checksOfClone(invocation, context)).map(({ repair: _repair, ...check }) => check);
      const drift = checks.filter((check) => check.status !== 'ok');
      if (drift.length > 0) context.exitCode = 1;
      context.print(invocation, { in_sync: drift.length === 0, drift }, () =>
        drift.length === 0 ? '✓ This clone is set up for its ledger' : checkLines(drift, false),
      );
    });
  config
    .command('apply')
    .description('set up this clone for its ledger: hooks, merge driver, .gitignore')
    .option('--dry-run', 'only show what would be done')
    .withHelp({ examples: [['bd config apply', 'after git clone']], see: ['bd config drift', 'bd hooks install'] })
    .action(async ({ dryRun = false }: { dryRun?: boolean }, invocation: Invocation) => {
      const repairs = (await checksOfClone(invocation, context)).flatMap(({ name, repair }) =>
        repair ? [{ name, repair }] : [],
      );
      if (!dryRun) for (const { repair } of repairs) await repair();
      const names = repairs.map(({ name }) => name);
      const value = { applied: dryRun ? [] : names, ...(dryRun ? { dry_run: true, would_apply: names } : {}) };
      context.print(invocation, value, () =>
        names.length === 0
          ? '✓ This clone is set up for its ledger'
          : names.map((name) => (dryRun ? `Would set up: ${name}` : `✓ Set up: ${name}`)),
      );
    });
}

async function checksOfClone(invocation: Invocation, context: BdContext): Promise<SetupCheck[]> {
  const { directory, settings } = await context.call(invocation, LedgerInfoGet.spec, {});
  return setupChecks(directory, settings);
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

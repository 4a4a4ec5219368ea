import fs from 'node:fs';
import path from 'node:path';
import { UserError } from '../../base/errors';
import { builtInStatuses, builtInTypes } from '../../protocol/bead';
import { LedgerInfoGet, type LedgerInfo } from '../../protocol/ledger';
import { VERSION } from '../../protocol/transport/version';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import { runningServer } from '../shared/runningServer';
import type { BdContext } from './context';

/** `bd info`, `bd where`, `bd types` and `bd statuses`: description and vocabulary of the ledger. */

export function addInfo(program: CliCommand, context: BdContext): void {
  program
    .command('info')
    .description("show the ledger's folder and content")
    .option('--schema', 'accepted: everything is shown')
    .option('--thanks', 'accepted: see bd thanks')
    .option('--whats-new', 'changes of this program')
    .withHelp({ examples: [['bd info --json', 'for a program']], see: ['bd where', 'bd status', 'bd doctor'] })
    .action(async (options: { whatsNew?: boolean }, invocation: Invocation) => {
      if (options.whatsNew)
        return context.print(invocation, { changelog: 'CHANGELOG.md' }, () => [
          '',
          `🆕 What's New in bd (Current: ${VERSION})`,
          '  See CHANGELOG.md of this program.',
        ]);
      const { info, place } = await context.withLedger(invocation, async (backend) => ({
        info: await backend.call(LedgerInfoGet.spec, {}),
        place: backend.place,
      }));
      const server = place && runningServer(place);
      const value = {
        database_path: databaseOf(info),
        mode: place ? 'daemon' : 'direct',
        issue_count: info.issues,
        config: { ...info.settings, issue_prefix: info.prefix },
        daemon_connected: place !== undefined,
        ...(server ? { socket_path: server.socket, daemon_pid: server.pid } : {}),
      };
      context.print(invocation, value, () => [
        '',
        'Beads Database Information',
        '===========================',
        `Database: ${value.database_path}`,
        `Mode: ${value.mode}`,
        '',
        'Daemon Status:',
        `  Connected: ${place ? 'yes' : 'no'}`,
        ...(server ? [`  PID: ${server.pid}`, `  Socket: ${server.socket}`] : []),
        '',
        `Issue Count: ${info.issues}`,
        `Prefix: ${info.prefix}`,
      ]);
    });
}

export function addWhere(program: CliCommand, context: BdContext): void {
  program
    .command('where')
    .description('show which ledger is used here')
    .withHelp({ examples: [['bd where', 'its folder and its prefix']], see: ['bd info'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      let info: LedgerInfo;
      try {
        info = await context.call(invocation, LedgerInfoGet.spec, {});
      } catch (error) {
        if (error instanceof UserError && error.code === 'not-found')
          throw new UserError('no beads database found', error.hint, error.code);
        throw error;
      }
      const here = path.join(context.process.cwd, '.beads');
      const value = { path: info.directory, prefix: info.prefix, database_path: databaseOf(info) };
      const redirected = isRedirect(here, info.directory) ? { redirected_from: here } : {};
      context.print(invocation, { ...value, ...redirected }, () => [
        value.path,
        ...(redirected.redirected_from ? [`  (via redirect from ${redirected.redirected_from})`] : []),
        `  prefix: ${value.prefix}`,
        `  database: ${value.database_path}`,
      ]);
    });
}

function isRedirect(here: string, directory: string): boolean {
  return here !== directory && fs.existsSync(path.join(here, 'redirect'));
}

/** Written on request only, by `bd export --sqlite`: the beads are in issues.jsonl. */
function databaseOf(info: LedgerInfo): string {
  return path.join(info.directory, 'beads.db');
}

const coreTypes: Readonly<Record<string, string>> = {
  task: 'General work item (default)',
  bug: 'Bug report or defect',
  feature: 'New feature or enhancement',
  chore: 'Maintenance or housekeeping',
  epic: 'Large body of work spanning multiple issues',
};

export function addTypes(program: CliCommand, context: BdContext): void {
  program
    .command('types')
    .description('list the types that a bead may have')
    .withHelp({ examples: [['bd types', 'built-in and custom ones']], see: ['bd config', 'bd statuses'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      const custom = customNames(await context.call(invocation, LedgerInfoGet.spec, {}), 'types.custom');
      const core = Object.entries(coreTypes).map(([name, description]) => ({ name, description }));
      const value = {
        core_types: core,
        ...(custom.length > 0 ? { custom_types: custom } : {}),
        all_types: [...builtInTypes],
      };
      context.print(invocation, value, () => [
        'Core work types (built-in):',
        ...core.map(({ name, description }) => `  ${name.padEnd(14)} ${description}`),
        ...(custom.length > 0 ? ['', 'Configured custom types:', ...custom.map((name) => `  ${oneLine(name)}`)] : []),
      ]);
    });
}

export function addStatuses(program: CliCommand, context: BdContext): void {
  program
    .command('statuses')
    .description('list the statuses that a bead may have')
    .withHelp({ examples: [['bd statuses', 'built-in and custom ones']], see: ['bd config', 'bd types'] })
    .action(async (_options: unknown, invocation: Invocation) => {
      const custom = customNames(await context.call(invocation, LedgerInfoGet.spec, {}), 'status.custom');
      const builtIn = builtInStatuses.filter((name) => name !== 'tombstone');
      context.print(invocation, { built_in: builtIn, custom }, () => [
        'Built-in statuses:',
        ...builtIn.map((name) => `  ${name}`),
        ...(custom.length > 0
          ? ['', 'Configured custom statuses:', ...custom.map((name) => `  ${oneLine(name)}`)]
          : []),
      ]);
    });
}

function customNames({ settings }: LedgerInfo, key: string): string[] {
  const names = (settings[key] ?? '').split(',').map((name) => name.trim().split(':')[0] ?? '');
  const builtIn: readonly string[] = [...builtInTypes, ...builtInStatuses].filter(
    (name) => name !== 'molecule' && name !== 'gate' && name !== 'convoy',
  );
  return names.filter((name) => name !== '' && !builtIn.includes(name));
}

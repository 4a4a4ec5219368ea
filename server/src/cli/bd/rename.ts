import path from 'node:path';
import { UserError } from '../../base/errors';
import { BeadRename } from '../../protocol/bead';
import { LedgerInfoGet, LedgerPrefixChange } from '../../protocol/ledger';
import type { CliCommand, Invocation } from '../shared/command';
import type { BdContext } from './context';
import { defined } from './options';

/** `bd rename` and `bd rename-prefix`. */

export function addRename(program: CliCommand, context: BdContext): void {
  program
    .command('rename')
    .description('change the id of a bead')
    .argument('<id>')
    .argument('<new-id>', 'with the prefix of the ledger')
    .withHelp({
      text: 'Dependencies and texts that name the bead follow it. The old id stays as a tombstone, so that a merge with another clone does not bring it back.',
      examples: [['bd rename app-a1b2c app-login', 'an id to remember']],
      see: ['bd rename-prefix'],
    })
    .action(async (id: string, newId: string, _options: unknown, invocation: Invocation) => {
      const result = await rename(invocation, context, id, newId);
      context.print(
        invocation,
        { old_id: result.id, new_id: result.newId, references: result.references },
        () => `Renamed ${result.id} -> ${result.newId}`,
      );
    });
}

async function rename(invocation: Invocation, context: BdContext, id: string, newId: string) {
  try {
    return await context.call(invocation, BeadRename.spec, { id, newId });
  } catch (error) {
    if (!(error instanceof UserError && error.message.startsWith('no issue found'))) throw error;
    throw new UserError(`issue ${id} not found`, error.hint, error.code);
  }
}

const SAMPLES = 5;

export function addRenamePrefix(program: CliCommand, context: BdContext): void {
  program
    .command('rename-prefix <prefix>')
    .description('change the prefix of all beads')
    .option('--dry-run', 'only show')
    .option('--repair', 'also beads with another prefix than that of the ledger')
    .withHelp({
      text: 'Dependencies and texts follow. In a town the prefix is fixed.',
      examples: [
        ['bd rename-prefix kw --dry-run', 'show some of the new ids'],
        ['bd rename-prefix kw', 'ids are kw-… then'],
      ],
      see: ['bd rename'],
    })
    .action(async (prefix: string, options: { dryRun?: boolean; repair?: boolean }, invocation: Invocation) => {
      const params = { prefix, ...defined({ dryRun: options.dryRun, repair: options.repair }) };
      const { from, to, renamed, file } = await context.withLedger(invocation, async (backend) => {
        const result = await backend.call(LedgerPrefixChange.spec, params);
        const { directory } = await backend.call(LedgerInfoGet.spec, {});
        return { ...result, file: path.join(directory, 'issues.jsonl') };
      });
      const value = {
        old_prefix: from,
        new_prefix: to,
        issues_renamed: renamed.length,
        ...defined({ dry_run: options.dryRun }),
      };
      context.print(invocation, value, () =>
        options.dryRun
          ? [
              `DRY RUN: Would rename ${renamed.length} issues from prefix '${from}' to '${to}'`,
              '',
              'Sample changes:',
              ...renamed.slice(0, SAMPLES).map(([id, newId]) => `  ${id} -> ${newId}`),
            ]
          : [
              `Renaming ${renamed.length} issues from prefix '${from}' to '${to}'...`,
              `Updated ${file} with new IDs`,
              `✓ Successfully renamed prefix from ${from} to ${to}`,
            ],
      );
    });
}

import { UserError } from '../../base/errors';
import { BeadDelete, BeadShow, type BeadDetails, type DeleteResult } from '../../protocol/bead';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import type { Backend } from './localBackend';
import { defined, readText } from './options';

interface DeleteOptions {
  force?: boolean;
  dryRun?: boolean;
  cascade?: boolean;
  fromFile?: string;
  reason?: string;
}

export function addDelete(program: CliCommand, context: BdContext): void {
  program
    .command('delete [ids...]')
    .alias('rm')
    .description('delete beads; without --force only show what would be deleted')
    .option('-f, --force', 'delete them')
    .option('--dry-run', 'only show')
    .option('--cascade', 'also everything that depends on them')
    .option('--from-file <file>', 'ids in a file, one a line')
    .option('--hard', 'accepted, has no effect: a deleted bead always leaves a tombstone')
    .option('--reason <text>', 'why')
    .withHelp({
      text: 'A deleted bead leaves a tombstone, so that a merge with another clone does not restore it. Texts of connected beads that mention it are changed to [deleted:<id>].',
      examples: [
        ['bd delete app-a1b2c', 'show what would be deleted'],
        ['bd delete app-a1b2c --force --reason duplicate', 'delete it'],
      ],
      see: ['bd close'],
    })
    .action(async (named: string[], options: DeleteOptions, invocation: Invocation) => {
      const ids = [...named, ...idsInFile(options, context)];
      if (ids.length === 0) throw new UserError('no issue IDs provided', 'bd delete <id>');
      await context.withLedger(invocation, async (backend) => {
        const beads = await existing(backend, ids);
        const isReal = options.force === true && !options.dryRun;
        const result = await backend.call(BeadDelete.spec, {
          ids: beads.map((bead) => bead.id),
          ...defined({ reason: options.reason, cascade: options.cascade, dryRun: isReal ? undefined : true }),
        });
        const isOne = result.deleted.length === 1 && beads.length === 1;
        const value = {
          deleted: isOne ? result.deleted[0] : beads.map((bead) => bead.id),
          deleted_count: result.deleted.length,
          dependencies_removed: result.dependencies.length,
          references_updated: result.references.length,
          ...(isOne ? {} : { labels_removed: result.labels, events_removed: 0, orphaned_issues: [] }),
          ...(isReal ? {} : { dry_run: true }),
        };
        context.print(invocation, value, () =>
          isReal ? deletedLines(result, isOne, context) : previewLines(result, beads, options),
        );
      });
    });
}

function idsInFile({ fromFile }: DeleteOptions, context: BdContext): string[] {
  if (fromFile === undefined) return [];
  const lines = readText(fromFile, context.process, 'reading file').split('\n');
  return lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
}

/** Checks that all ids exist. @throws UserError that names the missing ones */
async function existing(backend: Backend, ids: readonly string[]): Promise<BeadDetails[]> {
  const beads: BeadDetails[] = [];
  const unknown: string[] = [];
  for (const id of ids) {
    try {
      for (const bead of await backend.call(BeadShow.spec, { ids: [id] })) beads.push(bead);
    } catch (error) {
      if (!(error instanceof UserError) || error.code !== 'not-found') throw error;
      unknown.push(id);
    }
  }
  if (unknown.length > 0)
    throw new UserError(
      ids.length === 1 ? `issue ${unknown[0]} not found` : `issues not found: ${unknown.join(', ')}`,
      undefined,
      'not-found',
    );
  return beads;
}

function deletedLines(result: DeleteResult, isOne: boolean, { paint }: BdContext): string[] {
  const mark = paint('green', '✓');
  return [
    isOne ? `${mark} Deleted ${result.deleted[0]}` : `${mark} Deleted ${result.deleted.length} issue(s)`,
    `  Removed ${result.dependencies.length} dependency link(s)`,
    ...(isOne ? [] : [`  Removed ${result.labels} label(s)`]),
    `  Updated text references in ${result.references.length} issue(s)`,
  ];
}

function previewLines(result: DeleteResult, beads: readonly BeadDetails[], options: DeleteOptions): string[] {
  const ids = beads.map((bead) => bead.id);
  const isOne = ids.length === 1 && !options.cascade && options.fromFile === undefined;
  const heading = isOne ? 'Issue to delete:' : `Issues to delete (${ids.length}):`;
  return [
    '',
    '⚠️  DELETE PREVIEW',
    '',
    heading,
    ...beads.map((bead) => `  ${bead.id}: ${oneLine(bead.title)}`),
    ...(isOne ? connectedLines(result, ids[0] ?? '') : countLines(result, options)),
    '',
    ...(options.dryRun && !isOne
      ? ['(Dry-run mode - no changes made)']
      : [
          'This operation cannot be undone!',
          `To proceed${options.cascade ? ' with cascade deletion' : ''}, run: bd delete ${ids.join(' ')}${options.cascade ? ' --cascade' : ''} --force`,
        ]),
  ];
}

function connectedLines(result: DeleteResult, id: string): string[] {
  const links = result.dependencies.map(
    (edge) => `  ${edge.issue_id} → ${edge.depends_on_id}${edge.depends_on_id === id ? ' (inbound)' : ''}`,
  );
  const references = result.references.map((bead) => `  ${bead.id}: ${oneLine(bead.title)}`);
  return [
    ...(links.length > 0 ? ['', `Dependency links to remove: ${links.length}`, ...links] : []),
    ...(references.length > 0 ? ['', 'Connected issues where text references will be updated:', ...references] : []),
  ];
}

function countLines(result: DeleteResult, { cascade }: DeleteOptions): string[] {
  return [
    ...(cascade ? ['', '⚠ Cascade mode enabled - will also delete all dependent issues'] : []),
    '',
    `Would delete: ${result.deleted.length} issues`,
    `Would remove: ${result.dependencies.length} dependencies, ${result.labels} labels`,
  ];
}

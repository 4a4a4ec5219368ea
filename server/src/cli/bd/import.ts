import path from 'node:path';
import { UserError } from '../../base/errors';
import { plural } from '../../base/text';
import { sameContent } from '../../beads/model/similarity';
import { BeadList, type ImportResult } from '../../protocol/bead';
import { LedgerSettingChange } from '../../protocol/ledger';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';
import { importText, textParts } from './importText';
import type { Backend } from './localBackend';
import { MEMORY_PREFIX } from './memory';
import { memoriesIn, type Memory } from './memoryRecords';
import { defined, oneOf } from './options';

interface Figures {
  created: number;
  updated: number;
  unchanged: number;
  skipped: number;
}

function previewLines({ created, updated, unchanged }: Figures): string[] {
  const more = unchanged > 0 ? `, ${unchanged} unchanged` : '';
  return [
    'No collisions detected.',
    `Would create ${created} new issues, update ${updated} existing issues${more}`,
    '',
    'Dry-run mode: no changes made',
  ];
}

function summaryLine({ created, updated, unchanged, skipped }: Figures): string {
  const more = [...(unchanged > 0 ? [`${unchanged} unchanged`] : []), ...(skipped > 0 ? [`${skipped} skipped`] : [])];
  return [`Import complete: ${created} created, ${updated} updated`, ...more].join(', ');
}

const orphanModes = ['strict', 'resurrect', 'skip', 'allow'] as const;

interface ImportOptions {
  input?: string;
  rig?: string;
  dryRun?: boolean;
  skipExisting?: boolean;
  renameOnImport?: boolean;
  strict?: boolean;
  orphanHandling?: (typeof orphanModes)[number];
  clearDuplicateExternalRefs?: boolean;
  dedupeAfter?: boolean;
  dedup?: boolean;
  force?: boolean;
}

export function addImport(program: CliCommand, context: BdContext): void {
  program
    .command('import')
    .description('import the beads of an issues.jsonl; newer ones replace older ones')
    .argument('[file]', 'the file (- for standard input)')
    .option('-i, --input <file>', 'the file')
    .option('--rig <name>', 'into the ledger of this rig')
    .option('-s, --skip-existing', 'leave beads that are here as they are')
    .option('--rename-on-import', 'give beads of another ledger the prefix of this one; dependencies and texts follow')
    .option(
      '--orphan-handling <mode>',
      'beads below a parent that is nowhere: allow (default), skip or strict',
      (text) => oneOf(text, orphanModes, 'orphan-handling'),
    )
    .option('--strict', 'refuse dependencies on beads that are nowhere')
    .option('--clear-duplicate-external-refs', 'only the first bead keeps a reference to another system')
    .option('--dedup', 'leave out beads with the title of an open bead')
    .option('--dedupe-after', 'then list beads with the same content')
    .option('--dry-run', 'only show what would change')
    .option('--force', 'accepted: every import is looked at')
    .option('--no-git-history', 'accepted, has no effect')
    .option('--protect-left-snapshot', 'accepted: what is newer here stays')
    .withHelp({
      text: 'A bead that exists here is replaced if the imported one was changed later. A bead that was deleted here stays deleted. Lines that are no beads are named and left out.',
      examples: [
        ['bd import backup.jsonl --dry-run', 'show what would change'],
        ['bd import -i backup.jsonl', 'import it'],
        ['bd import other.jsonl --rename-on-import', 'beads of another project'],
      ],
      exits: { 1: 'nothing was imported, or some lines are no beads' },
      see: ['bd export', 'bd merge'],
    })
    .action(async (file: string | undefined, options: ImportOptions, invocation: Invocation) => {
      if (file !== undefined && options.input !== undefined)
        throw new UserError('cannot specify both a file and --input', 'Import one file after the other.');
      const source = file ?? options.input ?? '-';
      const parts =
        source === '-'
          ? [context.process.readStdin()]
          : textParts(path.resolve(context.process.cwd, source), undefined, source);
      await context.withLedger(invocation, async (backend) => {
        const memories: Memory[] = [];
        const result = await importText(backend, collectingMemories(parts, memories), paramsOf(options));
        if (!options.dryRun) await keepMemories(backend, memories);
        printResult({ ...result, memories: memories.length }, options, invocation, context);
        if (options.dedupeAfter && !options.dryRun) await printDuplicates(backend, context);
      });
    });
}

/** The same parts; collects the memories in them. */
function* collectingMemories(parts: Iterable<string>, found: Memory[]): Generator<string> {
  for (const part of parts) {
    found.push(...memoriesIn(part));
    yield part;
  }
}

async function keepMemories(backend: Backend, memories: readonly Memory[]): Promise<void> {
  for (const { key, value } of memories)
    await backend.call(LedgerSettingChange.spec, { key: `${MEMORY_PREFIX}${key}`, value });
}

function paramsOf(options: ImportOptions): Parameters<typeof importText>[2] {
  const { orphanHandling: mode } = options;
  return {
    skipBroken: true,
    ...defined({
      ledger: options.rig,
      dryRun: options.dryRun,
      skipExisting: options.skipExisting,
      ownPrefix: options.renameOnImport,
      strict: options.strict,
      // No store exists next to the file from which a parent could be restored.
      orphans: mode === 'resurrect' ? ('strict' as const) : mode,
      clearDuplicateRefs: options.clearDuplicateExternalRefs,
      dedup: options.dedup,
    }),
  };
}

function printResult(
  result: ImportResult & { memories: number },
  options: ImportOptions,
  invocation: Invocation,
  context: BdContext,
): void {
  const { problems } = result;
  for (const { line, reason } of problems)
    context.printError(invocation, new UserError(`parsing line ${line}: ${reason}`, 'The other lines are imported.'));
  if (problems.length > 0) context.exitCode = 1;
  const value = {
    created: result.created.length,
    updated: result.updated.length,
    unchanged: result.unchanged,
    skipped: result.skipped.length,
    ...(result.memories > 0 ? { memories: result.memories } : {}),
    ids: [...result.created, ...result.updated],
    ...(problems.length > 0 ? { problems } : {}),
  };
  for (const line of options.dryRun ? previewLines(value) : [summaryLine(value)]) context.note(line);
  if (result.memories > 0)
    context.note(`${options.dryRun ? 'Would import' : 'Imported'} ${plural(result.memories, 'memory', 'memories')}`);
  if (options.force && value.ids.length === 0) context.note('Metadata updated (database already in sync with JSONL)');
  if ((invocation.options as { json?: boolean }).json) context.print(invocation, value, () => []);
}

async function printDuplicates(backend: Backend, context: BdContext): Promise<void> {
  const groups = sameContent(await backend.call(BeadList.spec, { limit: 0, all: true, sort: 'created' }));
  context.note('\n=== Post-Import Duplicate Detection ===');
  if (groups.length === 0) return context.note('No duplicates found.');
  context.note(`Found ${groups.length} duplicate group(s)\n`);
  for (const [index, group] of groups.entries()) {
    context.note(`Group ${index + 1}: ${oneLine(group[0]!.title)}`);
    for (const bead of group)
      context.note(`  ${bead === group[0] ? '→ ' : '  '}${bead.id} (${oneLine(bead.status)}, P${bead.priority})`);
    context.note('');
  }
  context.note("Run 'bd duplicates --auto-merge' to merge all duplicates.");
}

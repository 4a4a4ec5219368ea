import path from 'node:path';
import { UserError } from '../../base/errors';
import type { CliCommand, Invocation } from '../shared/command';
import type { BdContext } from './context';
import { importText, textParts } from './importText';

interface Figures {
  created: number;
  updated: number;
  unchanged: number;
  skipped: number;
}

function previewLines({ created, updated }: Figures): string[] {
  return [
    'No collisions detected.',
    `Would create ${created} new issues, update ${updated} existing issues`,
    '',
    'Dry-run mode: no changes made',
  ];
}

function summaryLine({ created, updated, unchanged, skipped }: Figures): string {
  const more = [...(unchanged > 0 ? [`${unchanged} unchanged`] : []), ...(skipped > 0 ? [`${skipped} skipped`] : [])];
  return [`Import complete: ${created} created, ${updated} updated`, ...more].join(', ');
}

interface ImportOptions {
  input?: string;
  rig?: string;
  dryRun?: boolean;
  skipExisting?: boolean;
  renameOnImport?: boolean;
}

export function addImport(program: CliCommand, context: BdContext): void {
  program
    .command('import')
    .description('import the beads of an issues.jsonl; newer ones replace older ones')
    .argument('[file]', 'the file (- for standard input)')
    .option('-i, --input <file>', 'the file')
    .option('--rig <name>', 'into the ledger of this rig')
    .option('--skip-existing', 'leave beads that are here as they are')
    .option('--rename-on-import', 'give beads of another ledger the prefix of this one; dependencies and texts follow')
    .option('--dry-run', 'only show what would change')
    .withHelp({
      text: 'A bead that exists here is replaced if the imported one was changed later. A bead that was deleted here stays deleted.',
      examples: [
        ['bd import backup.jsonl --dry-run', 'show what would change'],
        ['bd import -i backup.jsonl', 'import it'],
        ['bd import other.jsonl --rename-on-import', 'beads of another project'],
      ],
      see: ['bd export', 'bd merge'],
    })
    .action(async (file: string | undefined, options: ImportOptions, invocation: Invocation) => {
      if (file !== undefined && options.input !== undefined)
        throw new UserError('cannot specify both a file and --input', 'Import one file after the other.');
      const source = file ?? options.input ?? '-';
      const parts =
        source === '-' ? [context.process.readStdin()] : textParts(path.resolve(context.process.cwd, source));
      const result = await context.withLedger(invocation, (backend) =>
        importText(backend, parts, {
          ledger: options.rig,
          dryRun: options.dryRun,
          skipExisting: options.skipExisting,
          ownPrefix: options.renameOnImport,
        }),
      );
      const value = {
        created: result.created.length,
        updated: result.updated.length,
        unchanged: result.unchanged,
        skipped: result.skipped.length,
        ids: [...result.created, ...result.updated],
      };
      const isJson = (invocation.options as { json?: boolean }).json === true;
      for (const line of options.dryRun ? previewLines(value) : [summaryLine(value)]) context.note(line);
      if (isJson) context.print(invocation, value, () => []);
    });
}

import path from 'node:path';
import { LedgerImport } from '../../protocol/bead';
import type { CliCommand, Invocation } from '../shared/command';
import type { BdContext } from './context';
import { defined, readText } from './options';

interface ImportOptions {
  input?: string;
  rig?: string;
  dryRun?: boolean;
}

export function addImport(program: CliCommand, context: BdContext): void {
  program
    .command('import')
    .description('import the beads of an issues.jsonl; newer ones replace older ones')
    .argument('[file]', 'the file (- for standard input)')
    .option('-i, --input <file>', 'the file')
    .option('--rig <name>', 'into the ledger of this rig')
    .option('--dry-run', 'only show what would change')
    .withHelp({
      text: 'A bead that exists here is replaced if the imported one was changed later. A bead that was deleted here stays deleted.',
      examples: [
        ['bd import backup.jsonl --dry-run', 'show what would change'],
        ['bd import -i backup.jsonl', 'import it'],
      ],
      see: ['bd export', 'bd merge'],
    })
    .action(async (file: string | undefined, options: ImportOptions, invocation: Invocation) => {
      const source = file ?? options.input ?? '-';
      const text = readText(source === '-' ? '-' : path.resolve(context.process.cwd, source), context.process);
      const result = await context.call(invocation, LedgerImport.spec, {
        text,
        ...defined({ ledger: options.rig, dryRun: options.dryRun }),
      });
      const value = {
        created: result.created.length,
        updated: result.updated.length,
        unchanged: result.unchanged,
        skipped: result.skipped.length,
        ids: [...result.created, ...result.updated],
      };
      const done = options.dryRun ? 'Would import' : 'Imported';
      context.print(
        invocation,
        value,
        () =>
          `${done}: ${value.created} new, ${value.updated} changed, ${value.unchanged} unchanged, ${value.skipped} skipped (deleted here)`,
      );
    });
}

import path from 'node:path';
import { writeFileAtomic } from '../../base/safeFiles';
import { plural, printableJson } from '../../base/text';
import { LedgerExport } from '../../protocol/bead';
import type { CliCommand, Invocation } from '../shared/command';
import type { BdContext } from './context';
import { collect, defined } from './options';

interface ExportOptions {
  output?: string;
  status?: string[];
  rig?: string;
}

export function addExport(program: CliCommand, context: BdContext): void {
  program
    .command('export')
    .description('print the ledger as issues.jsonl')
    .option('-o, --output <file>', 'write to this file')
    .option('-s, --status <statuses>', 'only these statuses', collect)
    .option('--rig <name>', 'the ledger of this rig')
    .withHelp({
      examples: [
        ['bd export -o backup.jsonl', 'everything to a file'],
        ['bd export --status open,in_progress', 'some of it to standard output'],
      ],
      see: ['bd import'],
    })
    .action(async ({ output, status, rig }: ExportOptions, invocation: Invocation) => {
      const { text, count } = await context.call(invocation, LedgerExport.spec, defined({ status, ledger: rig }));
      // The file has the bytes of the ledger; what is printed is the same JSON without raw control characters.
      if (output === undefined) return context.terminal.write(printableJson(text));
      writeFileAtomic(path.resolve(context.process.cwd, output), text);
      context.print(
        invocation,
        { exported: count, output },
        () => `${context.paint('green', '✓')} Exported ${plural(count, 'issue')} to ${output}`,
      );
    });
}

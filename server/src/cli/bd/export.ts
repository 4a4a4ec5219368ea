import path from 'node:path';
import { UserError } from '../../base/errors';
import { writeFileAtomic } from '../../base/safeFiles';
import { plural, printableJson } from '../../base/text';
import { LedgerDatabase, LedgerExport } from '../../protocol/bead';
import type { CliCommand, Invocation } from '../shared/command';
import type { BdContext } from './context';
import { collect, defined } from './options';

interface ExportOptions {
  output?: string;
  status?: string[];
  rig?: string;
  sqlite?: boolean;
}

export function addExport(program: CliCommand, context: BdContext): void {
  program
    .command('export')
    .description('print the ledger as issues.jsonl, or write it as an SQLite file')
    .option('-o, --output <file>', 'write to this file')
    .option('-s, --status <statuses>', 'only these statuses', collect)
    .option('--rig <name>', 'the ledger of this rig')
    .option('--sqlite', 'write .beads/beads.db, for sqlite3; a copy that is not kept up to date')
    .withHelp({
      examples: [
        ['bd export -o backup.jsonl', 'everything to a file'],
        ['bd export --status open,in_progress', 'some of it to standard output'],
        ['bd export --sqlite', 'then ask what you like: sqlite3 .beads/beads.db "SELECT id, title FROM beads"'],
      ],
      see: ['bd import'],
    })
    .action(async ({ output, status, rig, sqlite }: ExportOptions, invocation: Invocation) => {
      if (sqlite) return writeDatabase(context, invocation, { output, status, rig });
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

async function writeDatabase(
  context: BdContext,
  invocation: Invocation,
  { output, status, rig }: ExportOptions,
): Promise<void> {
  if (output !== undefined || status !== undefined)
    throw new UserError(
      '--sqlite goes without --output and --status',
      'It always writes all beads to .beads/beads.db; copy that file, or name the rows in your query.',
    );
  const { file } = await context.call(invocation, LedgerDatabase.spec, defined({ ledger: rig }));
  context.print(invocation, { file }, () => `${context.paint('green', '✓')} Wrote ${file}`);
}

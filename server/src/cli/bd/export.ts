import path from 'node:path';
import { UserError } from '../../base/errors';
import { writeNamed } from '../../base/safeFiles';
import { printableJson } from '../../base/text';
import { BeadList } from '../../protocol/bead';
import { LedgerDatabase, LedgerExport, LedgerInfoGet } from '../../protocol/ledger';
import type { CliCommand, Invocation } from '../shared/command';
import { jsonText } from '../shared/output';
import type { BdContext } from './context';
import { isTestTitle } from './doctorChecks';
import { filterParams, withConditionOptions, withFilterOptions, type FilterOptions } from './filters';
import type { Backend } from './localBackend';
import { memoryLine } from './memoryRecords';
import { obsidianText } from './obsidian';
import { defined } from './options';

interface ExportOptions extends FilterOptions {
  output?: string;
  format?: string;
  sqlite?: boolean;
  all?: boolean;
  includeMemories?: boolean;
  scrub?: boolean;
  events?: boolean;
}

export function addExport(program: CliCommand, context: BdContext): void {
  const command = program
    .command('export')
    .description('print the ledger as issues.jsonl, or write it as an SQLite file')
    .option('-o, --output <file>', 'write to this file')
    .option('--format <format>', 'jsonl, or obsidian: a list of tasks in Markdown')
    .option('--parent <id>', 'descendants of this bead')
    .option('--force', 'accepted, has no effect')
    .option('--events', 'print the path of the event log')
    .option('--events-reset', 'accepted, has no effect')
    .option('--include-infra', 'accepted: everything is exported')
    .option('--include-memories', 'also the memories of bd remember; bd import reads them')
    .option('--all', 'beads and memories')
    .option('--scrub', 'without beads that look like those of a test')
    .option('--sqlite', 'write .beads/beads.db, for sqlite3; a copy that is not kept up to date');
  withConditionOptions(withFilterOptions(command))
    .withHelp({
      examples: [
        ['bd export -o backup.jsonl', 'everything to a file'],
        ['bd export --status open,in_progress', 'some of it to standard output'],
        ['bd export --all -o backup.jsonl', 'with the memories of bd remember'],
        ['bd export --sqlite', 'then ask what you like: sqlite3 .beads/beads.db "SELECT id, title FROM beads"'],
      ],
      see: ['bd import'],
    })
    .action(async (options: ExportOptions, invocation: Invocation) => {
      const { output, format = 'jsonl' } = options;
      if (options.events) {
        const { directory } = await context.call(invocation, LedgerInfoGet.spec, defined({ ledger: options.rig }));
        return context.note(`Events exported to ${path.join(directory, 'events.jsonl')}`);
      }
      if (options.sqlite) return writeDatabase(context, invocation, options);
      if (format !== 'jsonl' && format !== 'obsidian') throw new UserError("format must be 'jsonl' or 'obsidian'");
      const { text, count } = await exported(invocation, context, options, format);
      const summary = { success: true, exported: count, skipped: 0, total_issues: count };
      const isJson = (invocation.options as { json?: boolean }).json === true;
      if (output === undefined) {
        // The file has the bytes of the ledger; the printed text is the same JSON without raw control characters.
        context.terminal.write(printableJson(text));
        if (isJson) context.terminal.writeError(jsonText(summary));
        return;
      }
      writeNamed(path.resolve(context.process.cwd, output), text);
      if (isJson) context.terminal.writeError(jsonText({ ...summary, output_file: output }));
      else context.note(`Exported ${count} issues to ${output}`);
    });
}

async function exported(
  invocation: Invocation,
  context: BdContext,
  options: ExportOptions,
  format: 'jsonl' | 'obsidian',
): Promise<{ text: string; count: number }> {
  const filter = filterParams(options);
  return context.withLedger(invocation, async (backend) => {
    const beads =
      format === 'obsidian' || options.scrub
        ? await backend.call(BeadList.spec, { ...filter, all: true, limit: 0 })
        : [];
    const kept = options.scrub ? beads.filter((bead) => !isTestTitle(bead.title)) : beads;
    if (format === 'obsidian') return { text: obsidianText(kept), count: kept.length };
    const chosen = options.scrub ? { ids: kept.map((bead) => bead.id) } : {};
    const { text, count } = await backend.call(LedgerExport.spec, { ...filter, ...chosen });
    const memories = options.includeMemories || options.all ? await memoryLines(backend) : '';
    return { text: text + memories, count };
  });
}

/** The memories as lines that `bd import` reads. */
async function memoryLines(backend: Backend): Promise<string> {
  const [{ settings }, { memoriesOf }] = await Promise.all([backend.call(LedgerInfoGet.spec, {}), import('./memory')]);
  return [...memoriesOf(settings)].map(([key, value]) => `${memoryLine(key, value)}\n`).join('');
}

async function writeDatabase(context: BdContext, invocation: Invocation, options: ExportOptions): Promise<void> {
  const { output, status, rig } = options;
  if (output !== undefined || status !== undefined)
    throw new UserError(
      '--sqlite goes without --output and --status',
      'It always writes all beads to .beads/beads.db; copy that file, or name the rows in your query.',
    );
  const { file } = await context.call(invocation, LedgerDatabase.spec, defined({ ledger: rig }));
  context.print(invocation, { file }, () => `${context.paint('green', '✓')} Wrote ${file}`);
}

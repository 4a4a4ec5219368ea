import type { SqlValue } from 'sql.js';
import { messageOf, UserError } from '../../base/errors';
import { readFileBytes } from '../../base/safeFiles';
import { plural } from '../../base/text';
import { LedgerDatabase } from '../../protocol/ledger';
import type { CliCommand, Invocation } from '../shared/command';
import { oneLine } from '../shared/output';
import type { BdContext } from './context';

/** `bd sql`: SQL queries on a copy of the ledger. */

const MAX_DATABASE_BYTES = 2 ** 31 - 1;
/** Wider values are cut in tables; `--csv` and `--json` have them in full. */
const MAX_COLUMN = 60;

/** Views with the table names of the Go `bd`. */
const originalNames = `
CREATE TEMP VIEW issues AS SELECT id, title, status, priority, type AS issue_type, assignee, ledger, pinned, ephemeral, blocked,
  strftime('%Y-%m-%dT%H:%M:%SZ', created / 1000000, 'unixepoch') AS created_at,
  strftime('%Y-%m-%dT%H:%M:%SZ', updated / 1000000, 'unixepoch') AS updated_at,
  strftime('%Y-%m-%dT%H:%M:%SZ', closed / 1000000, 'unixepoch') AS closed_at FROM main.beads;
`;

export function addSql(program: CliCommand, context: BdContext): void {
  program
    .command('sql <query...>')
    .description('ask the ledger in SQL; it cannot be changed that way')
    .option('--csv', 'comma-separated values')
    .withHelp({
      text: 'Writes .beads/beads.db, a copy of the index over the ledger, and asks that. Its tables are beads, dependencies (issue waits for target) and labels; times are microseconds since 1970. The view issues has the columns and times of the original.',
      examples: [
        ['bd sql "SELECT status, count(*) FROM beads GROUP BY status"', 'how many of each'],
        ['bd sql "SELECT name, sql FROM sqlite_master" --json', 'list the tables'],
      ],
      see: ['bd query', 'bd export --sqlite'],
    })
    .action(async (words: string[], options: { csv?: boolean }, invocation: Invocation) => {
      const { file } = await context.call(invocation, LedgerDatabase.spec, {});
      const { columns, rows } = await ask(file, words.join(' '));
      const objects = () => rows.map((row) => Object.fromEntries(columns.map((name, index) => [name, row[index]])));
      const isJson = (invocation.options as { json?: boolean }).json === true;
      context.print(invocation, isJson ? objects() : undefined, () =>
        options.csv ? csvLines(columns, rows) : tableLines(columns, rows),
      );
    });
}

async function ask(file: string, query: string): Promise<{ columns: string[]; rows: SqlValue[][] }> {
  const { loadSql } = await import('../../beads/index/wasm');
  const { Database } = await loadSql();
  const database = new Database(readFileBytes(file, MAX_DATABASE_BYTES));
  try {
    database.run(originalNames);
    database.run('PRAGMA query_only = ON');
    const statement = database.prepare(query);
    try {
      const rows: SqlValue[][] = [];
      while (statement.step()) rows.push(statement.get());
      return { columns: statement.getColumnNames(), rows };
    } finally {
      statement.free();
    }
  } catch (error) {
    const message = messageOf(error);
    throw /readonly|query_only/i.test(message)
      ? new UserError('SQL cannot change the ledger', 'Use bd update, bd close and the like.', 'refused')
      : new UserError(`cannot run the query: ${message}`, 'bd sql "SELECT name, sql FROM sqlite_master"');
  } finally {
    database.close();
  }
}

function textOf(value: SqlValue | undefined): string {
  if (value === null || value === undefined) return '';
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value);
}

function tableLines(columns: string[], rows: SqlValue[][]): string[] {
  const cells = [columns, ...rows.map((row) => row.map((value) => cut(oneLine(textOf(value)))))];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => (row[index] ?? '').length)));
  const line = (row: string[]): string =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd();
  const [heading = [], ...body] = cells;
  return [
    line(heading),
    widths.map((width) => '-'.repeat(width)).join('  '),
    ...body.map(line),
    `(${plural(rows.length, 'row')})`,
  ];
}

function cut(text: string): string {
  return text.length > MAX_COLUMN ? `${text.slice(0, MAX_COLUMN - 1)}…` : text;
}

/** CSV (RFC 4180), with newlines instead of CRLF. */
function csvLines(columns: string[], rows: SqlValue[][]): string[] {
  const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return [columns, ...rows.map((row) => row.map(textOf))].map((row) => row.map(cell).join(','));
}

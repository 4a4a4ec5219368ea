import os from 'node:os';
import type { Row } from './measure';

const heading = ['subject', 'what', 'median', 'p99', 'ratio', 'goal', ''] as const;

function cells(row: Row): string[] {
  const unit = row.unit ?? 'ms';
  const goal = [
    row.goal?.median === undefined ? '' : `≤ ${row.goal.median} ${unit}`,
    row.goal?.ratio === undefined ? '' : `≤ ${row.goal.ratio} ×`,
  ]
    .filter(Boolean)
    .join(', ');
  return [
    row.subject,
    row.note ? `${row.what} (${row.note})` : row.what,
    `${figure(row.median)} ${unit}`,
    row.p99 === undefined ? '' : `${figure(row.p99)} ${unit}`,
    row.ratio ? `${row.ratio.value.toFixed(2)} × ${row.ratio.to}` : '',
    goal,
    row.goal ? (isMet(row) ? 'met' : 'missed') : '',
  ];
}

function figure(value: number): string {
  return value.toFixed(value < 10 ? 2 : 0);
}

function isMet({ goal, median, ratio }: Row): boolean {
  return (
    (goal?.median === undefined || median <= goal.median) &&
    (goal?.ratio === undefined || (ratio !== undefined && ratio.value <= goal.ratio))
  );
}

/** The table in Markdown, which is also what a terminal shows. */
export function table(rows: readonly Row[]): string {
  const all = [[...heading], ...rows.map(cells)];
  const widths = heading.map((_, column) => Math.max(3, ...all.map((line) => line[column]!.length)));
  const line = (texts: readonly string[]): string =>
    `| ${texts.map((text, column) => text.padEnd(widths[column]!)).join(' | ')} |`;
  return [line(all[0]!), line(widths.map((width) => '-'.repeat(width))), ...all.slice(1).map(line)].join('\n');
}

/** Where and when it was measured: figures of two machines must not be compared. */
export function circumstances(): string {
  const [cpu] = os.cpus();
  return `${new Date().toISOString().slice(0, 10)}, node ${process.version}, ${os.type()} ${os.arch()}, ${os.cpus().length} × ${cpu?.model.trim() ?? 'unknown processor'}, ${Math.round(os.totalmem() / 2 ** 30)} GB`;
}

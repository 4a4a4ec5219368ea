import fs from 'node:fs';

/** One line of the table. */
export interface Row {
  subject: string;
  what: string;
  /** In `unit`. */
  median: number;
  /** In `unit`: 99 of 100 are not above it. */
  p99?: number;
  /** Empty for a plain number. */
  unit?: 'ms' | 'MB' | 'kB' | '';
  /** Against something measured in the same run. */
  ratio?: { to: string; value: number };
  /** Highest median, or highest ratio, that is well. */
  goal?: { median?: number; ratio?: number };
  note?: string;
}

export type Subject = () => Promise<Row[]>;

export function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** The lowest value that so great a part of the values do not exceed. @param part from 0 to 1 */
export function percentile(values: readonly number[], part: number): number {
  return [...values].sort((a, b) => a - b)[Math.max(0, Math.ceil(values.length * part) - 1)]!;
}

/** How long a task takes, in milliseconds. */
export async function timed(task: () => unknown): Promise<number> {
  const begun = process.hrtime.bigint();
  await task();
  return Number(process.hrtime.bigint() - begun) / 1e6;
}

/** Median of so many runs, in milliseconds. */
export async function median(runs: number, task: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) times.push(await timed(task));
  return middle(times);
}

/** Medians of tasks that are compared with each other: in turns, so that a busy moment of the machine hits all of them. */
export async function medians<K extends string>(
  runs: number,
  tasks: Readonly<Record<K, () => unknown>>,
): Promise<Record<K, number>> {
  const names = Object.keys(tasks) as K[];
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<K, number[]>;
  for (const name of names) await tasks[name](); // the first is never like the others
  for (let run = 0; run < runs; run += 1) for (const name of names) times[name].push(await timed(tasks[name]));
  return Object.fromEntries(names.map((name) => [name, middle(times[name])])) as Record<K, number>;
}

/** Resident memory of a process, in megabytes; undefined where the system does not tell. */
export function residentMegabytes(pid: number): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s*(\d+) kB$/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
  } catch {
    return undefined;
  }
}

import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { LedgerProject } from '../helpers/ledgerProject';
import { median, medians, middle, timed, type Row } from './measure';

const subject = 'outside';
const RATIO = 2;
const IMPORT_MS: Readonly<Record<number, number>> = { 1_000: 300, 10_000: 1_000, 100_000: 5_000 };
const IMPORT_PEAK_MB = 300;
const sizes = [1_000, 10_000, 100_000] as const;
const bd = path.resolve('dist', 'bd.js');

/** Cold commands outside of a town beside a node that does nothing, with the server of the ledger and without one. */
export async function outside(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const size of sizes) rows.push(...(await ofSize(size)));
  return [...rows, await merging()];
}

async function ofSize(size: number): Promise<Row[]> {
  const project = await LedgerProject.make();
  try {
    const text = beadLines(size);
    fs.writeFileSync(path.join(project.directory, 'issues.jsonl'), text);
    const first: Row = {
      subject,
      what: 'first command',
      note: `${size} beads, starts the server`,
      median: await timed(() => project.ok('show', idOf(1), '--json')),
      ...(size === 100_000 ? { goal: { median: 4_000 } } : {}),
    };
    const served = await commands(project, size, `${size} beads`, {}, size < 100_000 ? 15 : 9);
    const direct = await commands(project, size, `${size} beads, --no-daemon`, { BEADS_NO_DAEMON: '1' }, 5);
    return [first, ...served, ...direct, ...(await importing(size, text))];
  } finally {
    await project.dispose();
  }
}

async function commands(
  project: LedgerProject,
  size: number,
  note: string,
  extra: NodeJS.ProcessEnv,
  runs: number,
): Promise<Row[]> {
  const env = { ...project.person.env, ...extra };
  const node = (...args: string[]): Promise<string> =>
    new Promise((resolve, reject) => {
      execFile(process.execPath, args, { cwd: project.folder, env, maxBuffer: 1 << 26 }, (error, stdout) =>
        error ? reject(new Error(error.message)) : resolve(stdout),
      );
    });
  const bead = idOf(size >> 1);
  const open: string[] = [];
  for (let run = 0; run <= runs; run++) open.push((await node(bd, 'create', 'To close', '--silent')).trim());
  const times = await medians(runs, {
    node: () => node('-e', '0'),
    'bd show': () => node(bd, 'show', bead, '--json'),
    'bd ready': () => node(bd, 'ready', '--json'),
    'bd list -n 20': () => node(bd, 'list', '-n', '20'),
    'bd create': () => node(bd, 'create', 'New'),
    'bd close': () => node(bd, 'close', open.pop()!),
  });
  const { node: idle, ...others } = times;
  // Without a server what changes a bead writes the whole file, and lists read the whole index.
  const hasGoal = (what: string): boolean => !extra.BEADS_NO_DAEMON || what === 'bd show';
  return Object.entries(others).map(([what, ms]) => ({
    subject,
    what,
    note,
    median: ms,
    ratio: { to: 'node', value: ms / idle },
    ...(hasGoal(what) ? { goal: { ratio: RATIO } } : {}),
  }));
}

/** Run before the command: writes its highest resident memory, in kilobytes, into a file. */
const PEAK_PROGRAM = `process.on('exit', () =>
  require('fs').writeFileSync(process.env.PEAK_FILE, String(process.resourceUsage().maxRSS)));`;

async function importing(size: number, text: string): Promise<Row[]> {
  const project = await LedgerProject.make();
  try {
    const file = path.join(project.person.home, 'import.jsonl');
    fs.writeFileSync(file, text);
    const peakFile = path.join(project.person.home, 'peak');
    const peakProgram = path.join(project.person.home, 'peak.cjs');
    fs.writeFileSync(peakProgram, PEAK_PROGRAM);
    let run = 0;
    /** @returns milliseconds of the import alone, into a new ledger */
    const once = async (more: NodeJS.ProcessEnv = {}): Promise<number> => {
      const folder = path.join(project.person.home, `import ${run++}`);
      fs.mkdirSync(folder);
      const options = { cwd: folder, env: { BEADS_NO_DAEMON: '1', ...more } };
      await project.person.ok('bd', ['init', '--prefix', 't', '--quiet'], options);
      return timed(() => project.person.ok('bd', ['import', file], options));
    };
    const what = 'bd import';
    const note = `${size} beads`;
    const times: number[] = [];
    for (let left = size < 100_000 ? 5 : 1; left > 0; left--) times.push(await once());
    await once({ NODE_OPTIONS: `--require "${peakProgram}"`, PEAK_FILE: peakFile });
    const megabytes = Number(fs.readFileSync(peakFile, 'utf8')) / 1024;
    return [
      { subject, what, note, median: middle(times), goal: { median: IMPORT_MS[size]! } },
      { subject, what, note: `${note}, peak`, median: megabytes, unit: 'MB', goal: { median: IMPORT_PEAK_MB } },
    ];
  } finally {
    await project.dispose();
  }
}

/** Beads of each of three files, and goal of merging them in milliseconds. */
const MERGED = 20_000;
const MERGE_MS = 1_000;

/** `bd merge`, the merge driver of git: each side has changed one of a hundred beads. */
async function merging(): Promise<Row> {
  const project = await LedgerProject.make();
  try {
    const base = beadLines(MERGED);
    const changed = (which: number): string =>
      base
        .trimEnd()
        .split('\n')
        .map((line, index) => {
          if (index % 100 !== which) return line;
          const bead = JSON.parse(line) as Record<string, unknown>;
          return JSON.stringify({ ...bead, title: `Changed ${which}`, updated_at: `2026-01-0${which}T00:00:00Z` });
        })
        .map((line) => `${line}\n`)
        .join('');
    const files = { output: '', base, left: changed(1), right: changed(2) };
    for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(project.folder, name), text);
    const merge = (): Promise<string> =>
      project.person.ok('bd', ['merge', ...Object.keys(files)], { cwd: project.folder });
    const ms = await median(5, merge);
    return {
      subject,
      what: 'bd merge',
      note: `3 × ${MERGED} beads, 1 % changed on a side`,
      median: ms,
      goal: { median: MERGE_MS },
    };
  } finally {
    await project.dispose();
  }
}

const idOf = (index: number): string => `t-${(index + 1_679_616).toString(36)}`;

function beadLines(count: number): string {
  const lines = Array.from({ length: count }, (_, index) => {
    const at = new Date(1.7e12 + index * 1_000).toISOString();
    const isClosed = index % 3 === 0;
    return JSON.stringify({
      id: idOf(index),
      title: `Bead ${index}`,
      description: 'x'.repeat(150),
      status: isClosed ? 'closed' : 'open',
      priority: index % 5,
      issue_type: 'task',
      created_at: at,
      created_by: 'ann',
      updated_at: at,
      ...(isClosed ? { closed_at: at } : {}),
      ...(index % 4 === 1 ? { labels: ['backend'] } : {}),
      ...(index % 5 === 2
        ? { dependencies: [{ issue_id: idOf(index), depends_on_id: idOf(index - 1), type: 'blocks', created_at: at }] }
        : {}),
    });
  });
  return `${lines.join('\n')}\n`;
}

import fs from 'node:fs';

/**
 * What can be seen from outside of processes that do not come to an end: state, what they wait for in the kernel and
 * whether they use the processor. Of those whose command line names this folder; Linux only.
 */
export async function describeStuck(folder: string): Promise<string> {
  if (process.platform !== 'linux') return '';
  const before = processesOf(folder);
  await new Promise((done) => setTimeout(done, 500));
  return before
    .map(({ pid, command, ticks }) => {
      const now = ticksOf(pid);
      const busy = now === undefined ? 'gone' : `${now - ticks} ticks in 0.5 s`;
      return `${pid} ${field(pid, 'State')} ${read(`/proc/${pid}/wchan`)} ${busy}: ${command}\n    ${openFiles(pid)}`;
    })
    .join('\n');
}

function processesOf(folder: string): { pid: number; command: string; ticks: number }[] {
  return fs
    .readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 1)
    .flatMap((pid) => {
      const command = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
      const ticks = ticksOf(pid);
      const names = command.includes(folder) || read(`/proc/${pid}/environ`).includes(folder);
      return names && ticks !== undefined ? [{ pid, command, ticks }] : [];
    });
}

/** User and system time so far, from /proc/<pid>/stat (proc(5)). */
function ticksOf(pid: number): number | undefined {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === '') return undefined;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

function field(pid: number, name: string): string {
  return new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(read(`/proc/${pid}/status`))?.[1] ?? '?';
}

function openFiles(pid: number): string {
  try {
    return fs
      .readdirSync(`/proc/${pid}/fd`)
      .map((fd) => `${fd}=${link(`/proc/${pid}/fd/${fd}`)}`)
      .join(' ');
  } catch {
    return '';
  }
}

function link(file: string): string {
  try {
    return fs.readlinkSync(file);
  } catch {
    return '?';
  }
}

function read(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

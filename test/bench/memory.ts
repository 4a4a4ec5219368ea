import { CliTown } from '../helpers/cliTown';
import { waitUntil } from '../helpers/temp';
import { bigTown } from './bigTown';
import { residentMegabytes, type Row } from './measure';

const subject = 'memory';
const SESSIONS = 20;

/** Resident memory of the two processes of a town. */
export async function memory(): Promise<Row[]> {
  return [...(await withBeads()), ...(await withSessions())];
}

async function withBeads(): Promise<Row[]> {
  const town = await bigTown(10_000);
  try {
    await town.bd('ready', '-n', '1');
    return rowsOf(town, ['server'], '10k beads');
  } finally {
    await town.dispose();
  }
}

async function withSessions(): Promise<Row[]> {
  const town = await CliTown.make({ maxWorkers: SESSIONS });
  try {
    const beads: string[] = [];
    for (let index = 0; index < SESSIONS; index += 1) beads.push(await town.bead(`Bead ${index}`, 'sleep 600'));
    await town.gt('up');
    await town.gt('sling', ...beads, 'toy');
    await waitUntil('all sessions live', () => town.sessions().length === SESSIONS, 120_000);
    return rowsOf(town, ['server', 'host'], `${SESSIONS} live sessions`);
  } finally {
    await town.dispose();
  }
}

function rowsOf(town: CliTown, programs: readonly ('server' | 'host')[], note: string): Row[] {
  return programs.flatMap((program): Row[] => {
    const found = town.processOf(program);
    const megabytes = found && residentMegabytes(found.pid);
    return megabytes === undefined
      ? []
      : [{ subject, what: program === 'host' ? 'session host' : 'server', note, median: megabytes, unit: 'MB' }];
  });
}

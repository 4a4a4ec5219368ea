import fs from 'node:fs';
import path from 'node:path';
import { BeadUpdate, BeadReady, type Bead } from '../../server/src/protocol/bead';
import { TownChanged } from '../../server/src/protocol/town';
import { TownGetSnapshot } from '../../server/src/protocol/snapshot';
import { waitUntil } from '../helpers/temp';
import { CliTown } from '../helpers/cliTown';
import { connectionTo } from './bigTown';
import { median, type Row } from './measure';

const subject = 'scale';
const UPDATES = 40;
/** Convoys that landed long ago. */
const CONVOYS = Number(process.env.GASTOWN_BENCH_CONVOYS ?? 1000);

/** What one change costs the server and a window, at any size of the ledger. */
export async function scale(): Promise<Row[]> {
  const sizes = (process.env.GASTOWN_BENCH_SIZES ?? '1000,10000,100000').split(',').map(Number);
  const rows: Row[] = [];
  for (const size of sizes) rows.push(...(await at(size)));
  return rows;
}

/** Processor time of a process so far, all threads, in milliseconds. */
function cpuMs(pid: number): number {
  const tasks = fs.readdirSync(`/proc/${pid}/task`);
  return tasks.reduce((sum, task) => {
    const [ran] = fs.readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ');
    return sum + Number(ran) / 1e6;
  }, 0);
}

function residentMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1000;
}

async function at(beads: number): Promise<Row[]> {
  const note = `${beads / 1000}k beads`;
  const town = await CliTown.make();
  try {
    await fill(town, 'toy', 'toy', rigBeads(beads));
    await fill(town, 'hq', '.', closedConvoys(CONVOYS));
    const connection = await connectionTo(town);
    const [bead] = (await connection.call(BeadReady.spec, { limit: 1 })) as Bead[];
    await connection.call(TownGetSnapshot.spec, {
      board: { grouping: 'state', text: '', open: [{ key: 'state:ready', limit: 100 }] },
    });
    let bytes = 0;
    connection.onNotification(TownChanged.spec, (delta) => void (bytes += JSON.stringify(delta).length));
    const { pid } = town.processOf('server')!;
    const change = async (index: number): Promise<void> => {
      await connection.call(BeadUpdate.spec, { ids: [bead!.id], title: `Title ${index}` });
      await new Promise((done) => setTimeout(done, 60));
    };
    for (let index = 0; index < 5; index++) await change(index);
    bytes = 0;
    const before = cpuMs(pid);
    for (let index = 0; index < UPDATES; index++) await change(100 + index);
    const cpu = (cpuMs(pid) - before) / UPDATES;
    const sent = bytes / UPDATES / 1000;
    const memory = residentMb(pid);
    connection.close();
    await town.gt('shutdown');
    const open = await median(3, async () => {
      const again = await connectionTo(town);
      await again.call(BeadReady.spec, { limit: 1 });
      again.close();
      town.kill('server');
      await waitUntil('it has ended', () => town.processOf('server') === undefined);
    });
    return [
      { subject, what: 'processor time of one update, with a window', note, median: cpu },
      { subject, what: 'sent to a window for one update', note, median: sent, unit: 'kB' },
      { subject, what: 'resident memory', note, median: memory, unit: 'MB' },
      { subject, what: 'start to the first answer', note, median: open },
    ];
  } finally {
    await town.dispose();
  }
}

const at2026 = '2026-01-01T00:00:00Z';

/** Half of them closed, one in five waits for the one before it. */
function rigBeads(count: number): object[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `toy-b${index}`,
    title: `Bead ${index}`,
    description: 'x'.repeat(400),
    status: index < count / 2 ? 'closed' : 'open',
    priority: index % 5,
    issue_type: 'task',
    created_at: at2026,
    updated_at: at2026,
    ...(index < count / 2 ? { closed_at: at2026 } : {}),
    ...(index % 5 === 0 && index > 0
      ? {
          dependencies: [
            { issue_id: `toy-b${index}`, depends_on_id: `toy-b${index - 1}`, type: 'blocks', created_at: at2026 },
          ],
        }
      : {}),
  }));
}

function closedConvoys(count: number): object[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `hq-cv${index}`,
    title: `Convoy ${index}`,
    status: 'closed',
    priority: 2,
    issue_type: 'convoy',
    created_at: at2026,
    updated_at: at2026,
    closed_at: at2026,
    dependencies: Array.from({ length: 10 }, (_entry, offset) => ({
      issue_id: `hq-cv${index}`,
      depends_on_id: `toy-b${(index % 20) + offset}`,
      type: 'tracks',
      created_at: at2026,
    })),
  }));
}

/** Puts beads into a ledger as a pull would, while no server has it open. */
async function fill(town: CliTown, ledger: string, folder: string, beads: readonly object[]): Promise<void> {
  await town.gt('shutdown');
  const file = path.join(town.root, folder, '.beads', 'issues.jsonl');
  fs.appendFileSync(file, beads.map((bead) => `${JSON.stringify(bead)}\n`).join(''));
  await town.person.ok('bd', ['list', '--limit', '1'], { cwd: path.join(town.root, ledger === 'hq' ? '.' : ledger) });
}

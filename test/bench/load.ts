import path from 'node:path';
import { createMessageConnection, type MessageConnection } from 'vscode-jsonrpc/node';
import { BeadCreate } from '../../server/src/protocol/bead';
import type { BoardQuery } from '../../server/src/protocol/board';
import type { Result } from '../../server/src/protocol/request';
import { TownGetSnapshot } from '../../server/src/protocol/snapshot';
import { openTown } from '../../server/src/protocol/transport';
import type { CliTown } from '../helpers/cliTown';
import { bigTown, connectionTo, withPerson } from './bigTown';
import { type Row, middle, percentile, residentMegabytes, timed } from './measure';

const subject = 'load';
const CONNECTIONS = 2_000;
/** So many connect at once: a listening socket keeps few that wait. */
const CONNECT_AT_ONCE = 50;
const WINDOWS = 50;
const BEADS = 50_000;
const CREATES_A_SECOND = 500;
/** `GASTOWN_LOAD_SECONDS` shortens it. */
const SECONDS = Number(process.env.GASTOWN_LOAD_SECONDS ?? 60);

/** What the Beads view of a window watches when it opens: the states, and the first of those that are open. */
const BOARD: BoardQuery = {
  grouping: 'state',
  text: '',
  open: [
    { key: 'state:ready', limit: 100 },
    { key: 'state:blocked', limit: 100 },
    { key: 'state:closed', limit: 20 },
  ],
};

/** Many clients, windows and writes at once: how long they wait, and what is left of it in the server's memory. */
export async function load(): Promise<Row[]> {
  const town = await bigTown(BEADS);
  try {
    await town.gt('shutdown'); // what the import left in memory is not what is measured
    (await connectionTo(town)).close();
    return [...(await windows(town)), ...(await connections(town)), ...(await creates(town))];
  } finally {
    await town.dispose();
  }
}

/** Each window waits for its handshake, its language server and its first snapshot; all of them come at once. */
async function windows(town: CliTown): Promise<Row[]> {
  const note = `${WINDOWS} windows at once, ${BEADS / 1000}k beads`;
  const before = memoryOf(town);
  const opened: MessageConnection[] = [];
  // The index of the beads is opened for whoever asks first.
  const first = await timed(async () => void opened.push(await openWindow(town)));
  const times = await Promise.all(
    Array.from({ length: WINDOWS }, () => timed(async () => void opened.push(await openWindow(town)))),
  );
  const rows = [
    row('the first window after a start has its snapshot', `${BEADS / 1000}k beads`, [first]),
    { ...row('a window has its first snapshot', note, times), goal: { median: 500 } },
  ];
  const kept = memoryOf(town);
  const changes = await timesOfChange(town, opened);
  for (const window of opened) window.dispose();
  return [
    ...rows,
    row('a change arrives in all windows', note, changes),
    ...memoryRows(note, { before, during: kept, after: await memoryAfter(town) }),
  ];
}

async function openWindow(town: CliTown): Promise<MessageConnection> {
  const streams = await withPerson(town, () =>
    openTown(
      town.root,
      { kind: 'window', actor: 'ann', trusted: true },
      { serverJs: path.resolve('dist', 'server.js') },
    ),
  );
  const connection = createMessageConnection(streams.reader, streams.writer);
  connection.onDispose(() => streams.socket.destroy());
  connection.listen();
  await connection.sendRequest('initialize', { processId: null, rootUri: null, capabilities: {} });
  await connection.sendNotification('initialized', {});
  const snapshot: Result<typeof TownGetSnapshot.spec> = await connection.sendRequest(TownGetSnapshot.spec.method, {
    input: { board: BOARD },
  });
  if (!snapshot.lists.some((list) => list.id === 'state:ready' && list.items.length > 0))
    throw new Error('the snapshot has no list of what is ready');
  return connection;
}

/** From the request of one client until the last window knows. */
async function timesOfChange(town: CliTown, opened: readonly MessageConnection[]): Promise<number[]> {
  const client = await connectionTo(town);
  const times: number[] = [];
  for (let index = 0; index < 20; index += 1) {
    const told = opened.map(
      (window) => new Promise<void>((done) => window.onNotification('gastown/town/changed', () => done())),
    );
    times.push(
      await timed(async () => {
        await client.call(BeadCreate.spec, { ledger: 'toy', title: `Told ${index}`, priority: 0 });
        await Promise.all(told);
      }),
    );
  }
  client.close();
  return times;
}

async function connections(town: CliTown): Promise<Row[]> {
  const note = `${CONNECTIONS} connections`;
  const before = memoryOf(town);
  const opened: Awaited<ReturnType<typeof connectionTo>>[] = [];
  const times: number[] = [];
  const connect = async (): Promise<void> => {
    while (opened.length < CONNECTIONS) {
      const slot = opened.length;
      opened.length += 1;
      times.push(
        await timed(async () => {
          opened[slot] = await connectionTo(town);
          await opened[slot].call(TownGetSnapshot.spec, { once: true });
        }),
      );
    }
  };
  await Promise.all(Array.from({ length: CONNECT_AT_ONCE }, connect));
  const during = memoryOf(town);
  for (const connection of opened) connection.close();
  return [
    row('connect and the first answer', note, times),
    ...memoryRows(note, { before, during, after: await memoryAfter(town) }),
  ];
}

/** Sent by the clock, not by the answers: a server that is too slow shows as waiting. */
async function creates(town: CliTown): Promise<Row[]> {
  const client = await connectionTo(town);
  const before = memoryOf(town);
  const times: number[] = [];
  const failures: unknown[] = [];
  const running: Promise<void>[] = [];
  const begun = Date.now();
  const total = CREATES_A_SECOND * SECONDS;
  while (running.length < total) {
    const due = Math.min(total, Math.floor(((Date.now() - begun) / 1000) * CREATES_A_SECOND));
    while (running.length < due) {
      const title = `Load ${running.length}`;
      running.push(
        timed(() => client.call(BeadCreate.spec, { ledger: 'toy', title })).then(
          (time) => void times.push(time),
          (error: unknown) => void failures.push(error),
        ),
      );
    }
    await new Promise((done) => setTimeout(done, 2));
  }
  const during = memoryOf(town);
  await Promise.all(running);
  const rate = Math.round(total / ((Date.now() - begun) / 1000));
  client.close();
  if (failures.length > 0) throw new Error(`${failures.length} of ${total} creates failed: ${String(failures[0])}`);
  const note = `${CREATES_A_SECOND} a second wanted for ${SECONDS} s, ${rate} a second done`;
  return [
    row('create', note, times),
    ...memoryRows(`${total} creates`, { before, during, after: await memoryAfter(town) }),
  ];
}

function row(what: string, note: string, times: readonly number[]): Row {
  return { subject, what, note, median: middle(times), ...(times.length > 1 ? { p99: percentile(times, 0.99) } : {}) };
}

function memoryOf(town: CliTown): number {
  const server = town.processOf('server');
  return (server && residentMegabytes(server.pid)) ?? Number.NaN;
}

/** Once the server has had the time to clean up: the lowest of some readings. */
async function memoryAfter(town: CliTown): Promise<number> {
  let lowest = memoryOf(town);
  for (let reading = 0; reading < 20; reading += 1) {
    await new Promise((done) => setTimeout(done, 250));
    lowest = Math.min(lowest, memoryOf(town));
  }
  return lowest;
}

function memoryRows(note: string, megabytes: Readonly<Record<'before' | 'during' | 'after', number>>): Row[] {
  return Object.entries(megabytes)
    .filter(([, value]) => !Number.isNaN(value))
    .map(([when, value]) => ({ subject, what: `memory of the server ${when}`, note, median: value, unit: 'MB' }));
}

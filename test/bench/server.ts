import { BeadCreate, BeadReady } from '../../server/src/protocol/bead';
import { TownGetSnapshot } from '../../server/src/protocol/snapshot';
import { waitUntil } from '../helpers/temp';
import { bigTown, connectionTo } from './bigTown';
import { median, type Row } from './measure';

const subject = 'server';

/** What its clients wait for, through the socket. */
export async function server(): Promise<Row[]> {
  return [...(await at(1_000)), ...(await at(10_000))];
}

async function at(beads: number): Promise<Row[]> {
  const note = `${beads / 1000}k beads`;
  const town = await bigTown(beads);
  try {
    const connection = await connectionTo(town);
    let counter = 0;
    const rows: Row[] = [
      {
        subject,
        what: 'ready, the first 50, through the socket',
        note,
        median: await median(31, () => connection.call(BeadReady.spec, { limit: 50 })),
      },
      {
        subject,
        what: 'create through the socket',
        note,
        median: await median(31, () => connection.call(BeadCreate.spec, { title: `New ${counter++}` })),
      },
      {
        subject,
        what: 'snapshot through the socket',
        note,
        median: await median(15, () => connection.call(TownGetSnapshot.spec, { once: true })),
      },
    ];
    connection.close();
    rows.push({
      subject,
      what: 'start to the first answer',
      note,
      median: await median(5, async () => {
        const again = await connectionTo(town);
        await again.call(BeadReady.spec, { limit: 1 });
        again.close();
        town.kill('server');
        await waitUntil('it has ended', () => town.processOf('server') === undefined);
      }),
    });
    return rows;
  } finally {
    await town.dispose();
  }
}

import { NO_FILES } from '../helpers/noFiles';
import fs from 'node:fs';
import path from 'node:path';
import { BeadStore } from '../../server/src/beads/store';
import { buildView } from '../../server/src/engine/state/buildView';
import type { RigPort, SessionPort } from '../../server/src/engine/loop/ports';
import { Projection } from '../../server/src/engine/state/projection';
import { reconcile } from '../../server/src/engine/loop/reconcile';
import { FIRST_WINDOW } from '../../server/src/rigs/mergeWindow';
import type { RigSettings } from '../../server/src/town/config';
import { filledStore } from './beads';
import { median, type Row } from './measure';

const subject = 'ledger';
/** `bd ready` at 10,000 beads. */
const READY_MS = 5;

/** The store itself, in this process. */
export async function ledger(): Promise<Row[]> {
  return [...(await small()), ...(await large()), await cycleCheck()];
}

/** What refusing a dependency costs that would close a circle of so many beads. */
const CHAIN = 5_000;

async function cycleCheck(): Promise<Row> {
  const { store } = await filledStore(0);
  const ids = await store.batch({ actor: 'bench' }, (tx) => {
    const chain: string[] = [];
    for (let index = 0; index < CHAIN; index++) {
      chain.push(tx.create('toy', { title: `${index}` }).id);
      if (index > 0) tx.addDependency(chain[index - 1]!, chain[index]!, 'blocks');
    }
    return chain;
  });
  const refused = async (): Promise<void> => {
    await store
      .batch({ actor: 'bench' }, (tx) => tx.addDependency(ids.at(-1)!, ids[0]!, 'blocks'))
      .catch(() => undefined);
  };
  const row: Row = { subject, what: 'a circle refused', note: `${CHAIN} beads`, median: await median(5, refused) };
  await store.close();
  return row;
}

async function small(): Promise<Row[]> {
  const { store } = await filledStore(1_000);
  const rows = await readyAndCreate(store, '1k beads');
  await store.close();
  return rows;
}

async function readyAndCreate(store: BeadStore, note: string, goal?: number): Promise<Row[]> {
  let counter = 0;
  return [
    {
      subject,
      what: 'ready',
      note,
      median: await median(31, () => store.ready({ ledger: 'toy' })),
      ...(goal === undefined ? {} : { goal: { median: goal } }),
    },
    {
      subject,
      what: 'create, durable',
      note,
      median: await median(51, () =>
        store.batch({ actor: 'bench' }, (tx) => tx.create('toy', { title: `New ${counter++}` })),
      ),
    },
  ];
}

async function large(): Promise<Row[]> {
  const { store, directory, hq } = await filledStore(10_000);
  const size = `${(fs.statSync(path.join(directory, 'issues.jsonl')).size / 1e6).toFixed(1)} MB`;
  const first = store.list({ ledger: 'toy', limit: 1 })[0]!.id;
  let counter = 0;
  const change = () => store.batch({ actor: 'bench' }, (tx) => tx.update(first, { notes: `n${counter++}` }));
  const changeAndAsk = async (): Promise<void> => {
    await change();
    store.ready({ ledger: 'toy' });
  };
  const rows: Row[] = [
    ...(await readyAndCreate(store, '10k beads', READY_MS)),
    { subject, what: 'one change, then ready', note: '10k beads', median: await median(31, changeAndAsk) },
    {
      subject,
      what: 'list of all open',
      note: '10k beads',
      median: await median(15, () => store.list({ ledger: 'toy', limit: 0 })),
    },
    { subject, what: 'update, durable', note: '10k beads', median: await median(51, change) },
    {
      subject,
      what: '100 creates at once',
      note: 'group commit',
      median: await median(7, () =>
        Promise.all(
          Array.from({ length: 100 }, () =>
            store.batch({ actor: 'bench' }, (tx) => tx.create('toy', { title: `G ${counter++}` })),
          ),
        ),
      ),
    },
    {
      subject,
      what: 'reconcile',
      note: 'view and rules, 200 beads in a convoy',
      median: await median(15, look(store)),
    },
    {
      subject,
      what: 'convoys for people',
      median: await median(15, () => new Projection(store, () => 'off', noReasons).convoys()),
    },
    {
      subject,
      what: 'fold',
      note: `rewrites ${size}`,
      median: await median(5, async () => {
        await change();
        await store.checkpoint();
      }),
    },
  ];
  await store.close();
  rows.push({ subject, what: 'open', note: size, median: await median(5, () => open(hq, directory)) });
  return rows;
}

function look(store: BeadStore): () => unknown {
  const settings = {
    review: 'off',
    reviewers: [],
    max_workers: 20,
    worker_spawn_delay: 0,
    max_attempts: 3,
    max_restarts: 3,
    namepool: {},
    merge_queue: { max_batch: 16 },
  } as unknown as RigSettings;
  const sessions = { all: () => [] } as unknown as SessionPort;
  const port = {
    name: 'toy',
    mergeQueue: { mode: 'batch', strategy: 'squash', flakyRetries: 1 },
    mergeWindow: () => FIRST_WINDOW,
    worktrees: () => [],
    files: NO_FILES,
    pacing: { lastSpawnAt: 0, shortLives: [] },
  } as unknown as RigPort;
  return () =>
    reconcile(
      buildView({
        store,
        sessions,
        up: true,
        now: new Date(),
        awakeSince: 0,
        inFlight: new Set(),
        consented: () => true,
        rigs: [{ port, settings, accepted: true, unacceptedReviewers: [] }],
      }),
    );
}

async function open(hq: string, directory: string): Promise<void> {
  const again = await BeadStore.open();
  await again.addLedger({ name: 'hq', directory: hq, prefix: 'hq' });
  await again.addLedger({ name: 'toy', directory, prefix: 'toy' });
  await again.close();
}

/** Convoys are read without what beads wait for. */
function noReasons(): never {
  throw new Error('not needed');
}

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { BeadStore } from '../../server/src/beads/store';
import { initLedger } from '../../server/src/beads/init';
import { buildView } from '../../server/src/engine/buildView';
import { Projection } from '../../server/src/engine/projection';
import { reconcile } from '../../server/src/engine/reconcile';
import type { RigPort, SessionPort } from '../../server/src/engine/ports';
import type { RigSettings } from '../../server/src/town/config';
import { CliTown } from '../helpers/cliTown';
import { tempDir } from '../helpers/temp';

/** Median of so many runs, in milliseconds. */
async function median(runs: number, task: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const begun = process.hrtime.bigint();
    await task();
    times.push(Number(process.hrtime.bigint() - begun) / 1e6);
  }
  return times.sort((a, b) => a - b)[Math.floor(runs / 2)]!;
}

interface Row {
  what: string;
  ms: number;
  note: string;
}

const BEADS = 10_000;

async function filledStore(): Promise<{ store: BeadStore; directory: string; hq: string }> {
  const directory = path.join(tempDir('bench'), '.beads');
  const hq = path.join(tempDir('bench'), '.beads');
  initLedger(directory, 'toy');
  initLedger(hq, 'hq');
  const store = await BeadStore.open();
  await store.addLedger({ name: 'hq', directory: hq, prefix: 'hq' });
  await store.addLedger({ name: 'toy', directory, prefix: 'toy' });
  await store.batch({ actor: 'bench' }, (tx) => {
    const ids: string[] = [];
    for (let index = 0; index < BEADS; index += 1) {
      const bead = tx.create('toy', { title: `Bead ${index}`, description: 'x'.repeat(400), type: 'task', priority: index % 5, labels: index % 3 ? [] : ['backend'] });
      if (index % 5 === 0 && index > 0) tx.addDependency(bead.id, ids[index - 1]!, 'blocks');
      ids.push(bead.id);
    }
    for (const id of ids.slice(0, BEADS / 2)) tx.close(id, 'done', { force: true });
    const convoy = tx.create('hq', { title: 'Convoy', type: 'convoy', status: 'open', metadata: { convoy: { launched_at: '2026-01-01T00:00:00Z' } } });
    for (const id of ids.slice(-200)) tx.addDependency(convoy.id, id, 'tracks');
  });
  await store.fold();
  return { store, directory, hq };
}

async function ledgerRows(): Promise<Row[]> {
  const { store, directory, hq } = await filledStore();
  const size = (fs.statSync(path.join(directory, 'issues.jsonl')).size / 1e6).toFixed(1);
  let counter = 0;
  const first = store.list({ ledger: 'toy', limit: 1 })[0]!.id;
  const settings = { max_workers: 20, worker_spawn_delay: 0, max_attempts: 3, max_restarts: 3, namepool: {} } as unknown as RigSettings;
  const sessions = { all: () => [] } as unknown as SessionPort;
  const port = { name: 'toy', worktrees: () => [] } as unknown as RigPort;
  const look = () => reconcile(buildView({
    store, sessions, up: true, now: new Date(), awakeSince: 0, inFlight: new Set(), consented: () => true,
    rigs: [{ port, settings, accepted: true, reviewerAccepted: true, lastSpawnAt: 0, storm: false }],
  }));
  const rows: Row[] = [
    { what: 'ready', ms: await median(21, () => store.ready({ ledger: 'toy' })), note: `${BEADS} beads, half of them closed` },
    { what: 'list --status open -n 0', ms: await median(21, () => store.list({ ledger: 'toy', limit: 0 })), note: 'half of them' },
    { what: 'create, durable', ms: await median(51, () => store.batch({ actor: 'bench' }, (tx) => tx.create('toy', { title: `New ${counter++}` }))), note: 'one batch, fsynced' },
    { what: 'update, durable', ms: await median(51, () => store.batch({ actor: 'bench' }, (tx) => tx.update(first, { notes: `n${counter++}` }))), note: 'one batch, fsynced' },
    { what: '100 creates at once', ms: await median(7, () => Promise.all(Array.from({ length: 100 }, () => store.batch({ actor: 'bench' }, (tx) => tx.create('toy', { title: `G ${counter++}` }))))), note: 'group commit' },
    { what: 'reconcile', ms: await median(21, look), note: 'view and rules, 200 beads in a convoy' },
    { what: 'convoys for people', ms: await median(21, () => new Projection(store, () => 'off').convoys()), note: '' },
    { what: 'fold', ms: await median(7, async () => { await store.batch({ actor: 'bench' }, (tx) => tx.update(first, { notes: `f${counter++}` })); await store.fold(); }), note: `rewrites ${size} MB` },
  ];
  await store.close();
  rows.push({
    what: 'open', note: `${size} MB of issues.jsonl`, ms: await median(5, async () => {
      const again = await BeadStore.open();
      await again.addLedger({ name: 'hq', directory: hq, prefix: 'hq' });
      await again.addLedger({ name: 'toy', directory, prefix: 'toy' });
      await again.close();
    }),
  });
  return rows;
}

async function commandRows(): Promise<Row[]> {
  const town = await CliTown.make();
  try {
    const node = await median(11, () => execFileSync(process.execPath, ['-e', '0']));
    const bead = await town.bead('Bench', 'true');
    const ready = await median(11, () => town.bd('ready', '--json'));
    const show = await median(11, () => town.bd('show', bead, '--json'));
    const status = await median(11, () => town.gt('status'));
    return [
      { what: 'node -e 0', ms: node, note: 'what the others stand on' },
      { what: 'bd ready', ms: ready, note: `${(ready / node).toFixed(1)} × node, cold, in a town` },
      { what: 'bd show', ms: show, note: `${(show / node).toFixed(1)} × node` },
      { what: 'gt status', ms: status, note: `${(status / node).toFixed(1)} × node` },
      { what: 'kill -9 of the server to the next answer', ms: await median(5, () => { town.kill('server'); return town.bd('ready', '--json'); }), note: 'a new server, everything read from disk' },
    ];
  } finally {
    await town.dispose();
  }
}

function print(title: string, rows: readonly Row[]): void {
  process.stdout.write(`\n${title}\n`);
  for (const { what, ms, note } of rows) process.stdout.write(`  ${what.padEnd(44)} ${ms.toFixed(2).padStart(9)} ms   ${note}\n`);
}

async function main(): Promise<void> {
  process.stdout.write(`Medians on this machine (${process.version}); compare them with each other, not with another machine.\n`);
  print('Ledger', await ledgerRows());
  print('Command line', await commandRows());
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});

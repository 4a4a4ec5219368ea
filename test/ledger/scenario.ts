import assert from 'node:assert/strict';
import path from 'node:path';
import { BeadStore, type Transaction } from '../../server/src/beads/store';
import type { LedgerFs } from '../../server/src/beads/storage/ledgerFs';

/** A small generator of repeatable randomness (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A clock that ticks a second whenever it is looked at. */
export function ticking(start = '2026-01-01T00:00:00Z'): () => Date {
  let now = Date.parse(start);
  return () => new Date((now += 1000));
}

export interface World {
  fs: LedgerFs;
  root: string;
}

export const ledgers = [
  { name: 'hq', prefix: 'hq' },
  { name: 'toy', prefix: 'toy' },
] as const;

export function directoryOf(world: Pick<World, 'root'>, name: string): string {
  return path.join(world.root, name, '.beads');
}

export async function openStore(world: World, start?: string): Promise<BeadStore> {
  const store = await BeadStore.open({
    fs: world.fs,
    clock: ticking(start),
    random: seeded(7),
    onError: () => undefined,
  });
  for (const { name, prefix } of ledgers) await store.addLedger({ name, prefix, directory: directoryOf(world, name) });
  return store;
}

/** Every bead of both ledgers by its text, wisps included. */
export function stateOf(store: BeadStore): Record<string, string> {
  const state: Record<string, string> = {};
  for (const { name } of ledgers) for (const [id, { text }] of store.entries(name)) state[`${name}/${id}`] = text;
  return state;
}

export interface Step {
  name: string;
  operation?: string;
  /** A batch, or undefined for a checkpoint. */
  work?: (tx: Transaction, ids: string[]) => unknown;
}

/** A day in the life of two ledgers: single and shared batches, wisps, closing, deleting, folds between. */
export const steps: readonly Step[] = [
  { name: 'create', work: (tx, ids) => ids.push(tx.create('hq', { title: 'one' }).id) },
  {
    name: 'create in both',
    work: (tx, ids) => {
      ids.push(
        tx.create('hq', { title: 'convoy', type: 'convoy' }).id,
        tx.create('toy', { title: 'task', labels: ['l'] }).id,
      );
      tx.addDependency(ids.at(-2)!, ids.at(-1)!, 'tracks');
    },
  },
  { name: 'operation', operation: 'op-1', work: (tx, ids) => tx.update(ids[0]!, { title: 'uno', assignee: 'ann' }).id },
  { name: 'fold' },
  { name: 'wisp', work: (tx, ids) => ids.push(tx.create('toy', { title: 'wisp', ephemeral: true }).id) },
  {
    name: 'unlabel and close in both',
    work: (tx, ids) => {
      tx.removeLabel(ids[2]!, 'l');
      tx.close(ids[2]!, 'done');
      tx.close(ids[1]!, 'landed');
    },
  },
  { name: 'fold' },
  {
    name: 'reopen and change the wisp',
    work: (tx, ids) => {
      tx.reopen(ids[2]!, 'not yet');
      tx.update(ids[3]!, { status: 'in_progress' });
    },
  },
  { name: 'delete', work: (tx, ids) => tx.delete(ids[0]!, 'no longer') },
  { name: 'fold' },
  { name: 'burn the wisp', work: (tx, ids) => tx.delete(ids[3]!) },
  { name: 'toy only', work: (tx, ids) => tx.comment(ids[2]!, 'hello <b> & 😀\u2028') },
  {
    name: 'operation in both',
    operation: 'op-2',
    work: (tx, ids) => {
      tx.update(ids[1]!, { description: 'd' });
      tx.update(ids[2]!, { priority: 0, metadata: { deep: { a: [1, null] } } });
      return 'two';
    },
  },
  { name: 'fold' },
  { name: 'last', work: (tx, ids) => ids.push(tx.create('toy', { title: 'last', parent: ids[2]! }).id) },
];

export interface Progress {
  /** State after each acknowledged step, the empty one first. */
  states: Record<string, string>[];
  /** Results of acknowledged operations. */
  operations: Map<string, unknown>;
  events: number;
}

/** Runs the steps until one fails. @returns what was acknowledged, and the state that the failing step was to make */
export async function run(store: BeadStore, progress: Progress, from = 0): Promise<void> {
  const ids: string[] = [];
  for (const step of steps.slice(from)) {
    if (step.work) {
      const { work, operation } = step;
      const result = await store.batch({ actor: 'ann', operation }, (tx) => work(tx, ids));
      if (operation) progress.operations.set(operation, result);
      progress.events = store.events(undefined, 0).length;
    } else {
      await store.checkpoint();
    }
    progress.states.push(stateOf(store));
  }
}

export function newProgress(store?: BeadStore): Progress {
  return { states: [store ? stateOf(store) : {}], operations: new Map(), events: 0 };
}

/** After a crash: the last acknowledged state or that of the step that was under way, whole; nothing lost, nothing half. */
export function assertRecovered(store: BeadStore, acknowledged: Progress, full: Progress, what: string): void {
  const found = stateOf(store);
  const last = acknowledged.states.length - 1;
  const candidates = [acknowledged.states[last], full.states[last + 1] ?? acknowledged.states[last]];
  if (!candidates.some((candidate) => JSON.stringify(sorted(candidate)) === JSON.stringify(sorted(found)))) {
    assert.deepEqual(sorted(found), sorted(candidates[0]), `${what}: after ${steps[last - 1]?.name ?? 'start'}`);
  }
  for (const [id, result] of acknowledged.operations)
    assert.deepEqual(store.operations.get(id)?.result, result, `${what}: operation ${id}`);
  const events = store.events(undefined, 0);
  assert.ok(events.length >= acknowledged.events, `${what}: ${acknowledged.events - events.length} events lost`);
  assert.ok(events.length <= acknowledged.events + 6, `${what}: events written twice`);
}

function sorted(state: Record<string, string> | undefined): [string, string][] {
  return Object.entries(state ?? {}).sort();
}

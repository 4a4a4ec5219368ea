import { topologicalOrder } from '../../base/graph';
import type { BeadStore } from '../../beads/store';
import type { Bead } from '../../protocol/bead';
import type { PlanForecast } from '../../protocol/convoyPlan';
import { workOf } from '../state/work';

const MINUTE = 60_000;
/** Number of finished beads of a rig and type that a forecast is based on, the latest ones. */
const MAX_SAMPLES = 200;

interface Work {
  rigOf(bead: Bead): string | undefined;
  /** Other beads of the plan that a bead waits for. */
  needs(id: string): readonly string[];
  workers(rig: string): number;
  /** US dollars that the work on a finished bead has cost; undefined if that is not known. */
  costOf(bead: Bead): number | undefined;
}

/** A finished bead. */
interface Sample {
  /** Milliseconds from the first session to the merge. */
  took: number;
  cost: number | undefined;
}

/**
 * Forecasts the duration and the cost of a plan. Each bead takes and costs the median of the finished beads of its rig and
 * type, from first session to merge, and starts as soon as its dependencies are done and a worker of its rig is free.
 */
export function forecast(store: BeadStore, beads: readonly Bead[], work: Work): PlanForecast {
  const history = new Map<string, Sample[]>();
  const durations = new Map<string, number>();
  const unknown: string[] = [];
  const costs: number[] = [];
  for (const bead of beads) {
    const rig = work.rigOf(bead);
    const key = JSON.stringify([rig, bead.issue_type]);
    let samples = history.get(key);
    if (!samples) history.set(key, (samples = rig === undefined ? [] : pastWork(store, rig, bead.issue_type, work)));
    const typical = median(samples.map(({ took }) => took));
    const cost = median(samples.flatMap((sample) => sample.cost ?? []));
    if (cost !== undefined) costs.push(cost);
    if (typical === undefined) unknown.push(bead.id);
    else durations.set(bead.id, typical);
  }
  const samples = [...history.values()].reduce((sum, past) => sum + past.length, 0);
  if (durations.size === 0) return { samples, unknown };
  const minutes = Math.max(1, Math.ceil(schedule(beads, durations, work) / MINUTE));
  const cost = costs.length === 0 ? {} : { cost: sum(costs), cost_unknown: beads.length - costs.length };
  return { minutes, ...cost, samples, unknown };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** The latest finished beads of this rig and type. */
function pastWork(store: BeadStore, rig: string, type: string, work: Work): Sample[] {
  return store
    .list({ ledger: rig, type: [type], status: ['closed'], all: true, limit: 0 })
    .flatMap((bead) => {
      const { started, merged } = workOf(bead);
      const [from, to] = [Date.parse(started?.at ?? ''), Date.parse(bead.closed_at ?? '')];
      return merged !== undefined && to >= from ? [{ to, took: to - from, cost: work.costOf(bead) }] : [];
    })
    .sort((a, b) => b.to - a.to)
    .slice(0, MAX_SAMPLES);
}

function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Milliseconds from the start to the last end. A bead of unknown duration takes none. */
function schedule(beads: readonly Bead[], durations: ReadonlyMap<string, number>, work: Work): number {
  const ends = new Map<string, number>();
  /** When each worker of a rig is free. */
  const free = new Map<string, number[]>();
  const byId = new Map(beads.map((bead) => [bead.id, bead]));
  for (const id of topologicalOrder([...byId.keys()], (id) => work.needs(id))) {
    const rig = work.rigOf(byId.get(id)!) ?? '';
    let workers = free.get(rig);
    if (!workers) free.set(rig, (workers = new Array<number>(Math.max(1, work.workers(rig))).fill(0)));
    const worker = workers.indexOf(Math.min(...workers));
    const ready = Math.max(0, ...work.needs(id).map((need) => ends.get(need) ?? 0));
    const end = Math.max(ready, workers[worker]!) + (durations.get(id) ?? 0);
    ends.set(id, end);
    workers[worker] = end;
  }
  return Math.max(0, ...ends.values());
}

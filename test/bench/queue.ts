import { replayQueue, type Replay } from '../helpers/queueReplay';
import { percentile, type Row } from './measure';

const subject = 'queue';
const SEED = 11;
/** Parts of all changes, and of the gate runs that fail on sound files. */
const MIX = { conflicting: 0.28, broken: 0.05, flaky: 0.015, groups: 8 };
/**
 * Changes that come in the time of one gate, and gate runs side by side: as many as are tested with ease, and about as many as
 * one run at a time can test.
 */
const LOADS = [
  { rate: 1, width: 1 },
  { rate: 3, width: 1 },
  { rate: 3, width: 4 },
  { rate: 6, width: 8 },
];
const GATE_MS = 2_000;
/** Milliseconds of a gate run, where nothing else is said. */
const GATE_TIME = 60_000;

/** The real queue, with made-up git, gates and clock: how often it tests, whom it blames, and how long changes wait. */
export async function queue(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const load of LOADS)
    rows.push(...mixed(load, await replayQueue({ ...MIX, ...load, seed: SEED, changes: 1_000 })));
  const burst = { seed: SEED, changes: 32, rate: Infinity, conflicting: 0, broken: 0, flaky: 0, groups: 1 };
  const { gateRuns, merged, wallMs } = await replayQueue({ ...burst, gateMs: GATE_MS });
  const what = '32 approved at once';
  return [
    ...rows,
    {
      subject,
      what: `${what}: gate runs per merged change`,
      median: gateRuns / merged,
      unit: '',
      goal: { median: 0.2 },
    },
    {
      subject,
      what: `${what}: gate-times until all are merged`,
      median: wallMs / GATE_MS,
      unit: '',
      goal: { median: 4 },
    },
  ];
}

function mixed({ rate, width }: { rate: number; width: number }, replay: Replay): Row[] {
  const { redPushes, merged, gateRuns, innocentsRejected, searches, waits, oracleWaits, oracleGateRuns } = replay;
  const load = `${rate} changes a gate-time, ${width} gate run${width === 1 ? '' : 's'} side by side`;
  const row = (what: string, median: number, goal?: number): Row => ({
    ...{ subject, what: `${load}: ${what}`, median, unit: '' },
    ...(goal === undefined ? {} : { goal: { median: goal } }),
  });
  const long = searches.filter(({ size, rounds }) => rounds > Math.ceil(Math.log2(size)));
  const misled = long.filter(({ isMisled }) => isMisled).length;
  const [ours, best] = [percentile(waits, 0.95), percentile(oracleWaits, 0.95)];
  return [
    row('red pushes', redPushes, 0),
    row('innocents rejected', innocentsRejected, 0),
    row('gate runs per merged change', gateRuns / merged, 0.35),
    row('the same of the oracle', oracleGateRuns / merged),
    row('searches of more than ⌈log₂ n⌉ rounds', long.length - misled, 0),
    row('the same where a run of the search was flaky', misled),
    row('p95 of waiting, in gate-times', ours / GATE_TIME),
    row('the same of the oracle', best / GATE_TIME),
    row('p95 of waiting, against the oracle', ours / best, 1.3),
  ];
}

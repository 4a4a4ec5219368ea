import { AbortedError, currentSignal, runAbortable } from '../base/abort';
import type { GateInfo } from '../protocol/town';
import { needsOf, selectGates, stagesOf } from './gatePlan';
import type { GateResults, KeptOutcome } from './gateResults';
import type { GateResult } from './types';

/** The gates to run, and the reason. */
export interface GateRun {
  /** The request whose name the logs get. */
  mergeRequest: string;
  /** Feature branch of the change, which has its own worktree; missing for the rig's own target. */
  target?: string;
  /** Only this gate, with its needs; by default all gates. */
  only?: string;
  /** Problem of the failed run of `only` that this one repeats: its cached result is ignored. */
  confirms?: string;
  /** A landed ancestor: only changes since then have to be tested; by default everything. */
  base?: string;
  /** A spare run, whose result is not needed yet: it runs only if a shared slot is free, and is cancelled otherwise. */
  isSpare?: boolean;
}

/** Called for every gate that runs. */
export type GateListener = (gate: GateInfo, outcome: 'started' | 'passed' | 'failed') => void;

/** `isFinal`: the result depends on the files, not on the machine or a time limit. */
export type GateEnd = KeptOutcome & { isFinal: boolean };

export interface GateWorld {
  readonly results: Pick<GateResults, 'get' | 'set' | 'hasPassed'>;
  /** Checks out the commit cleanly. Called before the first gate runs, and before gates run again. */
  checkOut(): Promise<void>;
  run(gate: GateInfo): Promise<GateEnd>;
  /** Changes of the checkout since then, such as `HEAD` or names of files; empty if there are none. */
  changes(): Promise<string>;
  /** Records a gate that failed and then passed on the same files. */
  recordFlaky(gate: string, problem: string): void;
}

type Failure = Extract<GateResult, { passed: false }>;

/**
 * Runs gates on one tree, each once: known results for a tree are reused. Stops at the first gate that fails.
 * @param gates gates of the rig, in order
 * @param filesFor identifies the files that a gate depends on; by default the whole tree
 * @param parallel whether independent gates run in parallel
 */
export async function runGates(
  tree: string,
  gates: readonly GateInfo[],
  { only, confirms }: Pick<GateRun, 'only' | 'confirms'>,
  {
    parallel,
    world,
    onGate,
    filesFor = () => tree,
  }: { parallel: boolean; world: GateWorld; onGate: GateListener; filesFor?: (gate: GateInfo) => string },
): Promise<GateResult> {
  const tested = (gate: GateInfo) => ({ tree: filesFor(gate), gate, needs: needsOf(gate, gates) });
  const wanted = selectGates(gates, only);
  const unknown: GateInfo[] = [];
  for (const gate of wanted) {
    const before = world.results.get(tested(gate));
    if (!before || (!before.passed && gate.name === only && confirms !== undefined)) unknown.push(gate);
    else if (!before.passed) return { ...before, gate: gate.name, passedBefore: world.results.hasPassed(tested(gate)) };
  }
  if (unknown.length === 0) return { passed: true };
  const needed = new Set(unknown.flatMap((gate) => [...needsOf(gate, gates), gate].map(({ name }) => name)));
  const keep = (gate: GateInfo, { isFinal, ...outcome }: GateEnd): Failure | undefined => {
    const repeats = gate.name === only ? confirms : undefined;
    if (!outcome.passed && repeats !== undefined) outcome.confirmed = true;
    if (isFinal) world.results.set(tested(gate), outcome);
    if (outcome.passed && repeats !== undefined) world.recordFlaky(gate.name, repeats);
    return outcome.passed
      ? undefined
      : { ...outcome, gate: gate.name, passedBefore: world.results.hasPassed(tested(gate)) };
  };
  await world.checkOut();
  for (const stage of stagesOf(
    wanted.filter(({ name }) => needed.has(name)),
    parallel,
  )) {
    const failure = await runStage(stage, { world, onGate, keep });
    if (failure) return failure;
  }
  return { passed: true };
}

interface StageOptions {
  world: GateWorld;
  onGate: GateListener;
  /** Stores a result. @returns the failure, if it failed */
  keep: (gate: GateInfo, end: GateEnd) => Failure | undefined;
}

async function runStage(stage: readonly GateInfo[], options: StageOptions): Promise<Failure | undefined> {
  if (stage.length === 1) return runOne(stage[0]!, options);
  const { world, onGate, keep } = options;
  const { failure, passed } = await runTogether(stage, options);
  if (failure) return failure;
  if ((await world.changes()) === '') {
    for (const gate of passed) {
      onGate(gate, 'passed');
      keep(gate, { passed: true, isFinal: true });
    }
    return undefined;
  }
  // One of them changed the files that it should only test: running them one by one shows which.
  await world.checkOut();
  for (const gate of stage) {
    const found = await runOne(gate, options);
    if (found) return found;
  }
  return undefined;
}

async function runOne(gate: GateInfo, { world, onGate, keep }: StageOptions): Promise<Failure | undefined> {
  onGate(gate, 'started');
  let end = await world.run(gate);
  const changes = end.passed ? await world.changes() : '';
  if (changes !== '') {
    const problem = `changed the tree that it should only test (${changes})`;
    end = { passed: false, problem, output: '', isFinal: true };
  }
  onGate(gate, end.passed ? 'passed' : 'failed');
  return keep(gate, end);
}

/** Runs gates in parallel; the first failure cancels the others. */
async function runTogether(
  stage: readonly GateInfo[],
  { world, onGate, keep }: StageOptions,
): Promise<{ failure?: Failure; passed: GateInfo[] }> {
  const stop = new AbortController();
  const outer = currentSignal();
  const abort = (): void => stop.abort();
  outer?.addEventListener('abort', abort, { once: true });
  const passed: GateInfo[] = [];
  let failure: Failure | undefined;
  const run = async (gate: GateInfo): Promise<void> => {
    onGate(gate, 'started');
    const end = await world.run(gate);
    if (end.passed) return void passed.push(gate);
    if (failure) return;
    onGate(gate, 'failed');
    failure = keep(gate, end);
    stop.abort();
  };
  try {
    const ends = await Promise.allSettled(stage.map((gate) => runAbortable(stop.signal, () => run(gate))));
    if (outer?.aborted) throw new AbortedError();
    const broken = ends.find((end) => end.status === 'rejected' && !(failure && end.reason instanceof AbortedError));
    if (broken?.status === 'rejected') throw broken.reason;
  } finally {
    outer?.removeEventListener('abort', abort);
  }
  return { failure, passed };
}

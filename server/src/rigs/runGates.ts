import { AbortedError, currentSignal, runAbortable } from '../base/abort';
import type { GateInfo } from '../protocol/town';
import { needsOf, selectGates, stagesOf } from './gatePlan';
import type { GateResults, KeptOutcome } from './gateResults';
import type { GateResult } from './types';

/** Which gates are to run, and why. */
export interface GateRun {
  /** Names the logs. */
  mergeRequest: string;
  /** Feature branch that it is for, which has a worktree of its own; missing for the rig's own target. */
  target?: string;
  /** Only this gate, with what it needs; all gates where it is missing. */
  only?: string;
  /** Problem of the failed run of `only` that this one repeats: its kept result does not count. */
  confirms?: string;
  /** A commit below it that has landed: only what has changed since has to be tested. All of it, where it is missing. */
  base?: string;
  /** Nobody waits for it yet: it runs only where the rig may run another gate beside what runs, and is cancelled otherwise. */
  isSpare?: boolean;
}

/** Told of every gate that runs. */
export type GateListener = (gate: GateInfo, outcome: 'started' | 'passed' | 'failed') => void;

/** `isFinal`: it says something about the files, and not about the machine or the time it took. */
export type GateEnd = KeptOutcome & { isFinal: boolean };

export interface GateWorld {
  readonly results: Pick<GateResults, 'get' | 'set' | 'hasPassed'>;
  /** Makes a clean checkout of the commit. Called before the first gate runs, and where gates have to run again. */
  checkOut(): Promise<void>;
  run(gate: GateInfo): Promise<GateEnd>;
  /** What of the checkout was changed since, such as `HEAD` or names of files; empty where it is as it was. */
  changes(): Promise<string>;
  /** A gate that had failed passed on the same files. */
  recordFlaky(gate: string, problem: string): void;
}

type Failure = Extract<GateResult, { passed: false }>;

/**
 * Runs gates on one tree, each once: what is known of a tree is not tested again. Stops at the first gate that fails.
 * @param gates those of the rig, in their order
 * @param filesFor identifies the files that matter to a gate; all of the tree where it is missing
 * @param parallel whether gates that do not need one another run at the same time
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
  /** @returns what is said of it where it failed */
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
  // One of them changed what it should only test: one after another they show which.
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

/** The first one that fails ends the others. */
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

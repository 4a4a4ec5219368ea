import { UserError } from '../../base/errors';
import type { LandingBase } from '../../git/landingBase';
import type { Bead } from '../../protocol/bead';
import type { CallContext } from '../../protocol/dispatcher';
import type { ChangedFile, LandingCheck, LandingCheckName } from '../../protocol/town';
import type { EngineContext } from '../loop/context';
import type { Engine } from '../loop/engine';
import type { RigPort } from '../loop/ports';
import { basesOf, workOf, type Check, type MergeRequest } from '../state/work';
import { makeCandidate } from './candidate';
import { CheckRecorder } from './checks';
import { hasSession } from './submit';

export interface DirectLanding {
  /** Address of the polecat. */
  agent: string;
  /** Land despite a live session, which is ended, or uncommitted changes. */
  force: boolean;
  skipTests: boolean;
  /** Run only the checks, and return what would land. */
  dryRun: boolean;
}

export interface LandingTown {
  readonly context: EngineContext;
  readonly engine: Pick<Engine, 'exclusive'>;
  /** Files of a change, for display. */
  changedFiles(rig: string, base: string, commit: string): Promise<ChangedFile[]>;
}

/** One direct landing. */
export interface Turn {
  town: LandingTown;
  caller: CallContext;
  landing: DirectLanding;
  agent: string;
  rig: RigPort;
  /** Name of the polecat. */
  name: string;
  bead: Bead;
  /** Merge request of the work, if it was submitted. */
  submitted: Bead | undefined;
  /** Feature branch of the work; undefined for the rig's own target. */
  target: string | undefined;
  checks: LandingCheck[];
  /** Ids of the merge requests that no rule takes meanwhile. */
  taken: string[];
}

export function note(turn: Turn, name: LandingCheckName, outcome: LandingCheck['outcome'], detail?: string): void {
  turn.checks.push({ name, outcome, ...(detail === undefined ? {} : { detail }) });
}

/** Records a failed check. @throws UserError unless it is a dry run, which continues as far as possible */
function fail(turn: Turn, name: LandingCheckName, problem: string, hint: string): void {
  note(turn, name, 'failed', problem);
  if (!turn.landing.dryRun) throw new UserError(`${turn.agent} was not landed: ${problem}`, hint, 'conflict');
}

export function checkSession(turn: Turn): void {
  const { town, agent, landing } = turn;
  if (!hasSession(town.context, agent)) return note(turn, 'session', 'passed');
  if (landing.force) return note(turn, 'session', 'skipped', 'its session is still running and will be ended');
  fail(turn, 'session', 'its session still runs', `end it first: "gt stop ${agent}"; or use --force`);
}

/** Checks the worktree. @returns the commit to land */
export async function checkWorktree(turn: Turn): Promise<string> {
  const { rig, name, bead, agent, landing, caller } = turn;
  const work = workOf(bead);
  const branch = work.branch!;
  const tip = await rig.branchTip(branch);
  if (tip === undefined)
    throw new UserError(
      `the branch ${branch} is gone`,
      `sling ${bead.id} again: "gt sling ${bead.id} ${rig.name}"`,
      'not-found',
    );
  try {
    const { commit } = await rig.submittable(name, {
      branch,
      bases: basesOf(work),
      isMerge: work.mergesTarget !== undefined,
      authors: [agent, ...(work.formerWorkers ?? []), ...(caller.kind === 'person' ? [caller.actor] : [])],
    });
    note(turn, 'worktree', 'passed');
    return commit;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // Submitted work passed this check before; its worktree may be gone.
    if (error.code === 'not-found' && turn.submitted) note(turn, 'worktree', 'passed', 'it is gone; its branch exists');
    else if (landing.force && error.code === 'conflict') note(turn, 'worktree', 'skipped', error.message);
    else fail(turn, 'worktree', error.message, error.hint ?? 'look into its worktree');
    return tip;
  }
}

/** The commit that would land, and its base. */
export interface PlacedChange {
  commit: string;
  /** Commits of its author that land with it, oldest first. */
  before: readonly string[];
  base: LandingBase;
}

/** Builds the commit. @returns the change that would land; undefined in a dry run of a change that conflicts */
export async function checkConflicts(turn: Turn, request: MergeRequest): Promise<PlacedChange | undefined> {
  const { town, rig, bead, target } = turn;
  const base = await rig.landingBase(target);
  const candidate = await makeCandidate(rig, request, base.commit, town.context);
  if (candidate.kind === 'empty' || candidate.kind === 'outdated')
    throw new UserError(
      `there is nothing to land: the target branch of ${rig.name} already contains all of ${bead.id}`,
      `close it: "bd close ${bead.id}"`,
      'conflict',
    );
  if (candidate.kind === 'clean') {
    note(turn, 'conflicts', 'passed');
    return { commit: candidate.commit, before: candidate.before, base };
  }
  // Cannot be skipped: without it there is no commit to land.
  fail(turn, 'conflicts', candidate.why.problem, candidate.why.feedback);
  return undefined;
}

/** Runs the gates on the commit that would land; in mode "each" also on each earlier commit of the change. */
export async function checkTests(turn: Turn, { commit, before }: PlacedChange): Promise<Check[]> {
  const { rig } = turn;
  const commits = rig.mergeQueue.mode === 'each' ? [...before, commit] : [commit];
  let checks: Check[] = [];
  for (const tested of commits) checks = await checkCommit(turn, tested);
  note(turn, 'tests', 'passed', checks.map(({ gate }) => gate).join(', ') || 'the rig has no gates');
  return checks;
}

async function checkCommit(turn: Turn, commit: string): Promise<Check[]> {
  const { town, rig, bead, submitted, target } = turn;
  const recorder = new CheckRecorder(town.context.clock);
  const result = await rig.runGates(commit, { mergeRequest: submitted?.id ?? bead.id, target }, recorder.onGate);
  if (!result.passed)
    fail(
      turn,
      'tests',
      `the gate "${result.gate}" ${result.problem}`,
      `its output: "gt mq log ${bead.id}"\n\n${result.output}`,
    );
  return recorder.results(rig.gates, result);
}

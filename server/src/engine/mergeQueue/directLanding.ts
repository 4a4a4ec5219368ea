import { UserError } from '../../base/errors';
import type { Transaction } from '../../beads/store';
import { graphOf } from '../../formulas/pour/molecule';
import type { LandingBase } from '../../git/landingBase';
import type { Bead } from '../../protocol/bead';
import type { CallContext } from '../../protocol/dispatcher';
import type { ChangedFile, DirectLandingResult, LandingCheck, LandingCheckName } from '../../protocol/town';
import { fullAddress } from '../../town/layout';
import { mergeKey, worktreeKey } from '../loop/action';
import { targetOf } from '../convoys/feature';
import { requireRig, type EngineContext } from '../loop/context';
import type { Engine } from '../loop/engine';
import type { RigPort } from '../loop/ports';
import { refuseOpenSteps } from '../molecules/openSteps';
import { requirePolecat } from '../supervision/polecats';
import {
  basesOf,
  isClosed,
  MERGE_REQUEST,
  mergeOf,
  withMerge,
  withWork,
  workOf,
  type Check,
  type MergeRequest,
} from '../state/work';
import { makeCandidate } from './candidate';
import { takenIn } from './takenRequests';
import { CheckRecorder } from './checks';
import { finishMerge } from './finishMerge';
import { requestsIn } from './requestIndex';
import { hasSession, workOfPolecat } from './submit';

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

/** Maximum number of attempts if the target moves meanwhile. */
const MAX_TRIES = 3;

interface Turn {
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
}

/**
 * Lands the work of a polecat without the queue and a review. Conditions: its session has ended, its worktree is clean,
 * the change rebases, and the gates pass on the commit that would land, which is then pushed like in the queue. No
 * merge of the rig runs in parallel.
 * @throws UserError that names the check that failed and what to do
 */
export async function landDirectly(
  town: LandingTown,
  caller: CallContext,
  landing: DirectLanding,
): Promise<DirectLandingResult> {
  const agent = fullAddress(landing.agent);
  const { rig, name } = requirePolecat(agent);
  const port = requireRig(town.context, rig);
  const target = targetOfWork(town.context, workToLand(town.context, agent));
  return town.engine.exclusive(mergeKey(rig, target), async () => {
    const { bead, submitted } = workToLand(town.context, agent);
    if (targetOfWork(town.context, { submitted, bead }) !== target)
      throw new UserError(`${bead.id} has changed meanwhile: nothing has landed`, 'look at it again', 'conflict');
    const turn: Turn = { town, caller, landing, agent, rig: port, name, bead, submitted, target, checks: [] };
    refuseOpenSteps(graphOf(town.context.store), bead);
    return takingRequest(turn, () => landInTurn(turn));
  });
}

/** Runs a task while no rule starts anything for the merge request of the work. */
async function takingRequest<T>({ town, submitted }: Turn, task: () => Promise<T>): Promise<T> {
  const taken = takenIn(town.context.store);
  const ids = submitted ? [submitted.id] : [];
  taken.take(ids);
  try {
    return await task();
  } finally {
    taken.release(ids);
  }
}

async function landInTurn(turn: Turn): Promise<DirectLandingResult> {
  const { rig, bead } = turn;
  for (let tries = 1; ; tries += 1) {
    turn.checks.length = 0;
    const result = await tryLanding(turn);
    if (result !== 'moved') return result;
    if (tries === MAX_TRIES)
      throw new UserError(
        `the target of ${rig.name} moved each time while ${bead.id} was tested: nothing has landed`,
        'try again in a moment',
        'conflict',
      );
  }
}

/** The work of a polecat, with its merge request if it was submitted. */
function workToLand(context: EngineContext, agent: string): Pick<Turn, 'bead' | 'submitted'> {
  const bead = workOfPolecat(context, agent);
  const submitted = requestsIn(context.store)
    .openOf(bead.id)
    .findLast((request) => mergeOf(request)?.worker === agent);
  return { bead, submitted };
}

/** Feature branch of the work. */
function targetOfWork(
  { store }: EngineContext,
  { submitted, bead }: Pick<Turn, 'submitted' | 'bead'>,
): string | undefined {
  return submitted ? mergeOf(submitted)?.target : targetOf(store, bead.id);
}

async function tryLanding(turn: Turn): Promise<DirectLandingResult | 'moved'> {
  const { town, landing, bead, rig } = turn;
  checkSession(turn);
  const commit = await checkWorktree(turn);
  const request = requestOf(turn, commit);
  const candidate = await checkConflicts(turn, request);
  const result = {
    agent: turn.agent,
    bead: bead.id,
    title: bead.title,
    branch: request.branch,
    checks: turn.checks,
    files: candidate ? await town.changedFiles(rig.name, candidate.base.commit, candidate.commit) : [],
  };
  const gates = rig.gates.map((gate) => gate.name).join(', ');
  if (landing.skipTests) note(turn, 'tests', 'skipped', gates || undefined);
  if (landing.dryRun || !candidate) {
    if (!landing.skipTests) note(turn, 'tests', 'not-run', gates || 'the rig has no gates');
    return result;
  }
  if (landing.force && hasSession(town.context, turn.agent)) await town.context.sessions.endAgent(turn.agent, 'ended');
  const checks = landing.skipTests ? [] : await checkTests(turn, candidate.commit);
  const recorded = await record(turn, request, { candidate: candidate.commit, checks });
  if (!(await push(turn, recorded.id, candidate))) {
    await takeBack(turn, recorded);
    return 'moved';
  }
  const action = { mergeRequest: recorded.id, rig: rig.name, actor: turn.caller.actor };
  await finishMerge(action, recorded.request, { commit: candidate.commit }, town.context);
  return { ...result, landed: candidate.commit, ...(await cleanUp(turn, request.branch)) };
}

function note(turn: Turn, name: LandingCheckName, outcome: LandingCheck['outcome'], detail?: string): void {
  turn.checks.push({ name, outcome, ...(detail === undefined ? {} : { detail }) });
}

/** Records a failed check. @throws UserError unless it is a dry run, which continues as far as possible */
function fail(turn: Turn, name: LandingCheckName, problem: string, hint: string): void {
  note(turn, name, 'failed', problem);
  if (!turn.landing.dryRun) throw new UserError(`${turn.agent} was not landed: ${problem}`, hint, 'conflict');
}

function checkSession(turn: Turn): void {
  const { town, agent, landing } = turn;
  if (!hasSession(town.context, agent)) return note(turn, 'session', 'passed');
  if (landing.force) return note(turn, 'session', 'skipped', 'its session is still running and will be ended');
  fail(turn, 'session', 'its session still runs', `end it first: "gt stop ${agent}"; or use --force`);
}

/** Checks the worktree. @returns the commit to land */
async function checkWorktree(turn: Turn): Promise<string> {
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

/** The merge request for the landing, whether the work was submitted or not. */
function requestOf({ submitted, target, bead, rig, agent, caller, landing, town }: Turn, commit: string): MergeRequest {
  const before = submitted && mergeOf(submitted);
  return {
    ...(before ?? { source: bead.id, rig: rig.name, branch: workOf(bead).branch!, worker: agent, retries: 0 }),
    target,
    commit,
    direct: {
      by: caller.actor,
      at: town.context.clock.now().toISOString(),
      ...(landing.force ? { force: true } : {}),
      ...(landing.skipTests ? { skipTests: true } : {}),
    },
  };
}

/** The commit that would land, and its base. */
interface PlacedChange {
  commit: string;
  base: LandingBase;
}

/** Builds the commit. @returns the change that would land; undefined in a dry run of a change that conflicts */
async function checkConflicts(turn: Turn, request: MergeRequest): Promise<PlacedChange | undefined> {
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
    return { commit: candidate.commit, base };
  }
  // Cannot be skipped: without it there is no commit to land.
  fail(turn, 'conflicts', candidate.why.problem, candidate.why.feedback);
  return undefined;
}

async function checkTests(turn: Turn, commit: string): Promise<Check[]> {
  const { town, rig, bead, submitted, target } = turn;
  const recorder = new CheckRecorder(town.context.clock);
  const result = await rig.runGates(commit, { mergeRequest: submitted?.id ?? bead.id, target }, recorder.onGate);
  const checks = recorder.results(rig.gates, result);
  if (result.passed) {
    note(turn, 'tests', 'passed', checks.map(({ gate }) => gate).join(', ') || 'the rig has no gates');
    return checks;
  }
  fail(
    turn,
    'tests',
    `the gate "${result.gate}" ${result.problem}`,
    `its output: "gt mq log ${bead.id}"\n\n${result.output}`,
  );
  return checks;
}

/** Records the landing before the push, so that the queue finds the commit after a crash. */
async function record(
  turn: Turn,
  request: MergeRequest,
  { candidate, checks }: { candidate: string; checks: Check[] },
): Promise<{ id: string; request: MergeRequest; before: Bead | undefined; source: Bead }> {
  const { town, caller, bead, rig, agent } = turn;
  return town.context.store.batch(caller, (tx) => {
    const source = tx.get(bead.id);
    const before = turn.submitted && tx.get(turn.submitted.id);
    if (!source || isClosed(source.status) || source.assignee !== agent || (before && isClosed(before.status)))
      throw new UserError(`${bead.id} has changed meanwhile: nothing has landed`, 'look at it again', 'conflict');
    if (hasSession(town.context, agent) && !turn.landing.force)
      throw new UserError(
        `${agent} was started meanwhile: nothing has landed`,
        `end it: "gt stop ${agent}"`,
        'conflict',
      );
    const direct = request.direct && { ...request.direct, commit: candidate };
    const merge: MergeRequest = { ...request, direct, candidate, ...(checks.length > 0 ? { checks } : {}) };
    const id = before ? updated(tx, before, merge) : created(tx, rig.name, source, merge);
    tx.update(source.id, { status: 'in_review', metadata: withWork(source, { candidate, problem: undefined }) });
    tx.event({
      type: 'landed_directly',
      bead: source.id,
      agent,
      rig: rig.name,
      new: candidate,
      message: [request.direct?.force ? '--force' : '', request.direct?.skipTests ? '--skip-tests' : '']
        .filter(Boolean)
        .join(' '),
    });
    return { id, request: merge, before, source };
  });
}

function updated(tx: Transaction, before: Bead, merge: MergeRequest): string {
  tx.update(before.id, { status: 'in_progress', metadata: withMerge(before, merge) });
  return before.id;
}

function created(tx: Transaction, rig: string, source: Bead, merge: MergeRequest): string {
  return tx.create(rig, {
    title: `Merge: ${source.title}`.slice(0, 400),
    type: MERGE_REQUEST,
    status: 'in_progress',
    priority: source.priority,
    metadata: { merge },
  }).id;
}

/** Pushes by compare-and-set, like the queue. A failed push may have arrived: the queue detects that. */
async function push(
  { town, caller, rig, bead }: Turn,
  request: string,
  { commit, base }: PlacedChange,
): Promise<boolean> {
  try {
    return await rig.land(commit, base);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    await town.context.store.batch(caller, (tx) => tx.update(request, { status: 'open' }));
    throw new UserError(
      `${bead.id} could not be pushed: ${error.message}`,
      [error.hint, `it is in the merge queue now: "gt mq status ${bead.id}"`].filter(Boolean).join('; '),
      error.code,
    );
  }
}

/** Restores the previous state if nothing was pushed. */
async function takeBack(
  { town, caller }: Turn,
  { id, before, source }: { id: string; before: Bead | undefined; source: Bead },
): Promise<void> {
  await town.context.store.batch(caller, (tx) => {
    if (before) tx.update(id, { status: before.status, metadata: before.metadata ?? {} });
    else tx.close(id, 'Not landed: the target moved', { force: true });
    tx.update(source.id, { status: source.status, metadata: source.metadata ?? {} });
  });
}

/** Removes the worktree and branch of landed work. Uncommitted changes are kept in a snapshot. */
async function cleanUp(
  { town, rig, name, bead }: Turn,
  branch: string,
): Promise<Pick<DirectLandingResult, 'snapshot' | 'keptBranch'>> {
  const snapshot = await town.engine
    .exclusive(worktreeKey(rig.name, name), () => rig.retireWorktree(name, bead.id))
    .catch(() => undefined); // the engine removes it later, and notifies a person if that fails
  return {
    ...(snapshot === undefined ? {} : { snapshot }),
    ...((await rig.branchTip(branch)) === undefined ? {} : { keptBranch: true }),
  };
}

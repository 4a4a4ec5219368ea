import { UserError } from '../../base/errors';
import type { Transaction } from '../../beads/store';
import { graphOf } from '../../formulas/pour/molecule';
import type { Bead } from '../../protocol/bead';
import type { CallContext } from '../../protocol/dispatcher';
import type { DirectLandingResult } from '../../protocol/town';
import { fullAddress } from '../../town/layout';
import { mergeKey, worktreeKey } from '../loop/action';
import { targetOf } from '../convoys/feature';
import { requireRig, type EngineContext } from '../loop/context';
import { finishLastStep } from '../molecules/molecules';
import { refuseOpenSteps } from '../molecules/openSteps';
import { requirePolecat } from '../supervision/polecats';
import {
  isClosed,
  MERGE_REQUEST,
  mergeOf,
  withMerge,
  withWork,
  workOf,
  type Check,
  type MergeRequest,
} from '../state/work';
import {
  checkConflicts,
  checkSession,
  checkTests,
  checkWorktree,
  note,
  type DirectLanding,
  type LandingTown,
  type PlacedChange,
  type Turn,
} from './directLandingChecks';
import { takenIn } from './takenRequests';
import { finishMerge } from './finishMerge';
import { requestsIn } from './requestIndex';
import { hasSession, workOfPolecat } from './submit';

/** Maximum number of attempts if the target moves meanwhile. */
const MAX_TRIES = 3;

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
    const turn: Turn = {
      town,
      caller,
      landing,
      agent,
      rig: port,
      name,
      bead,
      submitted,
      target,
      checks: [],
      taken: [],
    };
    refuseOpenSteps(graphOf(town.context.store), bead);
    return takingRequest(turn, () => landInTurn(turn));
  });
}

/** Runs a task while no rule starts anything for the merge requests of the work. */
async function takingRequest<T>(turn: Turn, task: () => Promise<T>): Promise<T> {
  if (turn.submitted) take(turn, turn.submitted.id);
  try {
    return await task();
  } finally {
    takenIn(turn.town.context.store).release(turn.taken);
  }
}

function take({ town, taken }: Turn, request: string): void {
  takenIn(town.context.store).take([request]);
  taken.push(request);
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
  const checks = landing.skipTests ? [] : await checkTests(turn, candidate);
  const recorded = await record(turn, request, { candidate: candidate.commit, checks });
  if (!(await push(turn, recorded.id, candidate))) {
    await takeBack(turn, recorded);
    return 'moved';
  }
  const action = { mergeRequest: recorded.id, rig: rig.name, actor: turn.caller.actor };
  await finishMerge(action, recorded.request, { commit: candidate.commit }, town.context);
  return { ...result, landed: candidate.commit, ...(await cleanUp(turn, request.branch)) };
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

/** Records the landing before the push, so that the queue finds the commit after a crash. */
async function record(
  turn: Turn,
  request: MergeRequest,
  { candidate, checks }: { candidate: string; checks: Check[] },
): Promise<{ id: string; request: MergeRequest; before: Bead | undefined; source: Bead; steps: Bead[] }> {
  const { town, caller, bead, rig, agent } = turn;
  return town.context.store.batch(caller, (tx) => {
    const source = tx.get(bead.id);
    const before = turn.submitted && tx.get(turn.submitted.id);
    if (!source || isClosed(source.status) || source.assignee !== agent || (before && isClosed(before.status)))
      throw new UserError(`${bead.id} has changed meanwhile: nothing has landed`, 'look at it again', 'conflict');
    refuseOpenSteps(tx.view, source);
    if (hasSession(town.context, agent) && !turn.landing.force)
      throw new UserError(
        `${agent} was started meanwhile: nothing has landed`,
        `end it: "gt stop ${agent}"`,
        'conflict',
      );
    const direct = request.direct && { ...request.direct, commit: candidate };
    // A verdict may have been given since the request was read.
    const { target, commit } = request;
    const merge: MergeRequest = {
      ...((before && mergeOf(before)) ?? request),
      ...{ target, commit, direct, candidate },
      ...(checks.length > 0 ? { checks } : {}),
    };
    const id = before ? updated(tx, before, merge) : created(tx, rig.name, source, merge);
    if (!before) take(turn, id);
    tx.update(source.id, { status: 'in_review', metadata: withWork(source, { candidate, problem: undefined }) });
    const steps = finishLastStep(tx, source, 'landed directly');
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
    return { id, request: merge, before, source, steps };
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
  { id, before, source, steps }: { id: string; before: Bead | undefined; source: Bead; steps: Bead[] },
): Promise<void> {
  await town.context.store.batch(caller, (tx) => {
    for (const { id: step, status } of steps) {
      if (!isClosed(tx.get(step)?.status ?? 'open')) continue;
      tx.reopen(step);
      tx.update(step, { status });
    }
    if (isClosed(tx.get(id)?.status ?? 'closed')) return; // somebody has closed it meanwhile
    if (before) tx.update(id, { status: before.status, metadata: before.metadata ?? {} });
    else tx.close(id, 'Not landed: the target moved', { force: true });
    const isOpen = !isClosed(tx.get(source.id)?.status ?? 'closed');
    if (isOpen) tx.update(source.id, { status: source.status, metadata: source.metadata ?? {} });
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

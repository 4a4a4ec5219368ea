import { AbortedError } from '../../base/abort';
import { UserError } from '../../base/errors';
import type { LandingBase } from '../../git/landingBase';
import { StaleAction, type EngineContext } from '../loop/context';
import { Batch, type Link, type Member, type MergeAction } from './batch';
import { SINGLE_REQUESTS, windowAfterFailure, windowAfterSuccess } from './batchSize';
import { recordCandidates } from './candidate';
import { buildChain, finishWithoutGates } from './chain';
import { holdForTarget } from './deferMerge';
import { gateFeedback } from './feedback';
import { GateEvents, testedCommits, verdictOnLinks } from './gateEvents';
import { preparedIn } from './preparedBatches';
import { recordPullRequest, requestFor } from './pullRequests/openPullRequest';
import { searchesIn } from './searches';
import { testChain } from './testChain';
import type { TestPrefix, Verdict } from './verdict';

/**
 * Processes one batch: builds a chain of candidates, one for each request, checks the approvals against it, runs the
 * gates on exactly the commit that would land, pushes it by compare-and-set, and only then closes the beads. A failing
 * request is found by bisection and goes back; requests before it land, those after it wait for the next batch. It is
 * safe to run it again after a crash at any point: landed commits are found on the landing branch.
 */
export async function merge(action: MergeAction, context: EngineContext): Promise<void> {
  const batch = await Batch.begin(action, context);
  let isInterrupted = false;
  try {
    await takeTurn(batch, action.maxBatch);
  } catch (error) {
    isInterrupted = error instanceof AbortedError;
    if (isInterrupted || error instanceof StaleAction) throw error;
    await deferAll(batch, error);
  } finally {
    // An interrupted merge is shown as in progress until the next server resumes it.
    if (!isInterrupted) await batch.release();
    batch.end();
  }
}

/**
 * Maximum number of tries of a lane whose target is moved by other lanes. The results of its gates hold, because they
 * depend on its own parts: another try costs only a new chain.
 */
const LANE_TRIES = 5;

async function takeTurn(batch: Batch, maxBatch: number): Promise<void> {
  const tries = batch.parts === undefined ? 1 : LANE_TRIES;
  for (let left = tries - 1; left >= 0; left -= 1)
    if ((await tryToLand(batch, maxBatch, left === 0)) !== 'moved') return;
}

/** @param isLast whether its members wait for a later batch if the target moves */
async function tryToLand(batch: Batch, maxBatch: number, isLast: boolean): Promise<'moved' | undefined> {
  const { rig, target } = batch;
  await finishWithoutGates(batch);
  if (batch.members.length === 0) return undefined;
  const base = await rig.landingBase(target);
  const prepared = preparedIn(batch.context.store);
  const next = prepared.take(
    batch.queue,
    base.commit,
    batch.members.map(({ id }) => id),
  );
  // The requests after it are then prepared on top of it.
  if (next) await batch.release(batch.members.slice(next.requests.length));
  const chain = await buildChain(batch, base.commit, next?.links);
  if (chain.length === 0) {
    prepared.cancel(batch.queue);
    return undefined;
  }
  prepared.begin(batch.queue, chain.at(-1)!.commit);
  let outcome: Outcome = 'partial';
  try {
    outcome = await testAndLand(batch, { chain, base, maxBatch, isLast });
  } finally {
    if (outcome === 'whole') prepared.end(batch.queue);
    else prepared.cancel(batch.queue);
  }
  return outcome === 'moved' ? 'moved' : undefined;
}

/** `moved`: nothing has landed, because the target branch moved meanwhile; the members are still in the batch. */
type Landing = 'landed' | 'moved' | 'failed';

/** `whole`: the whole chain has landed; `partial`: a part of it or nothing. */
type Outcome = 'whole' | 'partial' | 'moved';

/** A chain that is tested and landed. */
interface Attempt {
  chain: readonly Link[];
  base: LandingBase;
  maxBatch: number;
  isLast: boolean;
}

/** What the gates said about a chain. */
interface Tested {
  verdict: Verdict;
  /** The commit that failed last, if there is a culprit: in the mode "each" not always the last one of its change. */
  failedCommit: string | undefined;
  /** A culprit is confirmed outside of the queue, which goes on without it. */
  leavesSearch: boolean;
  /** The setting for flaky gates when the tests began. */
  retries: number;
}

/** Tests a chain and lands its good part. */
async function testAndLand(batch: Batch, attempt: Attempt): Promise<Outcome> {
  const { chain, base } = attempt;
  const tested = await testLinks(batch, attempt);
  const { verdict } = tested;
  const good = chain.slice(0, verdict.good);
  const landing = good.length === 0 ? 'landed' : await land(batch, good, base);
  const hasLanded = landing === 'landed';
  if (landing === 'moved' && attempt.isLast) await batch.defer(good, new Error('the target branch moved'));
  if (verdict.culprit) await blame(batch, attempt, tested, hasLanded ? good.at(-1)?.commit : undefined);
  if (verdict.targetFailure) await holdForTarget(batch.rigName, chain, verdict.targetFailure, batch.context);
  adjustWindow(batch, attempt, tested, hasLanded);
  if (hasLanded && !verdict.targetFailure && !verdict.culprit) return 'whole';
  return landing === 'moved' ? 'moved' : 'partial';
}

async function testLinks(batch: Batch, { chain, base }: Attempt): Promise<Tested> {
  const { mode, flakyRetries: retries, gateRuns: width } = batch.rig.mergeQueue;
  const commits = testedCommits(chain, mode);
  const gates = new GateEvents(batch, chain, commits, base.commit);
  const test: TestPrefix = async (length, run) => {
    const result = await gates.test(length, run);
    if (!result.passed) preparedIn(batch.context.store).cancel(batch.queue); // they are based on a failing chain
    return result;
  };
  // With one gate run at a time, the others would have to wait in any case.
  const leavesSearch = width > 1;
  const found = await testChain(commits.length, test, { mode, retries, width, leavesSearch });
  await gates.record(found, leavesSearch && needsMore(found, retries));
  const failedCommit = found.culprit && commits[found.culprit.link - 1]?.commit;
  return { verdict: verdictOnLinks(commits, found), failedCommit, leavesSearch, retries };
}

/** Sends the culprit back, or searches for it and confirms it while the queue goes on. @param before what landed before it */
async function blame(
  batch: Batch,
  { chain, base }: Attempt,
  { verdict, failedCommit, leavesSearch, retries }: Tested,
  before: string | undefined,
): Promise<void> {
  const { culprit } = verdict;
  if (!culprit) return;
  const link = chain[culprit.link - 1]!;
  if (culprit.first !== undefined)
    searchesIn(batch.context.store).add({
      rig: batch.rigName,
      target: batch.target,
      failure: culprit.failure,
      base: chain[verdict.good - 1]?.commit ?? base.commit,
      links: chain.slice(culprit.first - 1, culprit.link),
    });
  else if (leavesSearch && needsMore(verdict, retries))
    await batch.suspect(link, culprit.failure, { commit: failedCommit!, base: base.commit, before });
  else await batch.reject(link, gateFeedback(culprit.failure, before));
}

/** The size of the next batches, by how this one went. */
function adjustWindow(
  { rig, target }: Batch,
  { chain, maxBatch }: Attempt,
  { verdict, leavesSearch }: Tested,
  hasLanded: boolean,
): void {
  const window = rig.mergeWindow(target);
  if (verdict.targetFailure)
    rig.recordMergeWindow(SINGLE_REQUESTS, target); // one of the others may repair the target
  else if (verdict.culprit) {
    if (!leavesSearch) rig.recordMergeWindow(windowAfterFailure(window, chain.length), target);
  } else if (hasLanded) rig.recordMergeWindow(windowAfterSuccess(window, chain.length, maxBatch), target);
}

/** Whether the gate has to run again before a change can be blamed. */
function needsMore({ culprit }: Verdict, retries: number): boolean {
  return culprit !== undefined && (culprit.first !== undefined || (retries > 0 && !culprit.failure.confirmed));
}

/** Pushes links and closes their beads. `failed`: the members wait. */
async function land(batch: Batch, links: readonly Link[], base: LandingBase): Promise<Landing> {
  if (batch.rig.mergeQueue.strategy === 'pr' && batch.target === undefined) return openPullRequest(batch, links, base);
  try {
    await recordCandidates(links, batch.rigName, batch.context);
    if (!(await batch.rig.land(links.at(-1)!.commit, base))) return 'moved';
  } catch (error) {
    if (error instanceof StaleAction || error instanceof AbortedError) throw error;
    await deferAll(batch, error, links);
    return 'failed';
  }
  await batch.finish(links.map((link) => ({ member: link, ending: { commit: link.commit } })));
  return 'landed';
}

/** Opens a pull request, which is watched from now on. @returns `failed`, because nothing has landed yet */
async function openPullRequest(batch: Batch, links: readonly Link[], base: LandingBase): Promise<Landing> {
  // Only the first one is based directly on the target; the settings may have changed since the batch was chosen.
  const [link] = links;
  const { context, rig } = batch;
  try {
    const request = requestFor(link!, context);
    const opened = await rig.pullRequests.open(link!.commit, request, link!.request.pullRequest);
    await recordPullRequest(
      link!,
      { ...opened, branch: request.branch, head: link!.commit, base: base.expected ?? base.commit },
      context,
    );
    batch.forget([link!]);
  } catch (error) {
    if (error instanceof StaleAction || error instanceof AbortedError) throw error;
    await batch.defer([link!], error);
  }
  return 'failed';
}

/** Defers a failed batch. If one member may be the cause, the next batches are smaller to find it. */
async function deferAll(batch: Batch, error: unknown, members: readonly Member[] = batch.members): Promise<void> {
  const { rig, target } = batch;
  if (members.length > 1) {
    if (error instanceof UserError && error.code === 'refused') {
      rig.recordMergeWindow(SINGLE_REQUESTS, target);
      return batch.release(members);
    }
    rig.recordMergeWindow(windowAfterFailure(rig.mergeWindow(target), members.length), target);
  }
  await batch.defer(members, error);
}

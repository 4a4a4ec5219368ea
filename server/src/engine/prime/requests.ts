import type { BeadStore } from '../../beads/store';
import { graphOf, inspectMolecule } from '../../formulas/pour/molecule';
import type { PrimeResult } from '../../protocol/agent';
import type { Bead } from '../../protocol/bead';
import type { CallContext, Dispatcher } from '../../protocol/dispatcher';
import { Prime, type BeadInfo, type TownInfo, type TownSnapshot } from '../../protocol/town';
import { changeHistory } from '../../git/changeHistory';
import type { Rigs } from '../../rigs/registry';
import { parseAddress, parseReviewer, type TownLayout } from '../../town/layout';
import { isCollected } from '../convoys/feature';
import { hookedBead } from '../dispatch/done';
import { requireAgent } from '../dispatch/requests';
import { escalations } from '../escalation/escalation';
import type { EngineContext } from '../loop/context';
import { inbox, mailInfo, markDelivered, ownAddresses } from '../mail/mail';
import { MAYOR, openRequests } from '../mayor/mayor';
import { moleculeOfBead } from '../molecules/molecules';
import { reviewOf } from '../review/review';
import { reviewersOf, reviewerTitle } from '../review/reviewers';
import type { Projection } from '../state/projection';
import { CONVOY, slingableTypes, trackedIds, workOf } from '../state/work';
import { crewPrime } from './crewText';
import { mailSection } from './mailText';
import { mayorPrime } from './mayorText';
import { primeText } from './polecatText';
import { reviewerPrime } from './reviewerText';
import { primeSteps } from './stepsText';

/** Maximum number of ready beads in the text. */
const READY_LIMIT = 30;

export interface PrimeTown {
  readonly dispatcher: Dispatcher;
  readonly layout: Pick<TownLayout, 'locationOf'>;
  readonly store: BeadStore;
  readonly rigs: Pick<Rigs, 'get' | 'require'>;
  readonly engineContext: EngineContext;
  readonly projection: Projection;
  info(): TownInfo;
  snapshot(): TownSnapshot;
}

/** `gt prime`: the instructions for an agent at the start of its session, by role, and its unread mail. */
export function registerPrimeHandler(town: PrimeTown): void {
  town.dispatcher.on(Prime.spec, async (_params, caller) => addMail(town, caller, await primeOf(town, caller)));
}

async function primeOf(town: PrimeTown, caller: CallContext): Promise<PrimeResult> {
  const agent = requireAgent(caller);
  const location = town.layout.locationOf(agent);
  if (location?.role === 'mayor') return { text: mayor(town) };
  if (location?.role === 'refinery') return reviewer(town, agent);
  if (location?.role === 'crew' && location.rig !== undefined) return { text: crew(town, agent, location.rig) };
  return polecat(town, agent);
}

async function addMail(town: PrimeTown, caller: CallContext, prime: PrimeResult): Promise<PrimeResult> {
  if (caller.session === undefined) return prime;
  // The Mayor's mail waits until it is acknowledged: the Mayor is started for it.
  const mails = inbox(town.store, { addresses: ownAddresses(caller), unread: caller.agent !== MAYOR });
  if (mails.length === 0) return prime;
  await markDelivered(town.store, caller.actor, mails);
  return { ...prime, text: `${prime.text}\n${mailSection(mails.map(mailInfo))}` };
}

function polecat(town: PrimeTown, agent: string): PrimeResult {
  const { store, rigs, engineContext } = town;
  const address = parseAddress(agent);
  const bead = hookedBead(engineContext, agent);
  const rig = address ? rigs.get(address.rig) : undefined;
  const work = bead && workOf(bead);
  const text = primeText({
    agent,
    rig: address?.rig ?? '',
    town: town.info().name,
    bead,
    attempt: work?.attempt ?? 0,
    feedback: work?.feedback,
    branch: work?.branch,
    gates: rig?.gates ?? [],
    canVerify: rig?.mergeQueue.preVerified ?? false,
    handoff: work?.handoff?.message,
    reviews: work?.reviews,
    reviewed: rig !== undefined && rig.review !== 'off',
    steps: bead && stepsOf(store, bead),
  });
  return { text, bead: bead?.id };
}

function stepsOf(store: BeadStore, bead: Bead): string | undefined {
  const molecule = moleculeOfBead(store, bead);
  return molecule && primeSteps(inspectMolecule(graphOf(store), molecule));
}

async function reviewer(town: PrimeTown, agent: string): Promise<PrimeResult> {
  const { bead, request } = reviewOf(town.engineContext, agent) ?? {};
  const rig = town.rigs.require(agent.split('/')[0]!);
  const source = request && town.store.get(request.source);
  const review = request?.review;
  const depth = rig.settings.review_depth;
  const { reviewers, needed } = reviewersOf(rig.review);
  const own = parseReviewer(agent)?.reviewer;
  const change = bead &&
    source &&
    review && {
      bead: source,
      parts: source.issue_type === CONVOY ? collectedBeads(town.store, source) : [],
      mergeRequest: bead.id,
      worker: request.worker,
      note: request.note,
      base: review.base,
      commit: review.commit,
      diff: await rig.diff(review.base, review.commit),
      reviews: workOf(source).reviews,
      ...(depth === 'deep' ? { history: await changeHistory(rig.repository, { tip: request.commit, ...review }) } : {}),
    };
  return {
    text: reviewerPrime({
      agent,
      rig: rig.name,
      town: town.info().name,
      change,
      gates: rig.gates,
      depth,
      others: { names: reviewers.filter((name) => name !== own).map(reviewerTitle), needed },
    }),
    bead: source?.id,
  };
}

function collectedBeads(store: BeadStore, convoy: Bead): Bead[] {
  return trackedIds(convoy).flatMap((id) => {
    const bead = store.get(id);
    return bead && isCollected(bead) ? [bead] : [];
  });
}

function crew(town: PrimeTown, agent: string, rig: string): string {
  return crewPrime({ agent, rig, town: town.info().name, ready: ready(town, rig) });
}

function mayor(town: PrimeTown): string {
  const { store } = town;
  const { agents, convoys, rigs } = town.snapshot();
  const { name, up } = town.info();
  return mayorPrime({
    town: name,
    up,
    rigs,
    ready: ready(town),
    convoys: convoys.filter((convoy) => convoy.status !== 'closed'),
    agents,
    escalations: escalations(store),
    requests: openRequests(store),
    unreadMail: inbox(store, { addresses: [MAYOR], unread: true }).length,
  });
}

function ready({ store, rigs, projection }: PrimeTown, rig?: string): BeadInfo[] {
  const beads = store.ready({ ledger: rig, type: [...slingableTypes], limit: READY_LIMIT });
  return projection.beadInfos(
    beads.filter((bead) => {
      const ledger = store.ledgerOf(bead.id);
      return ledger !== undefined && rigs.get(ledger) !== undefined;
    }),
  );
}

import { plural } from '../../base/text';
import type { BeadStore } from '../../beads/store';
import { escalations } from '../../engine/escalation/escalation';
import { isForPerson } from '../../engine/mail/addresses';
import { inbox, mailInfo } from '../../engine/mail/mail';
import { planOf } from '../../engine/mayor/mayor';
import { needsPerson } from '../../engine/mergeQueue/mergeRequests';
import { requestsIn } from '../../engine/mergeQueue/requestIndex';
import { openBlockers } from '../../beads/index/blocking';
import { isHumanGate } from '../../beads/model/closing';
import { attachedTo, moleculeAbove } from '../../beads/model/molecule';
import { isHooked } from '../../engine/state/townView';
import { answeredByPerson, reviewersOf, reviewerTitle, unansweredBy } from '../../engine/review/reviewers';
import { CONVOY, mergeOf, trackedIds, workOf, type MergeRequest } from '../../engine/state/work';
import { graphOf } from '../../formulas/pour/molecule';
import type { AttentionInfo, ReviewSetting } from '../../protocol/town';
import type { Rigs } from '../../rigs/registry';
import type { SessionView } from '../../sessions/types';
import { commandsOf } from '../../town/config';

export interface AttentionSources {
  store: BeadStore;
  rigs: Rigs;
  sessions: readonly SessionView[];
  /** Scripts and runtimes that wait for a person's consent, and unreadable settings. */
  openConsents(): AttentionInfo[];
  reviewSetting(rig: string): ReviewSetting;
}

/** Everything that needs a person. */
export function attentionInfos(sources: AttentionSources): AttentionInfo[] {
  return [
    ...escalationItems(sources),
    ...inputs(sources),
    ...gates(sources),
    ...plans(sources),
    ...mails(sources),
    ...reviews(sources),
    ...sources.openConsents(),
    ...rigConsents(sources),
    ...fastForwards(sources),
  ];
}

function escalationItems(sources: AttentionSources): AttentionInfo[] {
  return escalations(sources.store).map(({ id, title, detail, bead, rig, agent, severity, state }) => ({
    id,
    kind: 'escalation',
    title,
    detail,
    bead,
    rig,
    agent,
    severity,
    ...(state === 'acked' ? { acked: true } : {}),
  }));
}

/** Plans of the Mayor that are not launched yet. */
function plans(sources: AttentionSources): AttentionInfo[] {
  return sources.store
    .list({ type: [CONVOY], ledger: 'hq', status: ['staged_ready', 'staged_warnings'], limit: 0 })
    .flatMap((convoy): AttentionInfo[] => {
      const plan = planOf(convoy);
      if (!plan) return [];
      const asked = sources.store.get(plan.request)?.title;
      const beads = trackedIds(convoy).length;
      return [
        {
          id: `plan-${convoy.id}`,
          kind: 'plan',
          convoy: convoy.id,
          title: `The Mayor has a plan: ${convoy.title}`,
          detail: [
            asked && `You asked: ${asked}`,
            plan.note,
            `${beads} ${beads === 1 ? 'bead is' : 'beads are'} staged in ${convoy.id}. Nothing starts until you launch it.`,
          ]
            .filter(Boolean)
            .join('\n\n'),
        },
      ];
    });
}

/** Agents whose programs wait for an answer, which is never typed automatically. */
function inputs(sources: AttentionSources): AttentionInfo[] {
  return sources.sessions
    .filter((session) => !session.exit && session.asks !== undefined)
    .map((session) => ({
      id: `input-${session.id}`,
      kind: 'input',
      rig: session.rig,
      bead: session.role === 'polecat' ? session.bead : undefined,
      agent: session.agent,
      title: `${session.agent} waits for you: it ${session.asks}`,
      detail: `Its program ${session.asks}. Answer in its terminal; it then continues automatically.`,
    }));
}

/** Gates that only a person opens, once nothing else blocks their step. */
function gates({ store }: AttentionSources): AttentionInfo[] {
  const graph = graphOf(store);
  const open = [false, true].flatMap((ephemeral) => store.list({ type: ['gate'], ephemeral, limit: 0 }));
  return open
    .filter((gate) => isHumanGate(gate) && openBlockers(graph, gate).length === 0)
    .flatMap((gate): AttentionInfo[] => {
      const molecule = moleculeAbove(store, gate);
      const bead = molecule && store.get(attachedTo(molecule) ?? '');
      if (!molecule || (bead && workOf(bead).slung === undefined && !isHooked(bead))) return [];
      const held = store.dependents(gate.id, 'blocks').map(({ title }) => title);
      return [
        {
          id: `gate-${gate.id}`,
          kind: 'gate',
          gate: gate.id,
          bead: bead?.id,
          rig: store.ledgerOf(gate.id),
          title: `${bead?.title ?? molecule.title} waits for you: open the gate before ${held[0] ?? gate.title}`,
          detail: [
            gate.description,
            `It blocks: ${held.join(', ') || 'nothing any more'}. Open it here, or with "bd close ${gate.id}".`,
          ]
            .filter(Boolean)
            .join('\n\n'),
        },
      ];
    });
}

/** Unread mail to people, regardless of the recipient: one of them has to see it. */
function mails(sources: AttentionSources): AttentionInfo[] {
  return inbox(sources.store, { unread: true })
    .map(mailInfo)
    .filter((mail) => isForPerson(mail.to))
    .map((mail) => ({
      id: mail.id,
      kind: 'mail',
      title: `${mail.from}: ${mail.subject}`,
      detail: mail.body,
      from: mail.from,
    }));
}

function reviews(sources: AttentionSources): AttentionInfo[] {
  return requestsIn(sources.store)
    .waiting()
    .flatMap((bead): AttentionInfo[] => {
      const request = mergeOf(bead);
      if (!request || !needsPerson(bead, request, sources.reviewSetting(request.rig))) return [];
      const title = sources.store.get(request.source)?.title ?? bead.title;
      return [
        {
          id: `review-${bead.id}`,
          kind: 'review',
          rig: request.rig,
          bead: request.source,
          agent: request.worker,
          mergeRequest: bead.id,
          title: `Review ${request.source}: ${title}`,
          detail: [
            `${request.worker} has finished ${request.source}. ${effectOf(sources.reviewSetting(request.rig), request)}`,
            request.note,
          ]
            .filter(Boolean)
            .join('\n\n'),
        },
      ];
    });
}

/** The effect of the user's approval, if there are other reviewers, too. */
function effectOf(setting: ReviewSetting, { review }: MergeRequest): string {
  const states = review?.reviewers ?? {};
  const mine = answeredByPerson(setting, states, false);
  const others = unansweredBy(setting, states).filter((reviewer) => !mine.includes(reviewer));
  return others.length > 0 && reviewersOf(setting).needed === 'all'
    ? `It is merged once you and ${others.map(reviewerTitle).join(', ')} have approved it.`
    : 'It is merged once you approve it.';
}

function rigConsents(sources: AttentionSources): AttentionInfo[] {
  return sources.rigs
    .all()
    .filter((rig) => !sources.rigs.isAccepted(rig))
    .map((rig) => {
      const text = commandsOf(rig.settings)
        .map((gate) => `${gate.name}: ${gate.command}`)
        .join('\n');
      return {
        id: `consent-rig-${rig.name}`,
        kind: 'consent',
        rig: rig.name,
        title: `${rig.name}: allow Gas Town to run these commands?`,
        detail: `These commands run on every change before it is merged into ${rig.name}:\n\n${text}`,
        consent: { kind: 'rig-commands', hash: sources.rigs.consentHash(rig), text },
      };
    });
}

function fastForwards(sources: AttentionSources): AttentionInfo[] {
  return sources.rigs.all().flatMap((rig): AttentionInfo[] => {
    const state = sources.rigs.info(rig).fastForward;
    if (!state) return [];
    const commits = plural(state.commits, 'commit');
    return [
      {
        id: `fast-forward-${rig.name}`,
        kind: 'fast-forward',
        rig: rig.name,
        title: `${rig.name}: ${commits} ready for ${rig.config.default_branch}`,
        detail: `${commits} of merged work in ${rig.repository.landing} of ${rig.config.git_url}: fast-forward ${rig.config.default_branch} to them.${state.clean ? '' : ' The folder has uncommitted changes; commit or stash them first.'}`,
      },
    ];
  });
}

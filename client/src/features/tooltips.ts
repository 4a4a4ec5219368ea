import type { AgentInfo, BeadInfo, ConvoyInfo, RigInfo, StepInfo } from '../../../server/src/protocol/town';
import { l10n } from '../base/l10n';
import { escapeMarkdown, fenced, oneLine } from '../base/text';
import { workerOf } from '../state/queries';
import type { TownStore } from '../state/townStore';
import { agentState } from './agents/agentRows';
import { beadState } from './beads/beadText';
import type { RowTarget } from '../ui/tree/row';

/** Markdown for the hover of a row; made when it is asked for. Pure. */
export function tooltipOf(store: TownStore, target: RowTarget): string | undefined {
  switch (target.kind) {
    case 'convoy':
      return apply(store.convoys.get(target.id), convoyTooltip);
    case 'bead':
      return apply(store.beads.get(target.id), (bead) => beadTooltip(store, bead));
    case 'agent':
      return apply(store.agents.get(target.id), agentTooltip);
    case 'rig':
      return apply(store.rigs.get(target.id), rigTooltip);
    case 'attention':
      return apply(store.attention.get(target.id), (item) =>
        paragraphs([`**${say(item.title, 300)}**`, say(item.detail, 2000)]),
      );
    case 'town':
      return apply(store.town, (town) =>
        paragraphs([
          `**${say(town.name)}**`,
          say(town.root, 400),
          l10n.t('Default agent: {0}', say(town.defaultAgent)),
        ]),
      );
    case 'group':
      return undefined;
  }
}

function apply<T>(item: T | undefined, make: (item: T) => string): string | undefined {
  return item === undefined ? undefined : make(item);
}

function convoyTooltip(convoy: ConvoyInfo): string {
  return paragraphs([
    `**${say(convoy.title, 300)}**`,
    l10n.t('{0}: {1} of {2} done', say(convoy.id), convoy.done, convoy.total),
    convoy.launchedAt && l10n.t('Launched {0}', when(convoy.launchedAt)),
    convoy.landedAt && l10n.t('Landed {0}', when(convoy.landedAt)),
  ]);
}

function beadTooltip(store: TownStore, bead: BeadInfo): string {
  const worker = workerOf(store, bead);
  return paragraphs([
    `**${say(bead.title, 300)}**`,
    [say(bead.id), say(bead.type), `P${bead.priority}`, ...(bead.rig ? [say(bead.rig)] : [])].join(' · '),
    say(beadState(store, bead), 400),
    bead.blockedBy.length > 0 &&
      l10n.t(
        'Waits for: {0}',
        bead.blockedBy.map((id) => `${say(id)} ${say(store.beads.get(id)?.title ?? '')}`).join(', '),
      ),
    worker && l10n.t('Agent: {0}', say(worker.id)),
    bead.step && stepLine(bead.step),
    bead.problem && `$(warning) ${say(bead.problem, 600)}`,
  ]);
}

function agentTooltip(agent: AgentInfo): string {
  return paragraphs([
    `**${say(agent.id)}**`,
    say(agentState(agent), 400),
    agent.kind === 'rule' && l10n.t('A rule of the engine: it uses no model and no token.'),
    agent.bead && l10n.t('Bead: {0} {1}', say(agent.bead), say(agent.beadTitle ?? '')),
    agent.step && stepLine(agent.step),
    agent.runtime && l10n.t('Runtime: {0}', say(agent.runtime)),
    agent.since && l10n.t('Since {0}', when(agent.since)),
    agent.worktree && say(agent.worktree, 400),
  ]);
}

function stepLine(step: StepInfo): string {
  return l10n.t('Step {0} of {1}: {2}', step.index, step.total, say(step.title));
}

function rigTooltip(rig: RigInfo): string {
  return paragraphs([
    `**${say(rig.id)}** (${say(rig.prefix)}-)`,
    say(rig.source, 400),
    l10n.t('Lands on {0}, at most {1} workers', say(rig.targetBranch), rig.maxWorkers),
    rig.gates.length > 0
      ? `${l10n.t('Gates:')}\n\n${fenced(rig.gates.map((gate) => `${gate.name}: ${gate.command}`).join('\n'))}`
      : l10n.t('No gates'),
  ]);
}

function say(text: string, length = 120): string {
  return escapeMarkdown(oneLine(text, length));
}

function when(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? say(iso) : date.toLocaleString();
}

function paragraphs(parts: readonly (string | false | undefined)[]): string {
  return parts.filter((part): part is string => typeof part === 'string' && part !== '').join('\n\n');
}

import type { AgentInfo, BeadInfo, ConvoyInfo } from '../../protocol/snapshot';

/** Agents, convoys and their beads as lines for people. */

/** One agent. @param name shown name; the address, unless the rig is clear from the context */
export function agentLine(agent: AgentInfo, name = agent.id): string {
  const mark = agent.state === 'working' ? '●' : '○';
  const state = agent.kind === 'rule' && agent.state !== 'working' ? 'built-in' : agent.state;
  return `${mark} ${name} ${state} ${agent.activity ?? workText(agent)}`.trimEnd();
}

function workText({ bead, beadTitle, step }: AgentInfo): string {
  if (!bead) return '';
  return `${bead} ${beadTitle ?? ''}${step ? ` · ${step.id} (${step.index}/${step.total})` : ''}`;
}

export function convoyLines(convoy: ConvoyInfo, beads: readonly BeadInfo[]): string[] {
  const note = convoyNote(convoy);
  return [
    `${convoy.id} ${convoy.title} ${convoy.done}/${convoy.total}${note}`,
    ...convoy.beads.flatMap((id) => {
      const bead = beads.find((candidate) => candidate.id === id);
      return bead ? [`  ${beadPhaseLine(bead)}`] : [];
    }),
  ];
}

function convoyNote({ status, launchedAt, paused }: ConvoyInfo): string {
  if (status.startsWith('staged')) return ' (staged)';
  if (status === 'closed') return ' (landed)';
  if (paused) return ' (paused)';
  return launchedAt === undefined ? ' (not launched)' : '';
}

const marks: Record<BeadInfo['phase'], string> = {
  waiting: '·',
  ready: '○',
  working: '●',
  reviewing: '◔',
  queued: '◐',
  merging: '◑',
  merged: '✓',
  closed: '✓',
  failed: '✗',
  deferred: '~',
};

/** A bead of a convoy with its phase. */
export function beadPhaseLine(bead: BeadInfo): string {
  return `${beadMark(bead)} ${bead.id} ${bead.title} (${beadNotes(bead).join('; ')})`;
}

export function beadMark(bead: BeadInfo): string {
  return marks[bead.phase];
}

/** Phase, assignee and problem of a bead. */
export function beadNotes(bead: BeadInfo): string[] {
  const isFinished = bead.phase === 'merged' || bead.phase === 'closed';
  const paused = bead.why.find((reason) => reason.kind === 'convoy-paused');
  return [
    bead.phase === 'waiting' ? `waits for ${bead.blockedBy.join(', ')}` : bead.phase,
    isFinished ? '' : (bead.assignee ?? ''),
    bead.attempt > 1 ? `attempt ${bead.attempt}` : '',
    paused ? `its convoy ${paused.convoy.id} is paused` : '',
    bead.problem ?? '',
  ].filter(Boolean);
}

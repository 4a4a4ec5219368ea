import { wavesOf } from '../../base/graph';
import type { Bead, BeadListItem } from '../../protocol/bead';

/** Which children of an epic can be done in parallel. */

export interface SwarmIssue {
  id: string;
  title: string;
  status: string;
  priority: number;
  depends_on: string[];
  depended_on_by: string[];
  wave: number;
  assignee?: string;
}

export interface SwarmAnalysis {
  epic_id: string;
  epic_title: string;
  total_issues: number;
  closed_issues: number;
  ready_fronts: { wave: number; issues: string[]; titles: string[] }[];
  max_parallelism: number;
  estimated_sessions: number;
  warnings: string[];
  errors: string[];
  swarmable: boolean;
  issues: Record<string, SwarmIssue>;
}

/** @param children of the epic */
export function analyse(epic: Pick<Bead, 'id' | 'title'>, children: readonly BeadListItem[]): SwarmAnalysis {
  const ids = children.map((bead) => bead.id).sort();
  const known = new Set(ids);
  const needs = (bead: BeadListItem): string[] =>
    (bead.dependencies ?? [])
      .filter((edge) => edge.type === 'blocks' && known.has(edge.depends_on_id))
      .map((edge) => edge.depends_on_id);
  const byId = new Map(children.map((bead) => [bead.id, bead]));
  const { waves, cyclic } = wavesOf(ids, (id) => needs(byId.get(id)!));
  const issues = new Map<string, SwarmIssue>();
  for (const [wave, members] of [...waves, ...(cyclic.length > 0 ? [cyclic] : [])].entries())
    for (const id of members) issues.set(id, issueOf(byId.get(id)!, needs(byId.get(id)!), wave));
  for (const issue of issues.values())
    for (const need of issue.depends_on) issues.get(need)?.depended_on_by.push(issue.id);
  const errors = cyclic.length > 0 ? [`dependency cycle: ${cyclic.join(', ')}`] : [];
  return {
    epic_id: epic.id,
    epic_title: epic.title,
    total_issues: children.length,
    closed_issues: children.filter((bead) => bead.status === 'closed').length,
    ready_fronts: waves.map((members, wave) => ({
      wave,
      issues: members,
      titles: members.map((id) => byId.get(id)!.title),
    })),
    max_parallelism: Math.max(0, ...waves.map((wave) => wave.length)),
    estimated_sessions: children.length,
    warnings: children.length === 0 ? ['the epic has no children'] : [],
    errors,
    swarmable: errors.length === 0,
    issues: Object.fromEntries(issues),
  };
}

function issueOf(bead: BeadListItem, needs: string[], wave: number): SwarmIssue {
  return {
    id: bead.id,
    title: bead.title,
    status: bead.status,
    priority: bead.priority,
    depends_on: needs,
    depended_on_by: [],
    wave,
    ...(bead.assignee ? { assignee: bead.assignee } : {}),
  };
}

/** Children by their current state: completed, active, ready or blocked. */
export function frontOf(analysis: SwarmAnalysis) {
  const all = Object.values(analysis.issues);
  const isClosed = (id: string): boolean => analysis.issues[id]?.status === 'closed';
  const open = (issue: SwarmIssue): string[] => issue.depends_on.filter((id) => !isClosed(id));
  const completed = all.filter((issue) => issue.status === 'closed');
  const active = all.filter((issue) => ['in_progress', 'hooked', 'in_review'].includes(issue.status));
  const rest = all.filter((issue) => !completed.includes(issue) && !active.includes(issue));
  const blocked = rest.filter((issue) => open(issue).length > 0);
  const ready = rest.filter((issue) => open(issue).length === 0);
  const short = ({ id, title, assignee }: SwarmIssue) => ({ id, title, ...(assignee ? { assignee } : {}) });
  return {
    epic_id: analysis.epic_id,
    epic_title: analysis.epic_title,
    total_issues: analysis.total_issues,
    completed: completed.map(short),
    active: active.map(short),
    ready: ready.map(short),
    blocked: blocked.map((issue) => ({ ...short(issue), blocked_by: open(issue) })),
    active_count: active.length,
    ready_count: ready.length,
    blocked_count: blocked.length,
    progress_percent: analysis.total_issues === 0 ? 0 : (completed.length * 100) / analysis.total_issues,
  };
}

import type { Bead } from '../../protocol/bead';

/** Which steps of a molecule can be done at the same time. */

const blocking = new Set(['blocks', 'conditional-blocks', 'waits-for']);

export interface ParallelInfo {
  step_id: string;
  status: string;
  is_ready: boolean;
  /** Open steps that must be done first. */
  blocked_by: string[];
  /** Steps that wait for this one. */
  blocks: string[];
  can_parallel: string[];
  parallel_group?: string;
}

export interface ParallelAnalysis {
  total_steps: number;
  ready_steps: number;
  parallel_groups: Record<string, string[]>;
  steps: Record<string, ParallelInfo>;
}

/** @param parts the molecule and its descendants */
export function analyseParallel(parts: readonly Bead[]): ParallelAnalysis {
  const byId = new Map(parts.map((part) => [part.id, part]));
  const groups = parallelGroups(parts);
  const groupOf = new Map([...groups].flatMap(([name, ids]) => ids.map((id) => [id, name] as const)));
  const isOpen = (id: string): boolean => byId.get(id)?.status !== 'closed';
  const blocks = new Map<string, string[]>();
  for (const part of parts) for (const id of needs(part)) blocks.set(id, [...(blocks.get(id) ?? []), part.id]);
  const infos = parts.map((part): ParallelInfo => {
    const group = groupOf.get(part.id);
    const waiting = needs(part).filter((id) => byId.has(id) && isOpen(id));
    const others = group === undefined ? [] : (groups.get(group) ?? []);
    return {
      step_id: part.id,
      status: part.status,
      is_ready: part.status === 'open' && waiting.length === 0,
      blocked_by: waiting,
      blocks: blocks.get(part.id) ?? [],
      can_parallel: others.filter((id) => id !== part.id && isOpen(id)),
      ...(group === undefined ? {} : { parallel_group: group }),
    };
  });
  return {
    total_steps: parts.length,
    ready_steps: infos.filter((info) => info.is_ready).length,
    parallel_groups: Object.fromEntries(groups),
    steps: Object.fromEntries(infos.map((info) => [info.step_id, info])),
  };
}

/** Ids of the beads that a bead itself waits for. */
export function needs(bead: Bead): string[] {
  return (bead.dependencies ?? []).filter((edge) => blocking.has(edge.type)).map((edge) => edge.depends_on_id);
}

/** Groups of steps whose longest chains of dependencies have the same length; single steps are not a group. */
function parallelGroups(steps: readonly Bead[]): Map<string, string[]> {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const depths = new Map<string, number>();
  const depthOf = (id: string): number => {
    const known = depths.get(id);
    if (known !== undefined) return known;
    depths.set(id, 1); // a step that waits for itself
    const before = needs(byId.get(id)!)
      .filter((other) => byId.has(other))
      .map(depthOf);
    const depth = 1 + Math.max(0, ...before);
    depths.set(id, depth);
    return depth;
  };
  const groups = new Map<string, string[]>();
  for (const { id } of steps) {
    const name = `group-${depthOf(id)}`;
    groups.set(name, [...(groups.get(name) ?? []), id]);
  }
  return new Map([...groups].filter(([, ids]) => ids.length > 1));
}

/** A bead without dependencies and counts. */
export function plainBead(bead: Bead): Bead {
  const {
    dependencies: _edges,
    dependency_count: _a,
    dependent_count: _b,
    comment_count: _c,
    parent: _p,
    ...rest
  } = bead;
  return rest;
}

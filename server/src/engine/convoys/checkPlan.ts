import { plural } from '../../base/text';
import { wavesOf } from '../../base/graph';
import type { BeadStore } from '../../beads/store';
import type { Bead } from '../../protocol/bead';
import type { FindingCategory, PlanCheck, PlanFinding, PlanTask } from '../../protocol/convoyPlan';
import { rigOfBead } from '../state/workingSet';
import { isClosed, slingableTypes } from '../state/work';
import { forecast } from './forecast';
import { needsOf } from './needs';

/** More beads than this in one wave cause a warning, as in the Go `gt`. */
const WAVE_CAPACITY = 5;

/** The data of a rig that a plan depends on. */
export interface PlannedRig {
  /** A person has accepted its commands. */
  accepted: boolean;
  maxWorkers: number;
  /** Whether new convoys with beads of this rig get a feature branch; undefined if the rig does not set it. */
  featureBranch?: boolean;
  /** Why no bead of the rig starts at the moment. */
  blocked?: string;
}

/** Facts that a plan is checked against. */
export interface PlanFacts {
  /** Undefined if there is no such rig. */
  rig(name: string): PlannedRig | undefined;
  /** Why the runtime of a bead cannot run, by the name of the rig. */
  missingRuntimes: ReadonlyMap<string, string>;
  /** US dollars that the agents on a finished bead have cost; undefined if that is not known. */
  costOf(bead: Bead): number | undefined;
}

/** Warnings that keep a convoy from landing automatically. */
const HINDERING: ReadonlySet<FindingCategory> = new Set(['type', 'outside']);

export function hinders(finding: PlanFinding): boolean {
  return HINDERING.has(finding.category);
}

/**
 * Errors and warnings about launching a convoy of these beads.
 * @param isEpic whether the beads are the work below an epic: a bead without a link to the others causes a warning
 */
export function checkPlan(store: BeadStore, beads: readonly Bead[], facts: PlanFacts, isEpic = false): PlanCheck {
  const open = beads.filter((bead) => !isClosed(bead.status));
  const inside = new Set(open.map(({ id }) => id));
  const needs = needsOf(store, open);
  const innerNeeds = (id: string): string[] => (needs.get(id) ?? []).filter((need) => inside.has(need));
  const { waves, cyclic } = wavesOf([...inside].sort(), innerNeeds);
  const rigs = new Map(open.map((bead) => [bead.id, rigOfBead(store, bead)]));
  const taskOf = (id: string): PlanTask => {
    const { title, issue_type: type } = store.get(id)!;
    const blockedBy = innerNeeds(id);
    return { id, title, type, rig: rigs.get(id), ...(blockedBy.length > 0 ? { blocked_by: blockedBy } : {}) };
  };
  const gated = open.flatMap((bead) => {
    const gates = store.blockerIds(bead.id).filter((id) => !inside.has(id));
    return gates.length > 0 ? [{ id: bead.id, title: bead.title, type: bead.issue_type, gated_by: gates }] : [];
  });
  const numbered = waves.map((ids, index) => ({ number: index + 1, tasks: ids.map(taskOf) }));
  return {
    errors: [...cycles(cyclic, innerNeeds), ...rigErrors(open, rigs, facts)],
    warnings: [
      ...typeWarnings(open),
      ...gated.map(outsideWarning),
      ...blockedRigs(open, rigs, facts),
      ...(isEpic ? orphans(open, innerNeeds) : []),
      ...crossRig(open, rigs),
      ...numbered.filter(({ tasks }) => tasks.length > WAVE_CAPACITY).map(capacityWarning),
    ],
    waves: numbered,
    ...(gated.length > 0 ? { gated } : {}),
    forecast: forecast(store, open, {
      rigOf: (bead) => rigs.get(bead.id),
      needs: innerNeeds,
      workers: (rig) => facts.rig(rig)?.maxWorkers ?? 1,
      costOf: (bead) => facts.costOf(bead),
    }),
  };
}

function cycles(cyclic: readonly string[], needs: (id: string) => readonly string[]): PlanFinding[] {
  if (cyclic.length === 0) return [];
  const among = new Set(cyclic);
  const path = cycleOf(cyclic[0]!, (id) => needs(id).filter((need) => among.has(need)));
  return [
    {
      category: 'cycle',
      bead_ids: path,
      message: `these beads wait for each other: ${path.join(', ')}`,
      suggested_fix: `bd dep remove ${path[0]} ${path[1] ?? path[0]}`,
    },
  ];
}

/** A cycle of beads, each waiting for the next. Precondition: every bead passed waits for another one. */
function cycleOf(start: string, needs: (id: string) => readonly string[]): string[] {
  const passed: string[] = [];
  for (let id = start; ; id = needs(id)[0]!) {
    const at = passed.indexOf(id);
    if (at >= 0) return passed.slice(at);
    passed.push(id);
  }
}

function rigErrors(
  open: readonly Bead[],
  rigs: ReadonlyMap<string, string | undefined>,
  facts: PlanFacts,
): PlanFinding[] {
  const homeless = open.filter(({ id }) => {
    const rig = rigs.get(id);
    return rig === undefined || facts.rig(rig) === undefined;
  });
  return [
    ...homeless.map(
      ({ id }): PlanFinding => ({
        category: 'no-rig',
        bead_ids: [id],
        message: `${id} belongs to no rig`,
        suggested_fix: `gt sling ${id} <rig>, or remove it from the convoy`,
      }),
    ),
    ...byRig(open, rigs).flatMap(([name, ids]): PlanFinding[] => {
      const rig = facts.rig(name);
      const problem = facts.missingRuntimes.get(name);
      return [
        ...(rig && !rig.accepted
          ? [
              {
                category: 'not-accepted' as const,
                bead_ids: ids,
                message: `the commands of ${name} are not accepted`,
                suggested_fix: `gt rig accept ${name}`,
              },
            ]
          : []),
        ...(rig && problem !== undefined
          ? [
              {
                category: 'no-runtime' as const,
                bead_ids: ids,
                message: `no agent can start in ${name}: ${problem}`,
                suggested_fix: `install it, or choose another one: gt rig set ${name} agent=<runtime>`,
              },
            ]
          : []),
      ];
    }),
  ];
}

function typeWarnings(open: readonly Bead[]): PlanFinding[] {
  return open
    .filter(({ issue_type: type }) => !slingableTypes.has(type))
    .map(({ id, issue_type: type }) => ({
      category: 'type',
      bead_ids: [id],
      message: `${id} is of type ${type}, which no agent works on`,
      suggested_fix: `bd update ${id} --type task, or close it yourself`,
    }));
}

function outsideWarning({ id, gated_by: gates }: { id: string; gated_by: string[] }): PlanFinding {
  return {
    category: 'outside',
    bead_ids: [id],
    message: `${id} waits for ${gates.join(', ')}, which this convoy does not track`,
    suggested_fix: `gt convoy add <convoy> ${gates.join(' ')}`,
  };
}

function blockedRigs(
  open: readonly Bead[],
  rigs: ReadonlyMap<string, string | undefined>,
  facts: PlanFacts,
): PlanFinding[] {
  return byRig(open, rigs).flatMap(([name, ids]): PlanFinding[] => {
    const blocked = facts.rig(name)?.blocked;
    if (blocked === undefined) return [];
    return [
      {
        category: 'blocked-rig',
        bead_ids: ids,
        message: `nothing starts in ${name}: ${blocked}`,
        suggested_fix: 'gt attention',
      },
    ];
  });
}

function orphans(open: readonly Bead[], needs: (id: string) => readonly string[]): PlanFinding[] {
  const needed = new Set(open.flatMap(({ id }) => needs(id)));
  if (needed.size === 0) return [];
  return open
    .filter(({ id }) => needs(id).length === 0 && !needed.has(id))
    .map(({ id }) => ({
      category: 'orphan',
      bead_ids: [id],
      message: `${id} waits for nothing, and nothing waits for it`,
      suggested_fix: `bd dep add ${id} <bead>, if its order matters`,
    }));
}

function crossRig(open: readonly Bead[], rigs: ReadonlyMap<string, string | undefined>): PlanFinding[] {
  const groups = byRig(open, rigs).sort(([, a], [, b]) => b.length - a.length);
  if (groups.length < 2) return [];
  return [
    {
      category: 'cross-rig',
      bead_ids: groups.slice(1).flatMap(([, ids]) => ids),
      message: `the convoy lands in several rigs: ${groups.map(([name, ids]) => `${name} (${plural(ids.length, 'bead')})`).join(', ')}`,
      suggested_fix: 'create one convoy per rig, if they should land separately',
    },
  ];
}

function capacityWarning({ number, tasks }: { number: number; tasks: readonly PlanTask[] }): PlanFinding {
  return {
    category: 'capacity',
    bead_ids: tasks.map(({ id }) => id),
    message: `wave ${number} has ${tasks.length} beads, more than ${WAVE_CAPACITY} at a time`,
    suggested_fix: 'add dependencies with bd dep add, or launch it as it is',
  };
}

/** Ids of beads by the name of their rig, in the order of the beads. */
function byRig(open: readonly Bead[], rigs: ReadonlyMap<string, string | undefined>): [string, string[]][] {
  const groups = new Map<string, string[]>();
  for (const { id } of open) {
    const rig = rigs.get(id);
    if (rig !== undefined) groups.set(rig, [...(groups.get(rig) ?? []), id]);
  }
  return [...groups];
}

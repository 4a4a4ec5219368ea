import { unique } from '../base/objects';
import type { Budget, Place } from './limits';
import type { Step } from './model';

/** Functions on lists of steps. Steps are never changed in place. All are linear in steps and needs. */

/** Steps with their children, in file order. @param bodies also those in the bodies of loops */
export function allSteps(steps: readonly Step[], { bodies = false } = {}): Step[] {
  const all: Step[] = [];
  const visit = (list: readonly Step[]): void => {
    for (const step of list) {
      all.push(step);
      visit(step.children);
      if (bodies && step.loop) visit(step.loop.body);
    }
  };
  visit(steps);
  return all;
}

/** Changes each step, from the leaves up. */
export function mapSteps(steps: readonly Step[], change: (step: Step) => Step): Step[] {
  return steps.map((step) =>
    change(step.children.length === 0 ? step : { ...step, children: mapSteps(step.children, change) }),
  );
}

/** The first steps of a group, which need none of the others, and the last ones, which are not needed by others. */
export function boundarySteps(group: readonly Step[]): { first: ReadonlySet<string>; last: string[] } {
  const all = allSteps(group);
  const inside = new Set(all.map((step) => step.id));
  const needed = new Set<string>();
  for (const step of all) for (const id of step.needs) needed.add(id);
  return {
    first: new Set(group.filter((step) => !step.needs.some((id) => inside.has(id))).map((step) => step.id)),
    last: group.filter((step) => !needed.has(step.id)).map((step) => step.id),
  };
}

const SPAWNER_PREFIX = 'children-of(';

/** The step that `waits_for = "children-of(…)"` names; undefined for other values. */
export function spawnerOf(waitsFor: string): string | undefined {
  if (!waitsFor.startsWith(SPAWNER_PREFIX) || !waitsFor.endsWith(')')) return undefined;
  const id = waitsFor.slice(SPAWNER_PREFIX.length, -1);
  return id.includes(')') ? undefined : id.trim();
}

/** The steps that replace a step. */
export interface Replacement {
  /** With the original needs of the replaced step: all needs are redirected at the end. */
  group: readonly Step[];
  /** Steps that needed the replaced step need these instead. */
  last: readonly string[];
  /** Whether the group contains the step itself with its children, which may be replaced, too. */
  keepsStep?: boolean;
}

/** A replacement with the ids of its group: needs among them are not redirected. */
interface Group extends Replacement {
  ids: ReadonlySet<string>;
}

/**
 * Replaces steps by groups of others, all in one pass; needs and `waits_for` of all steps are redirected.
 * @param replace the group for a step; undefined to keep the step
 * @throws CompositionError as soon as there are too many steps or needs
 */
export function replaceSteps(
  steps: readonly Step[],
  replace: (step: Step) => Replacement | undefined,
  budget: Budget,
  place: Place,
): Step[] {
  const groups = buildGroups(steps, replace, budget, place);
  if (groups.size === 0) return [...steps];
  const lastOf = new Map([...groups].map(([step, { last }]) => [step.id, last]));
  let needs = 0;
  const redirected = (step: Step, own: ReadonlySet<string>): Step => {
    const newIds = (id: string): readonly string[] | undefined => (own.has(id) ? undefined : lastOf.get(id));
    const size = step.needs.reduce((sum, id) => sum + (newIds(id)?.length ?? 1), 0);
    needs += size;
    budget.checkNeeds(needs, place);
    budget.spend(1 + size, place);
    return { ...redirectNeeds(step, newIds), children: visit(step.children, own) };
  };
  const visit = (list: readonly Step[], own: ReadonlySet<string>): Step[] => {
    const result: Step[] = [];
    for (const step of list) {
      const group = groups.get(step);
      if (!group) result.push(redirected(step, own));
      else for (const member of group.group) result.push(redirected(member, group.ids));
    }
    return result;
  };
  return visit(steps, new Set());
}

function buildGroups(
  steps: readonly Step[],
  replace: (step: Step) => Replacement | undefined,
  budget: Budget,
  place: Place,
): Map<Step, Group> {
  const groups = new Map<Step, Group>();
  let total = allSteps(steps).length;
  const visit = (list: readonly Step[]): void => {
    for (const step of list) {
      budget.spend(1, place);
      const replacement = replace(step);
      if (replacement) {
        const members = allSteps(replacement.group);
        const within = allSteps(step.children).length;
        total += members.length - 1 - within;
        budget.checkSteps(total, place);
        budget.spend(members.length + within, place);
        // Children that stay with their step are not part of the group: their needs are redirected.
        const own = replacement.group.flatMap((member) =>
          member.children === step.children ? [member] : allSteps([member]),
        );
        groups.set(step, { ...replacement, ids: new Set(own.map(({ id }) => id)) });
      }
      if (!replacement || replacement.keepsStep) visit(step.children);
    }
  };
  visit(steps);
  return groups;
}

function redirectNeeds(step: Step, newIds: (id: string) => readonly string[] | undefined): Step {
  const spawner = spawnerOf(step.waitsFor);
  const lastSpawner = spawner === undefined ? undefined : newIds(spawner)?.at(-1);
  const waitsFor = lastSpawner === undefined ? step.waitsFor : `${SPAWNER_PREFIX}${lastSpawner})`;
  const needs = step.needs.some((id) => newIds(id))
    ? unique(step.needs.flatMap((id) => newIds(id) ?? [id]))
    : step.needs;
  return { ...step, waitsFor, needs };
}

const metadataSizes = new WeakMap<object, number>();

/** Characters of all strings of a step, without its children. Metadata is often shared by many copies of a step. */
export function textSize(step: Step): number {
  let size = step.metadata && metadataSizes.get(step.metadata);
  if (step.metadata && size === undefined) {
    size = JSON.stringify(step.metadata).length;
    metadataSizes.set(step.metadata, size);
  }
  const texts = [step.id, step.title, step.description, step.notes, step.acceptance, step.assignee, step.condition];
  const values = Object.entries(step.expand?.vars ?? {}).flat();
  // Each item counts, so that a long list of empty strings is not free.
  return [...texts, ...step.labels, ...values].reduce((sum, text) => sum + 1 + text.length, size ?? 0);
}

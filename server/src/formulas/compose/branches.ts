import { CompositionError, type Budget } from '../limits';
import { pathWithin, quoted, type Compose, type Step } from '../model';
import { allSteps, mapSteps } from '../steps';
import { listIds } from './expansion';
import { isRuntimeCondition } from './runtimeCondition';

/** `compose.branch`: steps that start after one step, and another step that waits for all of them. */
export function applyBranches(steps: readonly Step[], { branch }: Compose, budget: Budget): Step[] {
  const ids = new Set(allSteps(steps).map((step) => step.id));
  const added = new Map<string, Set<string>>();
  let needs = 0;
  for (const [index, entry] of branch.entries()) {
    const place = { where: `compose.branch[${index}]`, path: pathWithin(entry) };
    const named: [role: string, id: string][] = [
      ['from', entry.from],
      ['join', entry.join],
      ...entry.steps.map((id): [string, string] => ['parallel', id]),
    ];
    for (const [role, id] of named)
      if (!ids.has(id))
        throw new CompositionError(place, `${role} step ${quoted(id)} not found`, `The steps are: ${listIds(steps)}`);
    const add = (id: string, need: string): void => {
      budget.spend(1, place);
      const list = added.get(id) ?? new Set();
      if (list.has(need)) return;
      added.set(id, list.add(need));
      budget.checkNeeds(++needs, place);
    };
    for (const id of entry.steps) {
      add(entry.join, id);
      if (id !== entry.join) add(id, entry.from);
    }
  }
  return added.size === 0
    ? [...steps]
    : mapSteps(steps, (step) => {
        const more = added.get(step.id);
        return more ? { ...step, needs: [...new Set([...step.needs, ...more])] } : step;
      });
}

/** `compose.gate`: a label with the condition of a step, for the agent that carries out the molecule. */
export function applyGates(steps: readonly Step[], { gate }: Compose, budget: Budget): Step[] {
  const ids = new Set(allSteps(steps).map((step) => step.id));
  const labels = new Map<string, string[]>();
  for (const [index, entry] of gate.entries()) {
    const place = { where: `compose.gate[${index}]`, path: pathWithin(entry) };
    if (!isRuntimeCondition(entry.condition))
      throw new CompositionError(place, `invalid condition ${quoted(entry.condition)}`);
    if (!ids.has(entry.before))
      throw new CompositionError(
        place,
        `target step ${quoted(entry.before)} not found`,
        `The steps are: ${listIds(steps)}`,
      );
    const label = `gate:${JSON.stringify({ condition: entry.condition })}`;
    budget.addText(label.length, place);
    const known = labels.get(entry.before);
    if (known) known.push(label);
    else labels.set(entry.before, [label]);
  }
  return labels.size === 0
    ? [...steps]
    : mapSteps(steps, (step) => {
        const more = labels.get(step.id);
        return more ? { ...step, labels: [...step.labels, ...more] } : step;
      });
}

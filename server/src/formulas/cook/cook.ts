import { scriptBlocks } from '../../agents/script/blocks';
import { UserError } from '../../base/errors';
import { cutBytes } from '../../base/text';
import type { CookedFormula, CookedStep } from '../../protocol/formula';
import { filterByCondition } from './conditions';
import {
  expandComposed,
  expandInline,
  instantiate,
  type ResolveFormula,
  type ComposedSteps,
} from '../compose/expansion';
import { findCycle, formatCycle } from '../cycles';
import { unrollLoops } from '../compose/loops';
import { allSteps, spawnerOf, unique, type Formula, type Step } from '../model';
import { stepTypes } from '../schema';
import {
  namesOf,
  initialValues,
  substitute,
  substituteDeep,
  resolveValues,
  type Values,
  type ValueSources,
} from './variables';
import { applyAdvice, applyAspects, applyBranches, applyGates } from '../compose/advice';

const MAX_STEPS = 5_000;
const MAX_TITLE_BYTES = 400;

/** One bead to be made of a step. */
export interface ProtoStep extends CookedStep {
  metadata?: Record<string, unknown>;
  /** The script blocks of its description, without values: those reach a script as `$GT_VAR_<name>`, never as text. */
  script?: string[];
  waitsFor?: { gate: 'all-children' | 'any-children'; spawner?: string };
  /** It is a gate itself. */
  gate?: { type: string; awaitId: string; timeout?: number };
}

/** What pouring makes beads of: plain steps in order, nothing left to decide. */
export interface Proto extends Omit<CookedFormula, 'steps' | 'warnings'> {
  steps: ProtoStep[];
}

export interface CookOptions extends Partial<ValueSources> {
  /** Placeholders and conditions stay as they are. */
  keepVariables?: boolean;
}

/** Formula → proto. Pure: `load` gives the other formulas that this one names. */
export function cook(formula: Formula, load: ResolveFormula, options: CookOptions = {}): Proto {
  if (formula.type === 'aspect')
    throw new UserError(
      `${formula.name} is an aspect and makes no steps by itself`,
      'Name it in compose.aspects of a workflow.',
    );
  if (formula.type === 'convoy')
    throw new UserError(
      `${formula.name} is a convoy formula and is not poured`,
      'Its legs are separate beads of a convoy; pour a workflow.',
    );
  const sources: ValueSources = { given: options.given ?? {}, offered: options.offered };
  const result = composeSteps(formula, load, initialValues(formula, sources));
  const composed = { ...formula, vars: result.vars };
  if (options.keepVariables) return protoOf(composed, result.steps, {});
  const kept = filterByCondition(result.steps, initialValues(composed, sources));
  // Conditions were decided by these too, so a slip in a name is seen where only they use it.
  const used = namesOf(formula, kept);
  const values = resolveValues(composed, used, {
    ...sources,
    given: withoutDroppedNames(sources.given, composed, namesOf(formula, result.steps), used),
  });
  if (kept.length === 0) throw new UserError(`no step of ${formula.name} is left: all their conditions are false`);
  return protoOf(composed, kept, values);
}

/** Values for names that only steps without a place use are no slips. */
function withoutDroppedNames(
  given: Values,
  formula: Formula,
  anywhere: ReadonlySet<string>,
  used: ReadonlySet<string>,
): Values {
  return Object.fromEntries(
    Object.entries(given).filter(
      ([name]) => Object.hasOwn(formula.vars, name) || used.has(name) || !anywhere.has(name),
    ),
  );
}

function composeSteps(formula: Formula, load: ResolveFormula, values: Values): ComposedSteps {
  let composed: ComposedSteps = {
    steps: formula.type === 'expansion' ? standaloneExpansion(formula) : formula.steps,
    vars: formula.vars,
  };
  const change = (steps: Step[]): void => {
    composed = { ...composed, steps };
  };
  change(unrollLoops(composed.steps, values));
  change(applyBranches(composed.steps, formula.compose));
  change(applyGates(composed.steps, formula.compose));
  change(applyAdvice(composed.steps, formula.advice));
  composed = expandInline(composed, load);
  composed = expandComposed(composed, formula, load);
  change(applyAspects(composed.steps, formula, load));
  checkComposed(formula, composed.steps);
  return composed;
}

/** An expansion by itself stands for a step `main`. */
function standaloneExpansion(formula: Formula): Step[] {
  const target: Step = {
    id: 'main',
    title: formula.name,
    description: formula.description,
    notes: '',
    acceptance: '',
    type: '',
    priority: 2,
    labels: [],
    needs: [],
    waitsFor: '',
    assignee: '',
    condition: '',
    children: [],
  };
  return instantiate(formula, target, {}).group;
}

/** Putting steps in and taking them out may have broken what was whole before. */
function checkComposed(formula: Formula, steps: readonly Step[]): void {
  const list = allSteps(steps);
  if (list.length > MAX_STEPS) throw new UserError(`${formula.name} has ${list.length} steps, more than ${MAX_STEPS}`);
  const ids = new Set<string>();
  for (const { id } of list) {
    if (ids.has(id)) throw new UserError(`${formula.name}: duplicate step ID ${JSON.stringify(id)} after composition`);
    ids.add(id);
  }
  for (const step of list) {
    const lost = step.needs.find((id) => !ids.has(id));
    if (lost !== undefined)
      throw new UserError(
        `${formula.name}: step ${step.id} needs ${JSON.stringify(lost)}, which is not there after composition`,
      );
  }
  const cycle = findCycle(steps);
  if (cycle) throw new UserError(`${formula.name}: cycle detected involving: ${formatCycle(cycle)}`);
}

function protoOf(formula: Formula, steps: readonly Step[], values: Values): Proto {
  const flat: ProtoStep[] = [];
  const add = (step: Step, parent: string | undefined): void => {
    const gated = step.gate && gateStep(step, parent, values);
    if (gated) flat.push(gated);
    flat.push(protoStep(step, parent, gated?.id, values));
    for (const child of step.children) add(child, step.id);
  };
  for (const step of steps) add(step, undefined);
  const titled = Object.hasOwn(formula.vars, 'title') && values.title;
  return {
    formula: formula.name,
    version: formula.version,
    title: cutBytes(oneLine(titled || formula.name), MAX_TITLE_BYTES),
    description: (Object.hasOwn(formula.vars, 'desc') && values.desc) || substitute(formula.description, values),
    phase: formula.phase === 'vapor' ? 'vapor' : 'liquid',
    vars: { ...values },
    steps: flat,
  };
}

function protoStep(step: Step, parent: string | undefined, gateId: string | undefined, values: Values): ProtoStep {
  const fill = (text: string): string => substitute(text, values);
  const type = step.children.length > 0 ? 'epic' : stepTypes.includes(step.type) ? step.type : 'task';
  const texts = {
    description: fill(step.description),
    notes: fill(step.notes),
    acceptance: fill(step.acceptance),
    assignee: fill(step.assignee).trim(),
    parent,
  };
  const waitsFor = waitOf(step);
  const labels = step.labels.map(fill).filter((label) => label.trim() !== '');
  return {
    id: step.id,
    title: cutBytes(oneLine(fill(step.title)) || step.id, MAX_TITLE_BYTES),
    type,
    priority: step.priority,
    labels: unique(waitsFor ? [...labels, `gate:${waitsFor.gate}`] : labels),
    ...Object.fromEntries(Object.entries(texts).filter(([, text]) => text)),
    ...(step.metadata ? { metadata: substituteDeep(step.metadata, values) as Record<string, unknown> } : {}),
    ...scriptOfText(step.description),
    needs: unique([...step.needs, ...(gateId === undefined ? [] : [gateId])]),
    ...(waitsFor ? { waitsFor } : {}),
  };
}

/** A block that is not closed gives no script; the text stays as it is. */
function scriptOfText(description: string): { script?: string[] } {
  try {
    const script = scriptBlocks(description);
    return script.length > 0 ? { script } : {};
  } catch {
    return {};
  }
}

function waitOf(step: Step): ProtoStep['waitsFor'] {
  if (step.waitsFor === '') return undefined;
  return {
    gate: step.waitsFor === 'any-children' ? 'any-children' : 'all-children',
    spawner: spawnerOf(step.waitsFor) ?? step.needs[0],
  };
}

function gateStep(step: Step, parent: string | undefined, values: Values): ProtoStep {
  const gate = step.gate!;
  const [type, awaitId] = [substitute(gate.type, values), substitute(gate.awaitId, values)];
  const timeout = durationNs(substitute(gate.timeout, values));
  return {
    id: `gate-${step.id}`,
    title: cutBytes(oneLine(`Gate: ${type} ${awaitId}`), MAX_TITLE_BYTES),
    type: 'gate',
    priority: step.priority,
    description: `What step ${step.id} waits for.`,
    labels: [],
    needs: step.needs,
    ...(parent === undefined ? {} : { parent }),
    gate: { type, awaitId, ...(timeout === undefined ? {} : { timeout }) },
  };
}

const units: Readonly<Record<string, number>> = { ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** `1h30m` in nanoseconds; undefined for anything else. */
export function durationNs(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== text.trim()) return undefined;
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (units[unit ?? ''] ?? 0), 0);
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

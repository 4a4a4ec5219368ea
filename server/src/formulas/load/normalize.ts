import { unique } from '../../base/objects';
import {
  formulaTypes,
  type Advice,
  type Compose,
  type Formula,
  type FormulaType,
  type Path,
  type Step,
  type Variable,
} from '../model';
import type { RawFormula, RawStep, RawVariable } from './rawFormula';

/** Converts the data of a file to a formula: every field present, one spelling for each. */

/**
 * The type of a formula: the one that its file states, else the one that its content implies; undefined for an unknown
 * one.
 */
export function typeOf(raw: RawFormula): FormulaType | undefined {
  if (raw.type) return formulaTypes.find((type) => type === raw.type);
  if (raw.extends || raw.steps) return 'workflow';
  if (raw.legs) return 'convoy';
  if (raw.template) return 'expansion';
  return raw.aspects || raw.advice ? 'aspect' : 'workflow';
}

export function formulaOf(raw: RawFormula, type: FormulaType): Formula {
  return {
    name: raw.formula?.trim() ?? '',
    description: raw.description ?? '',
    version: raw.version === undefined || raw.version === 0 ? 1 : raw.version,
    type,
    extends: raw.extends ?? [],
    vars: Object.fromEntries(Object.entries(raw.vars ?? {}).map(([name, variable]) => [name, variableOf(variable)])),
    steps: stepsOf(raw.steps, ['steps']),
    template: stepsOf(raw.template, ['template']),
    compose: composeOf(raw.compose ?? {}),
    advice: (raw.advice ?? []).map((advice, index) => adviceOf(advice, ['advice', index])),
    analyses: (raw.aspects ?? []).map((aspect) => aspect.id ?? ''),
    legs: (raw.legs ?? []).map((leg, index) => ({ id: leg.id ?? '', title: leg.title ?? '', at: ['legs', index] })),
    ...(raw.synthesis ? { synthesis: { needs: raw.synthesis.depends_on ?? [] } } : {}),
    phase: raw.phase === 'vapor' || raw.phase === 'liquid' ? raw.phase : '',
  };
}

function variableOf(raw: RawVariable): Variable {
  if (typeof raw === 'string') return { description: '', default: raw, required: false };
  return {
    description: raw.description ?? '',
    required: raw.required ?? false,
    ...(raw.default === undefined ? {} : { default: String(raw.default) }),
    ...(raw.enum ? { enum: raw.enum } : {}),
    ...(raw.pattern === undefined ? {} : { pattern: raw.pattern }),
    ...(raw.type ? { type: raw.type } : {}),
  };
}

function texts(raw: Record<string, string | number | boolean> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(raw ?? {}).map(([key, value]) => [key, String(value)]));
}

function stepsOf(raw: readonly RawStep[] | undefined, path: Path): Step[] {
  return (raw ?? []).map((step, index) => stepOf(step, [...path, index]));
}

function stepOf(raw: RawStep, at: Path): Step {
  const { gate, loop, on_complete: onComplete } = raw;
  return {
    at,
    id: raw.id ?? '',
    title: raw.title ?? '',
    description: raw.description ?? '',
    notes: raw.notes ?? '',
    acceptance: raw.acceptance ?? '',
    type: raw.type ?? '',
    labels: raw.labels ?? [],
    needs: unique([...(raw.depends_on ?? []), ...(raw.needs ?? [])]),
    waitsFor: raw.waits_for?.trim() ?? '',
    assignee: raw.assignee ?? '',
    condition: raw.condition?.trim() ?? '',
    children: stepsOf(raw.children, [...at, 'children']),
    ...(raw.priority === undefined ? {} : { priority: raw.priority }),
    ...(raw.metadata ? { metadata: raw.metadata } : {}),
    ...(raw.expand ? { expand: { with: raw.expand, vars: texts(raw.expand_vars) } } : {}),
    ...(gate
      ? { gate: { type: gate.type ?? '', awaitId: gate.await_id ?? gate.id ?? '', timeout: gate.timeout ?? '' } }
      : {}),
    ...(loop ? { loop: { ...loop, body: stepsOf(loop.body, [...at, 'loop', 'body']) } } : {}),
    ...(onComplete
      ? {
          onComplete: {
            forEach: onComplete.for_each ?? '',
            bond: onComplete.bond ?? '',
            parallel: onComplete.parallel ?? false,
            sequential: onComplete.sequential ?? false,
          },
        }
      : {}),
  };
}

function adviceOf(raw: NonNullable<RawFormula['advice']>[number], at: Path): Advice {
  const steps = (list: RawStep[] | undefined, ...keys: Path): Step[] => stepsOf(list, [...at, ...keys]);
  return {
    at,
    target: raw.target ?? '',
    before: [...steps(raw.before, 'before'), ...steps(raw.around?.before, 'around', 'before')],
    after: [...steps(raw.around?.after, 'around', 'after'), ...steps(raw.after, 'after')],
  };
}

function composeOf(raw: NonNullable<RawFormula['compose']>): Compose {
  const at = (key: string, index: number): Path => ['compose', key, index];
  return {
    bondPoints: (raw.bond_points ?? []).map((point, index) => ({
      at: at('bond_points', index),
      id: point.id ?? '',
      description: point.description ?? '',
      afterStep: point.after_step ?? '',
      beforeStep: point.before_step ?? '',
    })),
    hooks: (raw.hooks ?? []).map((hook, index) => ({
      at: at('hooks', index),
      trigger: hook.trigger ?? '',
      attach: hook.attach ?? '',
    })),
    expand: (raw.expand ?? []).map((entry, index) => ({
      at: at('expand', index),
      target: entry.target ?? '',
      with: entry.with ?? '',
      vars: texts(entry.vars),
    })),
    map: (raw.map ?? []).map((entry, index) => ({
      at: at('map', index),
      select: entry.select ?? '',
      with: entry.with ?? '',
      vars: texts(entry.vars),
    })),
    branch: (raw.branch ?? []).map((entry, index) => ({
      at: at('branch', index),
      from: entry.from ?? '',
      steps: entry.steps ?? [],
      join: entry.join ?? '',
    })),
    gate: (raw.gate ?? []).map((entry, index) => ({
      at: at('gate', index),
      before: entry.before ?? '',
      condition: entry.condition ?? '',
    })),
    aspects: raw.aspects ?? [],
  };
}

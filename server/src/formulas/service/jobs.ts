import { UserError } from '../../base/errors';
import type { CookResult as ResolvedResult, FormulaDetails, FormulaStep, FormulaSummary } from '../../protocol/formula';
import type { CookOptions } from '../cook/cook';
import type { Proto } from '../cook/proto';
import { stepData } from '../cook/resolved';
import { Budget } from '../limits';
import { tomlText } from '../load/readData';
import { isError } from '../model';
import type { FormulaPlaces } from '../registry/files';
import type { FormulaEntry, FormulaRegistry } from '../registry/registry';

/** A formula by its name, or the text of a file. */
export type NamedFormula = string | { text: string; file: string };

export interface CookRequest extends Pick<CookOptions, 'given' | 'offered' | 'keepVariables'> {
  formula: NamedFormula;
}

export interface CookResult {
  proto: Proto;
  warnings: string[];
}

/** A job of the formula worker. Plain data, because it is sent to another thread. */
export type FormulaJob = { places: FormulaPlaces } & (
  | { kind: 'list' }
  | { kind: 'show'; name: string; toml?: boolean | undefined }
  | ({ kind: 'cook' | 'resolve' } & CookRequest)
);

/** Runs a job. Reads files through the registry only. */
export function runFormulaJob(
  job: FormulaJob,
  registry: FormulaRegistry,
): FormulaSummary[] | FormulaDetails | CookResult | ResolvedResult {
  switch (job.kind) {
    case 'list':
      return registry.list().map(summaryOf);
    case 'show':
      return { ...detailsOf(registry, job.name), ...(job.toml ? { toml: tomlText(registry.raw(job.name)) } : {}) };
    case 'cook': {
      const { formula, given, offered, keepVariables } = job;
      const options: CookOptions = { given, offered, keepVariables };
      return typeof formula === 'string'
        ? registry.cook(formula, options)
        : registry.cookFile(formula.text, formula.file, options);
    }
    case 'resolve': {
      const { formula, given, keepVariables } = job;
      const options: CookOptions = { given, keepVariables };
      return typeof formula === 'string'
        ? registry.resolve(formula, options)
        : registry.resolveFile(formula.text, formula.file, options);
    }
  }
}

function summaryOf(entry: FormulaEntry): FormulaSummary {
  const { formula } = entry;
  const count = (list: readonly unknown[] | undefined): number => list?.length ?? 0;
  return {
    name: entry.name,
    type: formula?.type ?? '',
    description: formula?.description.trim() ?? '',
    source: entry.source,
    tier: entry.tier,
    steps: count(formula?.steps) || count(formula?.template) || count(formula?.legs),
    vars: Object.keys(formula?.vars ?? {}).length,
    errors: entry.problems.filter(isError).map((problem) => problem.message),
    warnings: entry.problems.filter((problem) => !isError(problem)).map((problem) => problem.message),
  };
}

function detailsOf(registry: FormulaRegistry, name: string): FormulaDetails {
  const entry = registry.check(name);
  const summary = summaryOf(entry);
  const variables = Object.entries(entry.formula?.vars ?? {}).map(([key, variable]) => ({ name: key, ...variable }));
  const pourable = summary.errors.length === 0 && ['workflow', 'expansion'].includes(summary.type);
  return {
    ...summary,
    raw: registry.raw(name),
    variables,
    outline: (pourable ? outlineOf(registry, name, summary.errors) : undefined) ?? ownSteps(entry),
  };
}

/** The outline of a formula. Adds an error if cooking fails, for example because of another formula. */
function outlineOf(registry: FormulaRegistry, name: string, errors: string[]): FormulaStep[] | undefined {
  try {
    return registry.resolve(name, { keepVariables: true }).cooked.steps;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    errors.push(error.message);
    return undefined;
  }
}

/** Only the steps of the file itself. */
function ownSteps({ formula }: FormulaEntry): FormulaStep[] {
  const steps = formula?.steps.length ? formula.steps : (formula?.template ?? []);
  return steps.map((step) => stepData(step, {}, new Budget()));
}

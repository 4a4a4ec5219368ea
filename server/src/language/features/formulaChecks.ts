import { UserError } from '../../base/errors';
import { FormulaChecker } from '../../formulas/check/checker';
import { Suggestions } from '../../formulas/check/suggestions';
import { validate } from '../../formulas/check/validate';
import { ParentResolver } from '../../formulas/compose/parents';
import { limits } from '../../formulas/limits';
import { formulaFromData } from '../../formulas/load/parse';
import { error, warning, type Formula, type Path, type Problem, quoted } from '../../formulas/model';
import { fileNameProblems } from '../../formulas/check/fileName';
import type { SyntaxProblem } from '../../toml/nodes';
import type { FormulaDocument } from '../document/formulaDocument';
import type { FormulaIndex } from '../document/formulaIndex';
import type { FormulaLookup } from '../document/formulaLookup';
import { SyntaxDamage } from './syntaxDamage';
import { withoutPaths } from './withoutPaths';

/** Problems of a document, without those that may only be caused by broken syntax. */
export interface CheckResult {
  problems: Problem[];
  formula?: Formula;
}

/** Nested values of the wrong type are found one level at a time. */
const ROUNDS = 4;

/**
 * Checks a document.
 * @param raw the readable data of the document
 * @param syntax problems of its TOML
 */
export function checkDocument(
  document: FormulaDocument,
  index: FormulaIndex,
  raw: Record<string, unknown>,
  syntax: readonly SyntaxProblem[],
  formulas: FormulaLookup,
): CheckResult {
  const { formula, problems, removed } = parseTolerantly(raw);
  if (!formula) return { problems };
  const parents = missingParents(formula, formulas);
  const found =
    parents.length === 0
      ? new FormulaChecker(formulas.find).check({ formula, problems: [], source: document.uri })
      : { formula, problems: validate(formula) };
  const damage = new SyntaxDamage(document, index, syntax);
  const removedPaths = new Set(removed.map(pathKey));
  const kept = found.problems.filter(
    (problem) =>
      !isWithin(problem.path, removedPaths) &&
      !damage.misleads(problem) &&
      !(parents.length > 0 && dependOnParents.has(problem.code)) &&
      !(problem.code === 'unknown-formula' && problem.path[0] !== 'extends') &&
      !(removed.length > 0 && problem.code === 'composition'),
  );
  const fileName = formulas.fileNameOf?.(document.uri);
  return {
    formula: found.formula,
    problems: [
      ...problems,
      ...parents,
      ...kept,
      ...unknownFormulas(index, formulas),
      ...(fileName === undefined ? [] : fileNameProblems(fileName, formula)),
    ],
  };
}

/** Values of the wrong type are reported and left out, so that the rest can be checked. */
function parseTolerantly(raw: Record<string, unknown>): { formula?: Formula; problems: Problem[]; removed: Path[] } {
  const first = formulaFromData(raw);
  const removed: Path[] = [];
  let [result, data] = [first, raw];
  for (let round = 0; !result.formula && round < ROUNDS; round++) {
    if (result.problems.some((problem) => problem.code === 'more-problems')) break; // not all of them are listed
    const wrong = result.problems.filter((problem) => problem.code === 'wrong-type').map((problem) => problem.path);
    for (const path of wrong) removed.push(path);
    data = withoutPaths(data, wrong);
    result = formulaFromData(data);
  }
  return { problems: first.problems, removed, ...(result.formula ? { formula: result.formula } : {}) };
}

function pathKey(path: Path): string {
  return path.join('\0');
}

function isWithin(path: Path, prefixes: ReadonlySet<string>): boolean {
  if (prefixes.size === 0) return false;
  return path.some((_, end) => prefixes.has(pathKey(path.slice(0, end + 1))));
}

/** Problems that a missing parent may solve are not reported. */
const dependOnParents = new Set(['unknown-step', 'undeclared-variable', 'missing-content', 'unknown-leg']);

function missingParents(formula: Formula, formulas: FormulaLookup): Problem[] {
  const parents = new ParentResolver(formulas.find);
  const suggestions = new Suggestions();
  return formula.extends.slice(0, limits.parents).flatMap((name, at) => {
    try {
      parents.resolve({ ...formula, extends: [name] });
      return [];
    } catch (thrown) {
      if (!(thrown instanceof UserError)) throw thrown;
      const text = thrown.message
        .replace(`${formula.name} extends ${name}: `, '')
        .split('\n')
        .map((line) => line.trim())
        .join(' ');
      return [
        error('unknown-formula', 'extends', `${text}${suggestions.suffix(name, formulas.names())}`, ['extends', at]),
      ];
    }
  });
}

/** Keys whose formulas are needed for cooking: missing others are only a warning. */
const neededKeys = new Set(['expand', 'map', 'aspects']);

function unknownFormulas(index: FormulaIndex, formulas: FormulaLookup): Problem[] {
  const named = index.formulas.filter(({ name, path }) => path[0] !== 'extends' && name !== '' && !name.includes('{'));
  if (named.length === 0) return [];
  const names = new Set(formulas.names());
  const suggestions = new Suggestions();
  return named
    .filter(({ name }) => !names.has(name))
    .map(({ name, path }) => {
      const isNeeded = path.some((part) => neededKeys.has(String(part)));
      return (isNeeded ? error : warning)(
        'unknown-formula',
        '',
        `unknown formula ${quoted(name)}${suggestions.suffix(name, names)}`,
        path,
      );
    });
}

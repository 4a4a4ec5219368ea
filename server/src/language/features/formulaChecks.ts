import { messageOf } from '../../base/errors';
import { closestMatch } from '../../base/text';
import { error, warning, type Formula, type Path, type Problem } from '../../formulas/model';
import { formulaFromData } from '../../formulas/load/parse';
import { checkFormula, resolveExtends } from '../../formulas/compose/parents';
import { validate } from '../../formulas/check/validate';
import type { FormulaDocument } from '../document/formulaDocument';
import type { FormulaIndex } from '../document/formulaIndex';
import type { FormulaLookup } from '../document/formulas';
import type { SyntaxProblem, TreeNode } from '../../toml';

/** What the checks of the engine find in a document, without what would mislead where it is broken. */
export interface CheckResult {
  problems: Problem[];
  formula?: Formula;
}

/** Slips like these are found one at a time. */
const ROUNDS = 4;

export function check(
  document: FormulaDocument,
  index: FormulaIndex,
  raw: Record<string, unknown>,
  syntax: readonly SyntaxProblem[],
  formulas: FormulaLookup,
): CheckResult {
  const { formula, problems, left: removed } = parseTolerantly(raw);
  if (!formula) return { problems };
  const parents = missingParents(formula, formulas);
  const found =
    parents.length === 0
      ? checkFormula({ formula, problems: [], source: document.uri }, formulas.find)
      : { formula, problems: validate(formula) };
  const damage = damageOf(document, index, syntax);
  const kept = found.problems.filter(
    (problem) =>
      !removed.some((path) => startsWith(problem.path, path)) &&
      !isMisleading(problem, document, damage) &&
      !(parents.length > 0 && openEnded.has(problem.code)) &&
      !(problem.code === 'unknown-formula' && problem.path[0] !== 'extends') &&
      !(removed.length > 0 && problem.code === 'composition'),
  );
  return {
    formula: found.formula,
    problems: [
      ...problems,
      ...parents,
      ...kept,
      ...unknownFormulas(index, formulas),
      ...fileNameProblems(document, formula, formulas),
    ],
  };
}

/** Values of the wrong kind are told and left out, so that the rest can be looked at. */
function parseTolerantly(raw: Record<string, unknown>): { formula?: Formula; problems: Problem[]; left: Path[] } {
  const first = formulaFromData(raw);
  const left: Path[] = [];
  let [result, data] = [first, raw];
  for (let round = 0; !result.formula && round < ROUNDS; round++) {
    const wrong = result.problems.filter((problem) => problem.code === 'wrong-type').map((problem) => problem.path);
    left.push(...wrong);
    data = wrong.reduce((rest, path) => without(rest, path) as Record<string, unknown>, data);
    result = formulaFromData(data);
  }
  return { problems: first.problems, left, ...(result.formula ? { formula: result.formula } : {}) };
}

/** The data without what stands at a path; a table of a list leaves an empty one, so that the others keep their numbers. */
function without(data: unknown, [head, ...rest]: Path): unknown {
  if (Array.isArray(data)) {
    if (typeof head !== 'number') return data;
    if (rest.length > 0) return data.map((item: unknown, at) => (at === head ? without(item, rest) : item));
    return data.flatMap((item: unknown, at) =>
      at !== head ? [item] : data.some((other) => typeof other === 'object') ? [{}] : [],
    );
  }
  if (typeof data !== 'object' || data === null || typeof head !== 'string') return data;
  return Object.fromEntries(
    Object.entries(data).flatMap(([key, value]): [string, unknown][] => {
      if (key !== head) return [[key, value]];
      return rest.length > 0 ? [[key, without(value, rest)]] : [];
    }),
  );
}

/** What a parent would bring is not known: nothing is said of what may come from there. */
const openEnded = new Set(['unknown-step', 'undeclared-variable', 'missing-content', 'unknown-leg']);

function missingParents(formula: Formula, formulas: FormulaLookup): Problem[] {
  return formula.extends.flatMap((name, at) => {
    try {
      resolveExtends({ ...formula, extends: [name] }, formulas.find);
      return [];
    } catch (thrown) {
      const near = closestMatch(name, formulas.names());
      const text = messageOf(thrown)
        .replace(`${formula.name} extends ${name}: `, '')
        .split('\n')
        .map((line) => line.trim())
        .join(' ');
      return [
        error(
          'unknown-formula',
          'extends',
          near && near !== name ? `${text}; did you mean ${JSON.stringify(near)}?` : text,
          ['extends', at],
        ),
      ];
    }
  });
}

/** Without these nothing can be cooked; others are looked for later. */
const needed = new Set(['expand', 'map', 'aspects']);

function unknownFormulas(index: FormulaIndex, formulas: FormulaLookup): Problem[] {
  const names = new Set(formulas.names());
  return index.formulas
    .filter(({ name, path }) => path[0] !== 'extends' && name !== '' && !names.has(name) && !name.includes('{'))
    .map(({ name, path }) => {
      const near = closestMatch(name, names);
      const isNeeded = path.some((part) => needed.has(String(part)));
      return (isNeeded ? error : warning)(
        'unknown-formula',
        '',
        `no formula ${JSON.stringify(name)} is found from here${near ? `; did you mean ${JSON.stringify(near)}?` : ''}`,
        path,
      );
    });
}

function fileNameProblems(document: FormulaDocument, formula: Formula, formulas: FormulaLookup): Problem[] {
  const name = formulas.fileNameOf?.(document.uri);
  if (name === undefined || formula.name === '' || formula.name === name) return [];
  return [
    warning('file-name', '', `the file is named ${name}, the formula ${formula.name}; it is found by the file's name`, [
      'formula',
    ]),
  ];
}

// ---------------------------------------------------------------- damage

interface SyntaxDamage {
  syntax: readonly SyntaxProblem[];
  /** Something may be missing that other parts name. */
  steps: boolean;
  vars: boolean;
}

const structural = new Set(['toml-header', 'toml-junk']);

function damageOf(document: FormulaDocument, index: FormulaIndex, syntax: readonly SyntaxProblem[]): SyntaxDamage {
  const lost = syntax.some((problem) => structural.has(problem.code));
  const inVars = syntax.some((problem) => document.sectionAt(problem.start).header?.key.parts[0]?.name === 'vars');
  const noId = index.steps.some((step) => step.id === '' && syntax.some((problem) => inside(problem, step.node)));
  return { syntax, steps: lost || noId, vars: lost || inVars };
}

function inside(problem: SyntaxProblem, node: TreeNode): boolean {
  return node.kind !== 'leaf' && node.spans.some((span) => problem.start >= span.start && problem.start <= span.end);
}

/** Whether a problem may only come of the damage: what is missing may stand there, unreadable. */
function isMisleading(problem: Problem, document: FormulaDocument, damage: SyntaxDamage): boolean {
  if (damage.syntax.length === 0) return false;
  switch (problem.code) {
    case 'missing-content':
    case 'composition':
      return true;
    case 'unknown-step':
    case 'unknown-leg':
      return (
        damage.steps ||
        ['needs', 'depends_on'].some((key) => isDamaged([...problem.path, key], document, damage)) ||
        isDamaged(problem.path, document, damage)
      );
    case 'undeclared-variable':
      return damage.vars;
    case 'missing-key': {
      const { node } = document.locate(problem.path.slice(0, -1));
      if (node === document.tree.root)
        return damage.steps || damage.syntax.some((one) => !document.sectionAt(one.start).header);
      return !node || damage.syntax.some((one) => inside(one, node));
    }
    default:
      return isDamaged(problem.path, document, damage);
  }
}

/** Whether the value at a path could not be read as a whole. */
function isDamaged(path: Path, document: FormulaDocument, damage: SyntaxDamage): boolean {
  const { whole, slot, node } = document.locate(path);
  const value = slot?.entry?.value ?? (node?.kind === 'leaf' ? node.value : undefined);
  return (
    whole && value !== undefined && damage.syntax.some((one) => one.start >= value.start && one.start <= value.end)
  );
}

function startsWith(path: Path, prefix: Path): boolean {
  return prefix.every((part, at) => path[at] === part);
}

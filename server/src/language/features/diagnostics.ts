import { DiagnosticSeverity, type Diagnostic } from 'vscode-languageserver-types';
import { closestMatch } from '../../base/text';
import { isError, type Formula, type Path, type Problem, type ProblemLocation } from '../../formulas/model';
import { readData, type ReadFailure } from '../../formulas/load/readData';
import { checkDocument } from './formulaChecks';
import { spanOfNode, type FormulaDocument } from '../document/formulaDocument';
import { stepOfPath, type FormulaIndex, type StepEntry, type VariableUse } from '../document/formulaIndex';
import type { FormulaLookup } from '../document/formulaLookup';
import type { Span, SyntaxProblem } from '../../toml/nodes';
import { dataOf } from '../../toml/tree';

export const SOURCE = 'Gas Town';
/** Messages are plain text. */
export type FormulaDiagnostic = Diagnostic & { message: string };

/** Maximum number of diagnostics for one document. */
const MAX_DIAGNOSTICS = 250;

/** All problems of a document: of its TOML, and of the formula, by the same checks as in bd. */
export function diagnostics(
  document: FormulaDocument,
  index: FormulaIndex,
  formulas: FormulaLookup,
): FormulaDiagnostic[] {
  const read = readData(document.text, 'toml');
  const syntax = 'raw' in read ? [] : syntaxProblems(document, read.failure);
  const raw = 'raw' in read ? read.raw : (dataOf(document.tree.root) as Record<string, unknown>);
  const { problems, formula } = checkDocument(document, index, raw, syntax, formulas);
  const locator = new DiagnosticLocator(document, index, formula);
  const all = syntax.slice(0, MAX_DIAGNOSTICS).map((problem) => locator.syntax(problem));
  for (const problem of [...problems.filter(isError), ...problems.filter((one) => !isError(one))]) {
    if (all.length >= MAX_DIAGNOSTICS) break;
    all.push(...locator.problem(problem));
  }
  return all
    .slice(0, MAX_DIAGNOSTICS)
    .sort((a, b) => a.range.start.line - b.range.start.line || a.range.start.character - b.range.start.character);
}

/** @iarna/toml decides what is valid; if our own parser finds no error, its message is used. */
function syntaxProblems(document: FormulaDocument, failure: ReadFailure): SyntaxProblem[] {
  const own = [...document.syntax.problems, ...document.tree.problems];
  if (own.length > 0) return own;
  const end = failure.at ? document.offsetAt({ line: failure.at.line, character: failure.at.column }) : 0;
  return [{ code: 'toml-value', start: Math.max(document.lineStart(end), end - 1), end, message: failure.reason }];
}

class DiagnosticLocator {
  private readonly declared: string[];
  private readonly undeclaredIn: ReadonlyMap<StepEntry | undefined, VariableUse[]>;

  constructor(
    private readonly document: FormulaDocument,
    private readonly index: FormulaIndex,
    formula: Formula | undefined,
  ) {
    const vars = formula?.vars ?? {};
    this.declared = Object.keys(vars);
    this.undeclaredIn = byStep(index.uses.filter((use) => use.plain && !Object.hasOwn(vars, use.name)));
  }

  syntax({ code, message, ...span }: SyntaxProblem): FormulaDiagnostic {
    return { source: SOURCE, code, severity: DiagnosticSeverity.Error, message, range: this.document.rangeOf(span) };
  }

  problem(problem: Problem): FormulaDiagnostic[] {
    if (problem.code === 'undeclared-variable') return this.undeclared(problem);
    const span = this.spanOf(problem, problem.code);
    const elsewhere = problem.path[0] === 'extends' && !ownToExtends.has(problem.code);
    return [this.make(problem, span, elsewhere ? problem.message : problem.text)];
  }

  private make(problem: Problem, span: Span, message: string): FormulaDiagnostic {
    const related = problem.related
      ?.filter((one) => one.path[0] !== 'extends')
      .map((one) => ({
        message: one.text,
        location: { uri: this.document.uri, range: this.document.rangeOf(this.spanOf(one, problem.code)) },
      }));
    return {
      source: SOURCE,
      code: problem.code,
      severity: problem.severity === 'error' ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning,
      message,
      range: this.document.rangeOf(span),
      ...(related && related.length > 0 ? { relatedInformation: related } : {}),
    };
  }

  /** One diagnostic for each use of an undeclared variable, instead of one for the step. */
  private undeclared(problem: Problem): FormulaDiagnostic[] {
    const step = stepOfPath(this.index, problem.path);
    const uses = step
      ? (this.undeclaredIn.get(step) ?? [])
          .filter((use) => replaced.has(String(use.path[step.path.length])))
          .slice(0, MAX_DIAGNOSTICS)
      : [];
    if (uses.length === 0) return [this.make(problem, this.spanOf(problem, problem.code), problem.message)];
    return uses.map((use) => {
      const near = closestMatch(use.name, this.declared);
      return this.make(
        problem,
        use,
        `{{${use.name}}} is not declared in [vars] and stays as it is${near ? `; did you mean {{${near}}}?` : ''}`,
      );
    });
  }

  /** The range to underline: an id, the value or key at the path, or the table in which it is missing. */
  private spanOf({ path, need }: ProblemLocation, code: string): Span {
    if (need !== undefined) return this.needSpan(path, need) ?? this.spanOf({ path }, code);
    const { depth, whole, node, slot } = this.document.locate(path);
    if (whole) {
      if (slot && (keyCodes.has(code) || !node)) return slot.key;
      const span = node && spanOfNode(node);
      if (span) return this.oneLine(span);
    }
    if (depth === 0) return this.atTop(path);
    const found = this.document.locate(path.slice(0, depth));
    const span = found.node && spanOfNode(found.node);
    return span ? this.oneLine(span) : this.atTop(path);
  }

  private needSpan(path: Path, need: string): Span | undefined {
    for (const key of ['needs', 'depends_on']) {
      const { whole, node } = this.document.locate([...path, key]);
      if (!whole || node?.kind !== 'list') continue;
      for (const item of node.items)
        if (item.kind === 'leaf' && item.value.kind === 'string' && item.value.value === need) return item.value;
    }
    return undefined;
  }

  /** Only the first line of a long string or table. */
  private oneLine({ start, end }: Span): Span {
    return { start, end: Math.min(end, Math.max(this.document.lineEnd(start), start + 1)) };
  }

  private atTop(path: Path): Span {
    const { root } = this.document.tree;
    const named = root.slots.get('extends') ?? (path.length === 0 ? undefined : root.slots.get('formula'));
    if (named) return named.key;
    const first = this.document.syntax.tokens.find((token) => token.kind === 'key' || token.kind === 'punctuation');
    return first ? this.oneLine({ start: first.start, end: this.document.lineEnd(first.start) }) : { start: 0, end: 0 };
  }
}

function byStep(uses: readonly VariableUse[]): Map<StepEntry | undefined, VariableUse[]> {
  const found = new Map<StepEntry | undefined, VariableUse[]>();
  for (const use of uses) {
    const group = found.get(use.step);
    if (group) group.push(use);
    else found.set(use.step, [use]);
  }
  return found;
}

const keyCodes = new Set(['unknown-key', 'variable-name', 'required-default', 'engine-metadata']);
const ownToExtends = new Set(['wrong-type', 'unknown-formula', 'extends']);
/** Keys in which variables are replaced: the same as in `textsOf`. */
const replaced = new Set([
  'title',
  'description',
  'notes',
  'acceptance',
  'assignee',
  'condition',
  'labels',
  'metadata',
  'gate',
]);

import type { Path, Problem } from '../../formulas/model';
import type { SyntaxProblem } from '../../toml/nodes';
import type { TreeNode } from '../../toml/tree';
import type { FormulaDocument } from '../document/formulaDocument';
import type { FormulaIndex } from '../document/formulaIndex';

/** Errors after which it is unknown which table a line belongs to. */
const structural = new Set(['toml-header', 'toml-statement']);
/** Syntax problems that are examined one by one. */
const MAX_DETAILS = 250;

/** Decides which problems may only be caused by broken syntax. */
export class SyntaxDamage {
  private readonly syntax: readonly SyntaxProblem[];
  /** Steps that others need may be unreadable. */
  private readonly hidesSteps: boolean;
  private readonly hidesVariables: boolean;

  constructor(
    private readonly document: FormulaDocument,
    index: FormulaIndex,
    syntax: readonly SyntaxProblem[],
  ) {
    this.syntax = syntax.slice(0, MAX_DETAILS);
    const isLost = syntax.length > MAX_DETAILS || syntax.some((problem) => structural.has(problem.code));
    const isInVars = this.syntax.some(
      (problem) => document.sectionAt(problem.start).header?.key.parts[0]?.name === 'vars',
    );
    const hasNoId = index.steps.some((step) => step.id === '' && this.isInside(step.node));
    this.hidesSteps = isLost || hasNoId;
    this.hidesVariables = isLost || isInVars;
  }

  /** Whether a problem may only be caused by broken syntax: the missing part may exist, but be unreadable. */
  misleads(problem: Problem): boolean {
    if (this.syntax.length === 0) return false;
    switch (problem.code) {
      case 'missing-content':
      case 'composition':
        return true;
      case 'unknown-step':
      case 'unknown-leg':
        return (
          this.hidesSteps ||
          ['needs', 'depends_on'].some((key) => this.isDamaged([...problem.path, key])) ||
          this.isDamaged(problem.path)
        );
      case 'undeclared-variable':
        return this.hidesVariables;
      case 'missing-key': {
        const { node } = this.document.locate(problem.path.slice(0, -1));
        if (node === this.document.tree.root)
          return this.hidesSteps || this.syntax.some((one) => !this.document.sectionAt(one.start).header);
        return !node || this.isInside(node);
      }
      default:
        return this.isDamaged(problem.path);
    }
  }

  private isInside(node: TreeNode): boolean {
    return (
      node.kind !== 'leaf' &&
      node.spans.some((span) => this.syntax.some(({ start }) => start >= span.start && start <= span.end))
    );
  }

  /** Whether the value at a path could not be read as a whole. */
  private isDamaged(path: Path): boolean {
    const { whole, slot, node } = this.document.locate(path);
    const value = slot?.entry?.value ?? (node?.kind === 'leaf' ? node.value : undefined);
    return whole && value !== undefined && this.syntax.some(({ start }) => start >= value.start && start <= value.end);
  }
}

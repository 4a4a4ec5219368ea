import { unknownKeys } from '../check/unknownKeys';
import { limits, tooLargeText } from '../limits';
import { error, firstProblems, warning, type Formula, type Problem, quoted } from '../model';
import { formulaOf, typeOf } from './normalize';
import { rawFormula } from './rawFormula';
import { readData, type Format } from './readData';
import { typeProblem } from './typeProblems';

export interface ParsedFormula {
  /** Undefined if the text is not a formula. */
  formula?: Formula;
  /** The data as it is in the file. */
  raw?: Record<string, unknown>;
  problems: Problem[];
}

/** Parses the text of a formula. Its steps are checked later, together with those of its parents. Never throws. */
export function parseFormula(text: string, format: Format): ParsedFormula {
  if (text.length > limits.fileBytes) return { problems: [error('too-large', '', tooLargeText(text.length), [])] };
  const read = readData(text, format);
  if ('failure' in read) {
    const { reason, at } = read.failure;
    return { problems: [error('syntax', at ? `line ${at.line + 1}, column ${at.column + 1}` : '', reason, [])] };
  }
  return { raw: read.raw, ...formulaFromData(read.raw) };
}

/** Converts data to a formula. Undefined if a value has the wrong type. */
export function formulaFromData(raw: Record<string, unknown>): Pick<ParsedFormula, 'formula' | 'problems'> {
  const parsed = rawFormula.safeParse(raw);
  const problems = unknownKeys(raw);
  if (!parsed.success)
    return { problems: firstProblems([...parsed.error.issues.map(typeProblem), ...problems], limits.problems) };
  const type = typeOf(parsed.data);
  if (!type)
    problems.push(
      error(
        'invalid-value',
        'type',
        `invalid value ${quoted(parsed.data.type ?? '')} (must be workflow, expansion, aspect or convoy)`,
        ['type'],
      ),
    );
  for (const [name, variable] of Object.entries(parsed.data.vars ?? {})) {
    if (typeof variable === 'object' && variable.default !== undefined && typeof variable.default !== 'string') {
      problems.push(
        warning(
          'default-text',
          `vars.${name}`,
          'the default is used as a string; write it in quotes (bd ignores other defaults)',
          ['vars', name, 'default'],
        ),
      );
    }
  }
  return { problems: firstProblems(problems, limits.problems), formula: formulaOf(parsed.data, type ?? 'workflow') };
}

import { warning, type Formula, type Problem, quoted } from '../model';

/**
 * A formula is found by the name of its file: another name inside would confuse.
 * @param name of the file, without `.formula.toml`
 */
export function fileNameProblems(name: string, formula: Formula): Problem[] {
  if (formula.name === '' || formula.name === name) return [];
  const inside = /^[\w.-]{1,100}$/.test(formula.name) ? formula.name : quoted(formula.name);
  const text = `the file is named ${name}, the formula ${inside}; it is found by the file's name`;
  return [warning('file-name', 'formula', text, ['formula'])];
}

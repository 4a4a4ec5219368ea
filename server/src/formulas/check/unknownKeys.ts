import { asPlainObject, isPlainObject } from '../../base/objects';
import { formatPath, warning, type Path, type Problem, quoted } from '../model';
import { schema, type TableKind } from '../schema';
import { Suggestions } from './suggestions';

/**
 * Warnings for unknown keys. The Go programs ignore them silently, so that a misspelled key has no effect. Keys of the
 * Gas Town dialect are known.
 * @param raw the data of a file
 */
export function unknownKeys(raw: Record<string, unknown>): Problem[] {
  const problems: Problem[] = [];
  const suggestions = new Suggestions();
  const check = (value: unknown, kind: TableKind, path: Path): void => {
    for (const key of Object.keys(asPlainObject(value))) {
      if (Object.hasOwn(schema[kind], key)) continue;
      const hint = suggestions.suffix(key, Object.keys(schema[kind]));
      problems.push(
        warning('unknown-key', formatPath(path), `unknown key ${quoted(key)} is ignored${hint}`, [...path, key]),
      );
    }
  };
  const checkSteps = (value: unknown, path: Path): void => {
    for (const [index, step] of tables(value)) {
      const at = [...path, index];
      check(step, 'step', at);
      check(step.gate, 'gate', [...at, 'gate']);
      check(step.loop, 'loop', [...at, 'loop']);
      check(step.on_complete, 'onComplete', [...at, 'on_complete']);
      checkSteps(step.children, [...at, 'children']);
      checkSteps(asPlainObject(step.loop).body, [...at, 'loop', 'body']);
    }
  };
  check(raw, 'formula', []);
  for (const [name, variable] of Object.entries(asPlainObject(raw.vars))) check(variable, 'variable', ['vars', name]);
  checkSteps(raw.steps, ['steps']);
  checkSteps(raw.template, ['template']);
  check(raw.compose, 'compose', ['compose']);
  for (const [index, advice] of tables(raw.advice)) {
    check(advice, 'advice', ['advice', index]);
    check(advice.around, 'around', ['advice', index, 'around']);
  }
  return problems;
}

/** The tables of a list, with their indexes. */
function tables(value: unknown): [number, Record<string, unknown>][] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: unknown, index): [number, Record<string, unknown>][] =>
    isPlainObject(item) ? [[index, item]] : [],
  );
}

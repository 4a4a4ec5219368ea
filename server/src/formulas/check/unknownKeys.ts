import { isPlainObject } from '../../base/objects';
import { closestMatch } from '../../base/text';
import { warning, type Path, type Problem } from '../model';
import { schema, type TableKind } from '../schema';

/**
 * `bd` and `gt` pass over keys that mean nothing without a word, so a slip of the keyboard would silently change
 * nothing: we warn. Those of the Gas Town dialect count as known.
 */
export function unknownKeys(raw: Record<string, unknown>): Problem[] {
  const problems: Problem[] = [];
  const check = (value: unknown, place: TableKind, path: Path): void => {
    if (!isPlainObject(value)) return;
    for (const key of Object.keys(value)) {
      if (Object.hasOwn(schema[place], key)) continue;
      const near = closestMatch(key, Object.keys(schema[place]));
      problems.push(
        warning(
          'unknown-key',
          formatPath(path),
          `unknown key ${JSON.stringify(key)} is ignored${near ? `; did you mean ${JSON.stringify(near)}?` : ''}`,
          [...path, key],
        ),
      );
    }
  };
  const steps = (value: unknown, path: Path): void => {
    for (const [index, step] of tables(value)) {
      const at = [...path, index];
      check(step, 'step', at);
      check(step.gate, 'gate', [...at, 'gate']);
      check(step.loop, 'loop', [...at, 'loop']);
      check(step.on_complete, 'onComplete', [...at, 'on_complete']);
      steps(step.children, [...at, 'children']);
      if (isPlainObject(step.loop)) steps(step.loop.body, [...at, 'loop', 'body']);
    }
  };
  check(raw, 'formula', []);
  for (const [name, variable] of Object.entries(isPlainObject(raw.vars) ? raw.vars : {}))
    check(variable, 'variable', ['vars', name]);
  steps(raw.steps, ['steps']);
  steps(raw.template, ['template']);
  check(raw.compose, 'compose', ['compose']);
  for (const [index, advice] of tables(raw.advice)) {
    check(advice, 'advice', ['advice', index]);
    check(advice.around, 'around', ['advice', index, 'around']);
  }
  return problems;
}

/** `steps[2].gate`, as people write it. */
export function formatPath(path: Path): string {
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index > 0 ? '.' : ''}${part}`))
    .join('');
}

function tables(value: unknown): [number, Record<string, unknown>][] {
  return Array.isArray(value)
    ? [...value.entries()].filter((entry): entry is [number, Record<string, unknown>] => isPlainObject(entry[1]))
    : [];
}

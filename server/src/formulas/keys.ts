import { warning, type Problem } from './model';

/**
 * The keys that mean something, by place. `bd` and `gt` pass over the others without a word, so a slip of the
 * keyboard would silently change nothing: we warn. Those of the Gas Town dialect count as known.
 */
const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

const known = {
  formula: words('formula description version type extends vars steps template compose advice pointcuts phase pour squash review_only agent inputs prompts output legs synthesis presets aspects source'),
  variable: words('description default required enum pattern type'),
  step: words('id title description notes acceptance type priority labels metadata depends_on needs waits_for assignee expand expand_vars condition children gate loop on_complete parallel interactive args output'),
  gate: words('type id await_id timeout condition'),
  loop: words('count until max range var body'),
  onComplete: words('for_each bond vars parallel sequential'),
  compose: words('bond_points hooks expand map branch gate aspects'),
  advice: words('target before after around'),
  around: words('before after'),
};

type Place = keyof typeof known;

export function unknownKeys(raw: Record<string, unknown>): Problem[] {
  const problems: Problem[] = [];
  const check = (value: unknown, place: Place, where: string): void => {
    if (!isTable(value)) return;
    for (const key of Object.keys(value)) {
      if (known[place].has(key)) continue;
      const near = nearest(key, known[place]);
      problems.push(warning(`${where === '' ? '' : `${where}: `}unknown key ${JSON.stringify(key)} is ignored${near ? `; did you mean ${JSON.stringify(near)}?` : ''}`));
    }
  };
  const steps = (value: unknown, where: string): void => {
    for (const [index, step] of tables(value)) {
      const at = `${where}[${index}]`;
      check(step, 'step', at);
      check(step.gate, 'gate', `${at}.gate`);
      check(step.loop, 'loop', `${at}.loop`);
      check(step.on_complete, 'onComplete', `${at}.on_complete`);
      steps(step.children, `${at}.children`);
      if (isTable(step.loop)) steps(step.loop.body, `${at}.loop.body`);
    }
  };
  check(raw, 'formula', '');
  for (const [name, variable] of Object.entries(isTable(raw.vars) ? raw.vars : {})) check(variable, 'variable', `vars.${name}`);
  steps(raw.steps, 'steps');
  steps(raw.template, 'template');
  check(raw.compose, 'compose', 'compose');
  for (const [index, advice] of tables(raw.advice)) {
    check(advice, 'advice', `advice[${index}]`);
    check(advice.around, 'around', `advice[${index}].around`);
  }
  return problems;
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function tables(value: unknown): [number, Record<string, unknown>][] {
  return Array.isArray(value) ? [...value.entries()].filter((entry): entry is [number, Record<string, unknown>] => isTable(entry[1])) : [];
}

/** A known word at most two edits away, or the other spelling of one. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = 3;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase().replaceAll('-', '_'), candidate.toLowerCase().replaceAll('-', '_'));
    if (distance < least && distance < candidate.length) [best, least] = [candidate, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min((next[j - 1] ?? 0) + 1, (row[j] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] ?? 3;
}

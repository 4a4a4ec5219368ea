import type { Bead } from '../../protocol/bead';

/** Ids of beads in the texts of others. */

const textFields = ['title', 'description', 'design', 'acceptance_criteria', 'notes'] as const;

/** Whether a text of the bead contains this id as a whole word; `app-1` does not match in `app-1.2` or `app-12`. */
export function namesId(bead: Bead, id: string): boolean {
  const pattern = wholeId(id);
  return textFields.some((field) => pattern.test(bead[field] ?? ''));
}

/** The changed texts of a bead after replacing an id by another word. */
export function withReplacedId(bead: Bead, id: string, replacement: string): Partial<Bead> {
  const pattern = new RegExp(wholeId(id).source, 'g');
  const changed = textFields.flatMap((field) => {
    const text = bead[field];
    const next = text?.replace(pattern, () => replacement);
    return next === undefined || next === text ? [] : [[field, next] as const];
  });
  return Object.fromEntries(changed);
}

/** The changed texts of a bead after replacing each of these ids. */
export function withReplacedIds(bead: Bead, ids: ReadonlyMap<string, string>): Partial<Bead> {
  const words = /(?<![\w-])[A-Za-z0-9][\w-]*(?:\.\d+)*/g;
  const changed = textFields.flatMap((field) => {
    const text = bead[field];
    const next = text?.replace(words, (word) => ids.get(word) ?? word);
    return next === undefined || next === text ? [] : [[field, next] as const];
  });
  return Object.fromEntries(changed);
}

function wholeId(id: string): RegExp {
  return new RegExp(`(?<![\\w-])${id.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(?![\\w-]|\\.\\d)`);
}

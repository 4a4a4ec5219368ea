import { isPlainObject } from '../../base/objects';

/** Memories of `bd remember` in an export: lines of the kind `memory`, beside those of beads. */

export interface Memory {
  key: string;
  value: string;
}

export function memoryLine(key: string, value: string): string {
  return JSON.stringify({ _type: 'memory', key, value });
}

/** The memories among the lines of an export; all other lines are left to the import of beads. */
export function memoriesIn(text: string): Memory[] {
  if (!text.includes('"_type"')) return [];
  return text.split('\n').flatMap((line) => (line.includes('"memory"') ? memoryIn(line) : []));
}

function memoryIn(line: string): Memory[] {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return []; // the import of beads reports a broken line
  }
  if (!isPlainObject(value) || value._type !== 'memory') return [];
  const { key, value: text } = value;
  return typeof key === 'string' && key !== '' && typeof text === 'string' ? [{ key, value: text }] : [];
}

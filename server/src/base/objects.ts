/** Guards for values from outside: parsed JSON or TOML, metadata of beads, messages. */

/** Whether a value is an object of keys and values: no array, not null. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value if it is an object of keys and values, else an empty one: for reading optional fields. */
export function asPlainObject(value: unknown): Record<string, unknown> {
  return isPlainObject(value) ? value : {};
}

/** The texts in a value that should be a list of them; empty if it is no list. */
export function textsIn(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** The items of a list, each once, in the order of their first appearance. */
export function unique<T>(items: Iterable<T>): T[] {
  return [...new Set(items)];
}

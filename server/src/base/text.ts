/** Cuts a text to at most so many bytes of UTF-8, between characters: titles of beads are limited in bytes. */
export function cutBytes(text: string, maxBytes: number): string {
  if (Buffer.byteLength(text) <= maxBytes) return text;
  let size = 0;
  let result = '';
  for (const character of text) {
    size += Buffer.byteLength(character);
    if (size > maxBytes - 3) break; // room for the ellipsis
    result += character;
  }
  return `${result}…`;
}

/** The first line, for places that show one. */
export function firstLine(text: string): string {
  return text.split('\n', 1)[0]!.trim();
}

/**
 * A number with its noun: `1 file`, `3 files`. The one place that decides between singular and plural.
 * @param many where it is not `one` with an `s`
 */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

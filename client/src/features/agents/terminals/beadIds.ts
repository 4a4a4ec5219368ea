/** Pure. Branch names such as `polecat/nux/toy-a1b@x1` hold ids, too. */
export function findBeadIds(line: string, prefixes: readonly string[]): { id: string; start: number }[] {
  if (line.length > 2_000) return [];
  return [...line.matchAll(/(?<![\w-])([a-z][a-z0-9-]*?)-([a-z0-9]{3,8})((?:\.\d+)*)(?![\w-])/g)]
    .filter((match) => prefixes.includes(match[1] ?? ''))
    .map((match) => ({ id: match[0], start: match.index }));
}

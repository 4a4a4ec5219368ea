/**
 * Matches a name (the id of a step, the address of an agent) with a pattern: `*` matches any characters, `?` one
 * character. The worst case is the length of the name times the length of the pattern: after a mismatch only the last
 * `*` is extended, because extending an earlier one could not match more.
 */
export function matchesGlob(pattern: string, name: string): boolean {
  let [at, next] = [0, 0];
  let star = -1;
  let widened = 0;
  while (at < name.length) {
    if (pattern[next] === '*') {
      star = next++;
      widened = at;
    } else if (next < pattern.length && (pattern[next] === '?' || pattern[next] === name[at])) {
      at++;
      next++;
    } else if (star >= 0) {
      next = star + 1;
      at = ++widened;
    } else return false;
  }
  while (pattern[next] === '*') next++;
  return next === pattern.length;
}

/**
 * Matches a step id with a pattern: `*` matches any characters, `?` one character.
 * The worst case is the length of the id times the length of the pattern: after a mismatch only the last `*` is
 * extended, because extending an earlier one could not match more.
 */
export function matchesGlob(pattern: string, id: string): boolean {
  let [at, next] = [0, 0];
  let star = -1;
  let widened = 0;
  while (at < id.length) {
    if (pattern[next] === '*') {
      star = next++;
      widened = at;
    } else if (next < pattern.length && (pattern[next] === '?' || pattern[next] === id[at])) {
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

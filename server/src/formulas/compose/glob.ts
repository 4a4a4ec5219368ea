/**
 * Patterns of step ids: `*` stands for any characters, `?` for one, everything else for itself.
 * Takes time proportional to the length of the id times that of the pattern, whatever they hold: after a mismatch only
 * the last `*` is widened, because an earlier one could only match the same again.
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

import { matchesGlob } from './glob';

/*
 * Patterns of paths: `*` and `?` within a folder, `**` across folders; a pattern that names a folder matches everything
 * in it. No regular expressions: patterns come from untrusted beads, and the time that a match takes is bounded by the
 * product of the lengths.
 */

/** Whether a path, with `/` between its parts, matches. */
export function matchesPath(pattern: string, path: string): boolean {
  const wanted = segmentsOf(pattern);
  return wanted.length > 0 && matchesSegments(wanted, segmentsOf(path));
}

/** Whether some path could match both. True if that is unknown. */
export function patternsMeet(one: string, other: string): boolean {
  const [a, b] = [segmentsOf(one), segmentsOf(other)];
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    const [left, right] = [a[index]!, b[index]!];
    if (left === '**' || right === '**') return true;
    if (isLiteral(left) && isLiteral(right) ? left !== right : !canMeet(left, right)) return false;
  }
  return a.length > 0 && b.length > 0; // one names a folder above the other, or the same
}

function canMeet(left: string, right: string): boolean {
  if (isLiteral(left)) return matchesGlob(right, left);
  return isLiteral(right) ? matchesGlob(left, right) : true;
}

function segmentsOf(text: string): string[] {
  return text.split('/').filter((segment) => segment !== '' && segment !== '.');
}

function isLiteral(segment: string): boolean {
  return !/[*?]/.test(segment);
}

/** Row by row: which prefixes of the path the pattern so far can match. */
function matchesSegments(pattern: readonly string[], path: readonly string[]): boolean {
  let reached = path.map(() => false);
  reached = [true, ...reached];
  for (const segment of pattern) {
    const next = reached.map(() => false);
    for (let index = 0; index <= path.length; index += 1) {
      if (segment === '**') next[index] = reached[index]! || (index > 0 && next[index - 1]!);
      else next[index] = index > 0 && reached[index - 1]! && matchesGlob(segment, path[index - 1]!);
    }
    reached = next;
  }
  return reached.some(Boolean); // everything below a matching folder matches, too
}

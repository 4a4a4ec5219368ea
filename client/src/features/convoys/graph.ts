/** Whether `from` waits for `to`, at whatever distance. */
export function reaches(
  waits: ReadonlyMap<string, ReadonlySet<string>>,
  from: string,
  to: string,
  seen = new Set<string>(),
): boolean {
  if (seen.has(from)) return false;
  seen.add(from);
  const next = waits.get(from);
  return next !== undefined && (next.has(to) || [...next].some((id) => reaches(waits, id, to, seen)));
}

const MINUTE = 60_000;

/** The time between two moments, for display: `45s`, `12m`, `2h 15m`, `3d 4h`. Both in milliseconds; never negative. */
export function elapsedText(from: number, to: number): string {
  const elapsed = Math.max(0, to - from);
  if (elapsed < MINUTE) return `${Math.floor(elapsed / 1000)}s`;
  const minutes = Math.floor(elapsed / MINUTE);
  if (minutes < 60) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? twoParts(hours, 'h', minutes % 60, 'm') : twoParts(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function twoParts(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small > 0 ? `${large}${largeUnit} ${small}${smallUnit}` : `${large}${largeUnit}`;
}

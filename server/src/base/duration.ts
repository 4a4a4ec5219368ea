/** Lengths of time in nanoseconds, the unit of the ledger, and as text. */

const units: Readonly<Record<string, number>> = { ms: 1e6, s: 1e9, m: 60e9, h: 3600e9, d: 86_400e9 };
const MAX_CHARS = 100;

/** Parses `250ms`, `30s`, `1.5h`, `1h30m` or `1d`. @returns nanoseconds; undefined for anything else */
export function durationNs(text: string): number | undefined {
  const duration = text.trim();
  if (duration === '' || duration.length > MAX_CHARS) return undefined;
  const part = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/y;
  let sum = 0;
  while (part.lastIndex < duration.length) {
    const match = part.exec(duration);
    if (!match) return undefined;
    sum += Number(match[1]) * units[match[2]!]!;
  }
  return sum;
}

/** As Go writes it: `250ms`, `30s`, `1h30m0s`. */
export function durationText(nanoseconds: number): string {
  const ms = nanoseconds / 1e6;
  if (ms < 1000) return `${ms}ms`;
  const seconds = Math.floor(ms / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  if (h > 0) return `${h}h${m}m${s}s`;
  return m > 0 ? `${m}m${s}s` : `${s}s`;
}

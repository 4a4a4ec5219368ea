import { privateBytes, type ProcessIdentity } from '../base/process';
import type { GateLimits } from '../protocol/town';

/** Only Linux says what a process uses and who its parent is. */
export function canLimit(platform: NodeJS.Platform = process.platform): boolean {
  return platform === 'linux';
}

/**
 * What of its limits the processes of a gate exceed together, in words; undefined where nothing is.
 * @param memoryOf bytes in use by a process
 */
export function exceeded(
  processes: readonly ProcessIdentity[],
  limits: GateLimits,
  memoryOf: (pid: number) => number = privateBytes,
): string | undefined {
  const { memoryMb, processes: most } = limits;
  if (most !== undefined && processes.length > most) return `used ${processes.length} processes; the limit is ${most}`;
  if (memoryMb === undefined) return undefined;
  const bytes = processes.reduce((sum, { pid }) => sum + memoryOf(pid), 0);
  const used = Math.ceil(bytes / (1024 * 1024));
  return used > memoryMb ? `used ${used} MB of memory; the limit is ${memoryMb} MB` : undefined;
}

import { privateBytes, type ProcessIdentity } from '../base/process';
import type { GateLimits } from '../protocol/town';

/** Whether limits can be applied: only Linux shows the memory and the parent of a process. */
export function canLimit(platform: NodeJS.Platform = process.platform): boolean {
  return platform === 'linux';
}

/**
 * The limit that the processes of a gate exceed together, as a message; undefined if there is none.
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

import { z } from 'zod';

/**
 * A process that a file names, to be ended later. Whoever wrote the file, pid 1 or a missing start mark must never
 * get there: the group of pid 1 is every process of the user, and without its start a pid may be a stranger's.
 */
export const recordedProcess = z.object({
  pid: z.number().int().min(2),
  start: z.string().min(1),
});

import { z } from 'zod';

/**
 * A process that a file names, to be ended later. Whatever the file contains, pid 1 or a missing start mark must never
 * be accepted: the group of pid 1 is every process of the user, and without its start mark a pid may have been reused.
 */
export const recordedProcess = z.object({
  pid: z.number().int().min(2),
  start: z.string().min(1),
});

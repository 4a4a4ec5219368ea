import { z } from 'zod';

/** A name or id that a caller gives. */
export const name = z.string().min(1).max(200);

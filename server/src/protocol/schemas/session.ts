import { z } from 'zod';
import { SessionAttach, SessionDetach, SessionInput, SessionResize } from '../session';
import { name, schemaFor } from './schema';

/** Size of a terminal in characters. */
export const cols = z.number().int().min(2).max(1000);
export const rows = z.number().int().min(1).max(1000);

const session = z.object({ session: name });

export const sessionSchemas = [
  schemaFor(SessionAttach.spec, session),
  schemaFor(SessionDetach.spec, session),
  schemaFor(SessionInput.spec, z.object({ session: name, data: z.string().max(1_000_000) })),
  schemaFor(SessionResize.spec, z.object({ session: name, cols, rows })),
];

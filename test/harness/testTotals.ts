// How the tests inside VS Code report their totals to the process outside.
import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** The environment variable that names the file to write the totals to. */
export const RESULT_ENV = 'GT_TEST_RESULT';

/** Prefix of every line that a test run prints on VS Code's console, to tell it from VS Code's own messages. */
export const OUTPUT_MARK = '\u2063';

const totalsSchema = z.object({ passed: z.number(), failed: z.number(), skipped: z.number() });

export type TestTotals = z.infer<typeof totalsSchema>;

/** Undefined when the tests ended before they could write it. */
export function readTotals(file: string): TestTotals | undefined {
  try {
    return totalsSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

import { readFileBytes } from '../../base/safeFiles';
import { HeadlessScreen } from './screen';

/** More than a log may have, see `OutputLog`. */
const MAX_LOG_BYTES = 8 * 1024 * 1024;
const TAIL_BYTES = 256 * 1024;
const SIZE = { cols: 120, rows: 200 };

/** The last lines of a session's log as a terminal shows them. @returns undefined if there is no log */
export async function lastOutput(file: string): Promise<string | undefined> {
  const bytes = readFileBytes(file, MAX_LOG_BYTES);
  if (!bytes) return undefined;
  // Questions that a program asked its terminal were answered long ago.
  const screen = new HeadlessScreen({ ...SIZE, nobodyWatches: () => false, reply: () => undefined });
  try {
    await new Promise<void>((resolve) => screen.write(bytes.subarray(-TAIL_BYTES).toString('utf8'), resolve));
    return screen.text();
  } finally {
    screen.dispose();
  }
}

import fs from 'node:fs';
import { readTail } from '../../base/safeFiles';
import { safePart } from '../../git/names';
import { gateNames, type GateLog } from '../../protocol/town';
import type { TownLayout } from '../../town/layout';

/** How much of a log is shown: its end. */
const MAX_LOG_BYTES = 1_000_000;

/** The commands of a rig that write a log for a merge request. */
const LOGGED = [...gateNames, 'review'];

/** What the gates printed for a request when they last ran for it. A gate whose result was known did not run, and has none. */
export function gateLogsOf(layout: TownLayout, rig: string, names: readonly string[]): GateLog[] {
  return LOGGED.flatMap((gate): GateLog[] => {
    const files = names.map((name) => layout.gateLog(rig, safePart(name), gate));
    const file = files.find((candidate) => fs.statSync(candidate, { throwIfNoEntry: false })?.isFile());
    if (file === undefined) return [];
    return [
      {
        gate,
        path: file,
        at: fs.statSync(file).mtime.toISOString(),
        text: readTail(file, MAX_LOG_BYTES).toString(),
      },
    ];
  });
}

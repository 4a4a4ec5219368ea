import fs from 'node:fs';
import { readTail } from '../../base/safeFiles';
import { safePart } from '../../git/names';
import { gateNames, type GateLog } from '../../protocol/town';
import type { TownLayout } from '../../town/layout';
import type { MergeRequest } from '../state/work';

/** How much of a log is shown: its end. */
const MAX_LOG_BYTES = 1_000_000;

/** The commands of a rig that write a log for a merge request. */
const LOGGED = [...gateNames, 'review'];

/** What the gates printed for a request when they last ran for it. A gate whose result was known did not run, and has none. */
export function gateLogsOf(layout: TownLayout, id: string, { rig, source, testedWith }: MergeRequest): GateLog[] {
  return LOGGED.flatMap((gate): GateLog[] => {
    // Before it was submitted, a direct landing names them after its bead.
    const names = [...(testedWith === undefined ? [] : [testedWith]), id, source];
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

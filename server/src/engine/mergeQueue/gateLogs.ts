import fs from 'node:fs';
import { readTail } from '../../base/safeFiles';
import { safePart } from '../../git/names';
import { gateNames, type GateLog } from '../../protocol/town';
import type { TownLayout } from '../../town/layout';
import type { MergeRequest } from '../state/work';

/** Maximum number of bytes of a log that are shown: its end. */
const MAX_LOG_BYTES = 1_000_000;

/** Names of commands of a rig that write a log for a merge request. */
const LOGGED = [...gateNames, 'review'];

/** The logs of the last gate runs for a request. A gate with a cached result did not run, and has no log. */
export function gateLogsOf(layout: TownLayout, id: string, { rig, source, testedWith }: MergeRequest): GateLog[] {
  return LOGGED.flatMap((gate): GateLog[] => {
    // A direct landing of work that was not submitted names them after the bead.
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

import type { FilesPort } from '../../server/src/engine/loop/ports';

/** Of a rig whose git is made up: nothing is known of the files that changes touch. */
export const NO_FILES: FilesPort = {
  of: () => undefined,
  ofBranch: () => undefined,
  read: async () => false,
  readBranches: async () => false,
};

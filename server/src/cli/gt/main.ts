#!/usr/bin/env node
import { townPlace } from '../../protocol/transport/serverPlace';
import { townOfDirectory } from '../shared/findTown';
import { runMain } from '../shared/main';

void runMain({
  offline: ['install', 'shutdown', 'attach', 'version', 'completion'],
  serverOf: ({ cwd, env }) => {
    const town = townOfDirectory(cwd, env);
    return town === undefined ? undefined : townPlace(town);
  },
  load: async () => (await import('./program')).runGt,
});

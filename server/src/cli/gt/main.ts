#!/usr/bin/env node
import { townOfDirectory } from '../shared/findTown';
import { runMain } from '../shared/main';

void runMain({
  offline: ['install', 'shutdown', 'attach', 'version', 'completion'],
  townOf: ({ cwd, env }) => townOfDirectory(cwd, env),
  load: async () => (await import('./program')).runGt,
});

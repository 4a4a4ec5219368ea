#!/usr/bin/env node
import { runMain } from '../shared/main';
import { placeOfCommand } from './openBackend';

void runMain({
  offline: ['init', 'merge', 'doctor', 'version', 'completion', 'prime', 'onboard', 'quickstart', 'human'],
  serverOf: ({ cwd, env }, words) => placeOfCommand(cwd, env, words),
  load: async () => (await import('./program')).runBd,
});

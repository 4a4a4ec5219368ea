#!/usr/bin/env node
import { runMain } from '../shared/main';
import { namedLedger, townOfLedger } from './backend';

void runMain({
  offline: ['init', 'merge', 'doctor', 'version', 'completion', 'prime', 'onboard', 'quickstart', 'human'],
  townOf: ({ cwd, env }) => townOfLedger({ cwd, env }, namedLedger({ cwd, env, db: undefined })),
  load: async () => (await import('./program')).runBd,
});

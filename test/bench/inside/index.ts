// Runs inside VS Code's extension host (see ../vscode.ts): what the extension costs the window that it lives in.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import * as vscode from 'vscode';
import type { GasTownApi } from '../../../client/src/extension';
import type { BeadInfo, TownDelta, TownSnapshot } from '../../../server/src/protocol/town';
import { RESULT_ENV } from '../../harness/testTotals';
import { FIGURES_ENV, type Figures } from '../vscodeFigures';

const CHANGES = 1_000;
const ROUNDS = 5;
const SETTLE_MS = 1_500;

export async function run(): Promise<void> {
  const extension = vscode.extensions.getExtension<GasTownApi>('gastown.gastown-vscode');
  if (!extension) throw new Error('the extension is not installed');
  const api = await extension.activate();
  const figures: Figures = {
    activateMs: api.activationMs,
    loadMs: loadTime(path.join(extension.extensionPath, 'dist', 'extension.js')),
    ...(await changes(api)),
  };
  writeFileSync(process.env[FIGURES_ENV] ?? '', JSON.stringify(figures));
  writeFileSync(process.env[RESULT_ENV] ?? '', JSON.stringify({ passed: 1, failed: 0, skipped: 0 }));
}

/** The bundle, compiled and evaluated once more. */
function loadTime(file: string): number {
  const load = createRequire(file);
  const known = load.cache[file];
  delete load.cache[file];
  const begun = performance.now();
  load(file);
  const took = performance.now() - begun;
  if (known) load.cache[file] = known;
  return took;
}

/** Deltas as the server sends them, each about all beads of a convoy that is on the screen. */
async function changes(api: GasTownApi): Promise<Pick<Figures, 'longestTaskMs' | 'applyMs'>> {
  await vscode.commands.executeCommand('workbench.view.extension.gastown').then(undefined, () => undefined);
  api.store.reset(snapshot());
  await pause(SETTLE_MS);
  const [longest, apply]: [number[], number[]] = [[], []];
  for (let round = 1; round <= ROUNDS; round += 1) {
    const text = JSON.stringify(delta(round));
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    await pause(20);
    const begun = performance.now();
    const applied = api.store.apply(JSON.parse(text) as TownDelta);
    apply.push(performance.now() - begun);
    if (applied !== 'applied') throw new Error(`the delta was not taken: ${applied}`);
    await pause(SETTLE_MS);
    delay.disable();
    longest.push(delay.max / 1e6);
  }
  return { longestTaskMs: middle(longest), applyMs: middle(apply) };
}

function snapshot(): TownSnapshot {
  const beads = Array.from({ length: CHANGES }, (_, index) => bead(index, 0));
  return {
    revision: 1,
    town: [{ id: 'town', name: 'bench', root: '/nowhere', up: true, defaultAgent: 'script' }],
    rigs: [],
    agents: [],
    beads,
    attention: [],
    lists: [],
    convoys: [
      {
        id: 'hq-cv-bench',
        title: 'Bench',
        status: 'open',
        beads: beads.map(({ id }) => id),
        done: 0,
        total: CHANGES,
        createdAt: '2026-01-01T00:00:00Z',
      },
    ],
  };
}

function delta(round: number): TownDelta {
  return {
    from: round,
    to: round + 1,
    changes: { beads: { upsert: Array.from({ length: CHANGES }, (_, index) => bead(index, round)), remove: [] } },
  };
}

function bead(index: number, round: number): BeadInfo {
  return {
    id: `toy-${index}`,
    title: `Bead ${index}, round ${round}`,
    type: 'task',
    status: 'open',
    phase: round % 2 ? 'working' : 'ready',
    state: round % 2 ? 'in_progress' : 'ready',
    why: [],
    priority: 2,
    rig: 'toy',
    blockedBy: [],
    attempt: round,
    convoys: ['hq-cv-bench'],
  };
}

function middle(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

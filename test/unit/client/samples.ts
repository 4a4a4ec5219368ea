// Entities of a snapshot with defaults for everything that a test does not care about.
import type {
  AgentInfo,
  AttentionInfo,
  BeadInfo,
  ConvoyInfo,
  RigInfo,
  TownInfo,
  TownSnapshot,
} from '../../../server/src/protocol/town';

export const town = (more: Partial<TownInfo> = {}): TownInfo => ({
  id: 'town',
  name: 'gt',
  root: '/home/me/gt',
  up: true,
  defaultAgent: 'script',
  ...more,
});

export const rig = (id: string, more: Partial<RigInfo> = {}): RigInfo => ({
  id,
  prefix: id,
  source: `/src/${id}`,
  sourceIsFolder: true,
  defaultBranch: 'main',
  targetBranch: 'gastown/main',
  maxWorkers: 2,
  gates: [],
  mergeStrategy: 'squash',
  review: 'off',
  accepted: true,
  ...more,
});

export const bead = (id: string, more: Partial<BeadInfo> = {}): BeadInfo => ({
  id,
  title: `Title of ${id}`,
  type: 'task',
  status: 'open',
  phase: 'ready',
  state: 'ready',
  why: [],
  priority: 2,
  rig: 'toy',
  blockedBy: [],
  attempt: 0,
  convoys: ['hq-c1'],
  ...more,
});

export const convoy = (id: string, beads: string[], more: Partial<ConvoyInfo> = {}): ConvoyInfo => ({
  id,
  title: `Convoy ${id}`,
  status: 'open',
  beads,
  done: 0,
  total: beads.length,
  createdAt: '2026-01-01T00:00:00Z',
  launchedAt: '2026-01-01T00:00:00Z',
  ...more,
});

export const polecat = (name: string, more: Partial<AgentInfo> = {}): AgentInfo => ({
  id: `toy/polecats/${name}`,
  role: 'polecat',
  rig: 'toy',
  name,
  kind: 'agent',
  state: 'working',
  ...more,
});

export const escalation = (id: string, more: Partial<AttentionInfo> = {}): AttentionInfo => ({
  id,
  kind: 'escalation',
  title: `Escalation ${id}`,
  detail: 'It failed.',
  ...more,
});

export const snapshot = (more: Partial<TownSnapshot> = {}): TownSnapshot => ({
  revision: 1,
  town: [town()],
  rigs: [],
  agents: [],
  convoys: [],
  beads: [],
  attention: [],
  lists: [],
  ...more,
});

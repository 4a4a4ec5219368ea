import { z } from 'zod';
import { notification, request } from './request';
import type { AuditEvent } from './bead';

const name = z.string().min(1).max(200);

// ---------------------------------------------------------------- the picture of a town

export interface TownInfo {
  id: 'town';
  name: string;
  root: string;
  /** The stored switch: the engine dispatches, merges and lands only while it is up. */
  up: boolean;
  defaultAgent: string;
}

export interface RigInfo {
  /** Its name, unique in the town. */
  id: string;
  prefix: string;
  /** Git URL or absolute path that it was made from. */
  source: string;
  sourceIsFolder: boolean;
  defaultBranch: string;
  /** Where merged work lands in the source repository. */
  targetBranch: string;
  maxWorkers: number;
  /** Gate commands, in the order they run. */
  gates: GateInfo[];
  /** False while a person has not yet accepted the rig's commands. */
  accepted: boolean;
  /** For a rig made from a folder: merged commits that its checked-out branch does not have yet. */
  fastForward?: { commits: number; clean: boolean };
}

export interface GateInfo {
  name: string;
  command: string;
  timeoutSeconds: number;
}

export type AgentState = 'off' | 'idle' | 'starting' | 'working' | 'finished' | 'crashed';

export interface AgentInfo {
  /** Address: `mayor`, `deacon`, `toy/witness`, `toy/refinery`, `toy/polecats/rust`, `toy/crew/ann`. */
  id: string;
  role: 'mayor' | 'deacon' | 'witness' | 'refinery' | 'polecat' | 'crew';
  rig?: string;
  name: string;
  /** A `rule` is code of the engine and never burns a token; an `agent` is a runtime in a terminal. */
  kind: 'rule' | 'agent';
  state: AgentState;
  /** What it does right now, in a few words, such as `testing toy-a1b2c`. */
  activity?: string;
  bead?: string;
  beadTitle?: string;
  step?: string;
  runtime?: string;
  /** Set while there is a terminal to attach to. */
  session?: string;
  worktree?: string;
  /** ISO time of the session's start. */
  since?: string;
}

export interface ConvoyInfo {
  id: string;
  title: string;
  status: 'staged_ready' | 'staged_warnings' | 'open' | 'closed';
  /** Tracked bead ids, in dependency order. */
  beads: string[];
  done: number;
  total: number;
  /** ISO times. */
  createdAt: string;
  launchedAt?: string;
  landedAt?: string;
}

export type BeadPhase =
  | 'waiting' // for a bead it depends on
  | 'ready' // waits for a free worker
  | 'working'
  | 'queued' // in the merge queue
  | 'merging' // gates are running
  | 'merged'
  | 'closed' // without a merge
  | 'failed'
  | 'deferred';

export interface BeadInfo {
  id: string;
  title: string;
  type: string;
  status: string;
  phase: BeadPhase;
  priority: number;
  rig?: string;
  assignee?: string;
  /** Open beads that it waits for. */
  blockedBy: string[];
  /** How many times work on it was begun. */
  attempt: number;
  /** Why it last went wrong, in one line. */
  problem?: string;
  convoys: string[];
}

/** Something that needs a person. */
export interface AttentionInfo {
  id: string;
  kind: 'escalation' | 'consent' | 'fast-forward';
  title: string;
  detail: string;
  rig?: string;
  bead?: string;
  agent?: string;
  /** For `consent`: what `Accept` takes. */
  consent?: { kind: ConsentKind; hash: string; text: string };
}

export type ConsentKind = 'rig-commands' | 'script' | 'runtime';

export interface TownCollections {
  town: TownInfo;
  rigs: RigInfo;
  agents: AgentInfo;
  convoys: ConvoyInfo;
  beads: BeadInfo;
  attention: AttentionInfo;
}

export type CollectionName = keyof TownCollections;
export const collectionNames: readonly CollectionName[] = ['town', 'rigs', 'agents', 'convoys', 'beads', 'attention'];

export type TownSnapshot = { revision: number } & { [N in CollectionName]: TownCollections[N][] };

/** What changed from revision `from` to revision `to`; a client whose revision is not `from` asks for a snapshot. */
export interface TownDelta {
  from: number;
  to: number;
  changes: { [N in CollectionName]?: { upsert: TownCollections[N][]; remove: string[] } };
}

export namespace TownGetSnapshot {
  /** Also subscribes the connection to `TownChanged` and `TownEvent`. */
  export const spec = request<TownSnapshot>()('gastown/town/snapshot', z.object({}), 'read');
}

export namespace TownChanged {
  export const spec = notification<TownDelta>('gastown/town/changed');
}

export namespace TownEvent {
  /** The audit trail as it is written: dispatch, gates, merges, landings. */
  export const spec = notification<AuditEvent>('gastown/town/event');
}

export namespace PersonNotified {
  /** A message for the person at the window, such as a landed convoy. */
  export const spec = notification<{ severity: 'info' | 'warning' | 'error'; text: string; convoy?: string; bead?: string }>(
    'gastown/person/notified');
}

// ---------------------------------------------------------------- town and engine

export namespace TownUp {
  export const spec = request<null>()('gastown/town/up', z.object({}), 'person');
}

export namespace TownDown {
  /** Pauses the engine: nothing new starts; running agents work on. */
  export const spec = request<null>()('gastown/town/down', z.object({}), 'person');
}

export namespace TownStop {
  /** Ends sessions: of one agent, one rig or all. Their work stays on their hooks; with `all` the engine goes down too. */
  export const spec = request<{ stopped: string[] }>()('gastown/town/stop',
    z.object({ agent: name.optional(), rig: name.optional(), all: z.boolean().optional() }), 'person');
}

export namespace ConsentGive {
  export const spec = request<null>()('gastown/consent/give',
    z.object({ kind: z.enum(['rig-commands', 'script', 'runtime']), hash: z.string() }), 'person');
}

export namespace EscalationClose {
  export const spec = request<null>()('gastown/escalation/close', z.object({ id: name, reason: z.string().optional() }), 'person');
}

// ---------------------------------------------------------------- rigs

export const gateNames = ['setup', 'typecheck', 'lint', 'build', 'test'] as const;
export type GateName = (typeof gateNames)[number];

const gateCommands = z.partialRecord(z.enum(gateNames), z.string());

export namespace RigAdd {
  /**
   * `gates` are given by the caller. Where left out, commands are detected in the repository
   * (package.json scripts and the like). `accept` accepts them; otherwise the rig waits for a person.
   */
  export const spec = request<RigInfo>()('gastown/rig/add', z.object({
    name, source: z.string().min(1), prefix: z.string().optional(), defaultBranch: z.string().optional(),
    maxWorkers: z.number().int().min(1).max(50).optional(),
    gates: gateCommands.optional(), accept: z.boolean().optional(),
  }), 'person');
}

export namespace RigList {
  export const spec = request<RigInfo[]>()('gastown/rig/list', z.object({}), 'read');
}

export namespace RigRemove {
  /** Refused while it has unmerged work. The folder is moved to `.runtime/removed/`, never deleted. */
  export const spec = request<{ movedTo: string }>()('gastown/rig/remove', z.object({ name }), 'person');
}

export namespace RigFastForward {
  export const spec = request<{ commits: number }>()('gastown/rig/fastForward', z.object({ name }), 'person');
}

// ---------------------------------------------------------------- agents and their runtimes

export const runtimeSettings = z.object({
  command: z.string().min(1),
  args: z.array(z.string()).default([]),
  env: z.record(z.string(), z.string()).default({}),
  /** How the first prompt is delivered: as the last argument, after a flag, or not at all. */
  prompt: z.enum(['argument', 'flag', 'none']).default('argument'),
  promptFlag: z.string().optional(),
});
export type RuntimeSettings = z.infer<typeof runtimeSettings>;

export interface RuntimeInfo extends RuntimeSettings {
  name: string;
  builtIn: boolean;
}

export namespace AgentConfigList {
  export const spec = request<RuntimeInfo[]>()('gastown/agentConfig/list', z.object({}), 'read');
}
export namespace AgentConfigSet {
  export const spec = request<RuntimeInfo>()('gastown/agentConfig/set', z.object({ name, settings: runtimeSettings }), 'person');
}
export namespace AgentConfigRemove {
  export const spec = request<null>()('gastown/agentConfig/remove', z.object({ name }), 'person');
}
export namespace DefaultAgent {
  /** Reads it, and sets it where `name` is given. */
  export const spec = request<{ name: string }>()('gastown/agentConfig/default', z.object({ name: name.optional() }), 'person');
}

// ---------------------------------------------------------------- convoys and slinging

export namespace ConvoyCreate {
  export const spec = request<ConvoyInfo>()('gastown/convoy/create', z.object({
    title: z.string().min(1).max(500), beads: z.array(name).max(1000).default([]),
    stage: z.boolean().default(false), notify: z.array(z.string()).default([]),
  }), 'write');
}
export namespace ConvoyAdd {
  export const spec = request<ConvoyInfo>()('gastown/convoy/add', z.object({ id: name, beads: z.array(name).min(1).max(1000) }), 'write');
}
export namespace ConvoyList {
  export const spec = request<ConvoyInfo[]>()('gastown/convoy/list', z.object({ all: z.boolean().default(false) }), 'read');
}
export interface ConvoyStatus extends ConvoyInfo {
  tracked: BeadInfo[];
  /** Ids by wave: a wave needs only the waves before it. */
  waves: string[][];
  warnings: string[];
}
export namespace ConvoyGet {
  export const spec = request<ConvoyStatus>()('gastown/convoy/get', z.object({ id: name }), 'read');
}
export namespace ConvoyLaunch {
  export const spec = request<ConvoyInfo>()('gastown/convoy/launch', z.object({ id: name, force: z.boolean().default(false) }), 'write');
}

export interface SlingResult {
  bead: string;
  rig: string;
  convoy: string;
  /** False where the bead was slung before: slinging twice changes nothing. */
  changed: boolean;
}

export namespace Sling {
  export const spec = request<SlingResult[]>()('gastown/sling', z.object({
    beads: z.array(name).min(1).max(200), rig: name,
    /** A polecat of the rig by name; otherwise the next free name of the pool. */
    agent: name.optional(), runtime: name.optional(), model: z.string().max(200).optional(),
  }), 'write');
}

// ---------------------------------------------------------------- what agents call

export interface PrimeResult {
  /** Markdown: who the agent is, the bead on its hook, how to end. */
  text: string;
  bead?: string;
}
export namespace Prime {
  export const spec = request<PrimeResult>()('gastown/agent/prime', z.object({}), 'read');
}

export interface HookResult {
  agent: string;
  bead?: { id: string; title: string; status: string; description: string };
  branch?: string;
  attempt?: number;
}
export namespace Hook {
  export const spec = request<HookResult>()('gastown/agent/hook', z.object({ agent: name.optional() }), 'read');
}

/** The blocks that the `script` runtime runs, frozen when the bead was slung. */
export interface FrozenScript {
  bead: string;
  title: string;
  attempt: number;
  blocks: string[];
}
export namespace ScriptGet {
  export const spec = request<FrozenScript>()('gastown/agent/script', z.object({}), 'read');
}

export namespace Done {
  /** Ends the caller's work: its branch goes to the merge queue. Refused with uncommitted changes or foreign commits. */
  export const spec = request<{ mergeRequest: string; bead: string }>()('gastown/agent/done', z.object({ message: z.string().optional() }), 'write');
}

// ---------------------------------------------------------------- sessions (terminals)

export interface SessionScreen {
  /** Bytes for a terminal that bring back the screen with its scrollback. */
  screen: string;
  cols: number;
  rows: number;
  /** Outputs after this sequence number follow as `SessionOutput`. */
  sequence: number;
  exited?: { code: number | null; signal: string | null };
}

const session = z.object({ session: name });

export namespace SessionAttach {
  export const spec = request<SessionScreen>()('gastown/session/attach', session, 'read');
}
export namespace SessionDetach {
  export const spec = request<null>()('gastown/session/detach', session, 'read');
}
export namespace SessionInput {
  export const spec = request<null>()('gastown/session/input', z.object({ session: name, data: z.string().max(1_000_000) }), 'person');
}
export namespace SessionResize {
  export const spec = request<null>()('gastown/session/resize',
    z.object({ session: name, cols: z.number().int().min(2).max(1000), rows: z.number().int().min(1).max(1000) }), 'person');
}
export namespace SessionOutput {
  export const spec = notification<{ session: string; sequence: number; data: string }>('gastown/session/output');
}
export namespace SessionExit {
  export const spec = notification<{ session: string; code: number | null; signal: string | null }>('gastown/session/exit');
}

/** Every request that needs a town. */
export const townRequests = [
  TownGetSnapshot.spec, TownUp.spec, TownDown.spec, TownStop.spec, ConsentGive.spec, EscalationClose.spec,
  RigAdd.spec, RigList.spec, RigRemove.spec, RigFastForward.spec,
  AgentConfigList.spec, AgentConfigSet.spec, AgentConfigRemove.spec, DefaultAgent.spec,
  ConvoyCreate.spec, ConvoyAdd.spec, ConvoyList.spec, ConvoyGet.spec, ConvoyLaunch.spec, Sling.spec,
  Prime.spec, Hook.spec, ScriptGet.spec, Done.spec,
  SessionAttach.spec, SessionDetach.spec, SessionInput.spec, SessionResize.spec,
] as const;

import { UserError } from '../base/errors';
import { initLedger } from '../beads/storage/init';
import type { Rig } from './rig';
import type { GitFilters } from '../git/filters';
import { requireSegment } from '../git/names';
import type { Credential } from '../git/credentials';
import { RigRepository } from '../git/repository';
import type { RepositorySource } from '../git/source';
import {
  gateNames,
  rigSettingNames,
  type GateInfo,
  type GateName,
  type RigSettingName,
  type RigTarget,
} from '../protocol/town';
import {
  commandsOf,
  gatesOf,
  rigConfigFile,
  rigSettingsFile,
  rigsFile,
  type RigConfig,
  type RigSettings,
} from '../town/config';
import { detectGates } from './detectGates';
import type { TownLayout } from '../town/layout';
import { isTownFolder, prefixFrom } from '../town/names';

/*
 * The steps of `gt rig add`. All of them may be repeated: a rig exists once it is in rigs.json, which is written last,
 * so that an add can be repeated after a kill at any point.
 */

export interface RigAddRequest {
  name: string;
  source: string;
  prefix?: string;
  defaultBranch?: string;
  maxWorkers?: number;
  importBeads?: boolean;
  gates?: Partial<Record<GateName, string>>;
  accept?: boolean;
}

export interface RigSetRequest {
  name: string;
  settings: Partial<Record<(typeof rigSettingNames)[number], string>>;
  gates: Partial<Record<GateName, string>>;
  targets: Record<string, RigTarget | null>;
}

export function requireRigName(town: TownLayout, wanted: string): string {
  const name = requireSegment('rig', wanted);
  if (isTownFolder(name)) throw new UserError(`"${name}" is reserved by the town`, 'choose another name');
  const taken = Object.keys(rigsFile(town).read().rigs).find((rig) => rig.toLowerCase() === name.toLowerCase());
  if (taken !== undefined)
    throw new UserError(
      `there is a rig ${taken} already`,
      'choose another name, or "gt rig remove" it first',
      'conflict',
    );
  return name;
}

export function refuseKnownSource(town: TownLayout, source: RepositorySource): void {
  const same = Object.entries(rigsFile(town).read().rigs).find(([, rig]) => rig.git_url === source.location);
  if (same) throw new UserError(`${source.location} is the rig ${same[0]} already`, undefined, 'conflict');
}

/**
 * The prefix of the beads that a repository itself tracks, if it can be that of a rig: their ids then stay unchanged.
 */
export function usablePrefix(town: TownLayout, tracked: string | undefined): string | undefined {
  const used = Object.values(rigsFile(town).read().rigs).map((rig) => rig.beads.prefix);
  return tracked !== undefined && PREFIX.test(tracked) && !['hq', ...used].includes(tracked) ? tracked : undefined;
}

const PREFIX = /^[a-z][a-z0-9-]{0,19}$/;

/**
 * Chooses the prefix of a new rig. An interrupted add keeps its prefix, because its ledger may exist already. A rig
 * that was removed before gets its old one.
 */
export function choosePrefix(
  town: TownLayout,
  name: string,
  source: RepositorySource,
  wanted: string | undefined,
  tracked?: string,
  removed?: string,
): string {
  const used = new Set(['hq', ...Object.values(rigsFile(town).read().rigs).map((rig) => rig.beads.prefix)]);
  if (wanted === undefined) {
    const begun = prefixOfBegun(town, name, source);
    for (const before of [begun, removed]) if (before !== undefined && !used.has(before)) return before;
    return usablePrefix(town, tracked) ?? prefixFrom(name, used);
  }
  const prefix = wanted.replace(/-$/, '');
  if (!PREFIX.test(prefix))
    throw new UserError(`"${wanted}" is not a valid prefix`, 'use lower-case letters, digits and "-", at most 20');
  if (used.has(prefix)) throw new UserError(`the prefix ${prefix} is in use`, 'choose another', 'conflict');
  return prefix;
}

function prefixOfBegun(town: TownLayout, name: string, source: RepositorySource): string | undefined {
  const file = rigConfigFile(town.rig(name));
  const config = file.exists() ? file.read() : undefined;
  return config?.git_url === source.location ? config.beads.prefix : undefined;
}

export interface NewRig {
  name: string;
  source: RepositorySource;
  prefix: string;
}

/** The source in a rig's configuration. */
export function sourceOf(config: RigConfig): RepositorySource {
  return {
    location: config.git_url,
    isFolder: config.folder,
    defaultBranch: config.default_branch,
    objectFormat: config.object_format,
    isPartial: config.partial,
  };
}

/** Creates the repository of a new rig. */
export async function makeRepository(
  town: TownLayout,
  name: string,
  source: RepositorySource,
  credential: Credential | undefined,
): Promise<RigRepository> {
  const repository = new RigRepository(town.rig(name).repository, source);
  repository.credentials.write(credential);
  await repository.create();
  return repository;
}

/** Turns a folder with a repository into a rig: writes its configuration and its ledger. */
export function makeRig(town: TownLayout, { name, source, prefix }: NewRig): RigConfig {
  const layout = town.rig(name);
  const config: RigConfig = {
    type: 'rig',
    version: 1,
    name,
    git_url: source.location,
    folder: source.isFolder,
    default_branch: source.defaultBranch,
    object_format: source.objectFormat,
    partial: source.isPartial === true ? true : undefined,
    created_at: new Date().toISOString(),
    beads: { prefix },
  };
  rigConfigFile(layout).write(config);
  initLedger(layout.ledger, prefix);
  return config;
}

/**
 * Writes the settings of a new rig.
 * @returns the settings, and whether their commands are those that the user named or that were found in the repository:
 * an existing folder may contain others, which the user has not seen
 */
export async function configureRig(
  rig: Rig,
  request: RigAddRequest,
): Promise<{ settings: RigSettings; asWanted: boolean }> {
  const wanted = request.gates ?? (await detectGates((file) => rig.readFile(file)));
  const settings = rigSettingsFile(rig.layout).update((value) => {
    if (request.maxWorkers) value.max_workers = request.maxWorkers;
    for (const gate of gateNames) {
      const command = wanted[gate]?.trim();
      if (command) value.merge_queue[`${gate}_command`] = command;
    }
  });
  // An existing review command or filter was not named by the user.
  const hasOthers = commandsOf(settings).length > gatesOf(settings).length;
  return { settings, asWanted: !hasOthers && isExactly(gatesOf(settings), wanted) };
}

function isExactly(gates: readonly GateInfo[], wanted: Partial<Record<GateName, string>>): boolean {
  return gateNames.every(
    (name) => gates.find((gate) => gate.name === name)?.command === (wanted[name]?.trim() || undefined),
  );
}

/** Writes changed settings; nothing is written if they are invalid. @throws UserError `invalid` */
export function changeSettings(
  rig: Rig,
  { settings, gates, targets }: RigSetRequest,
  filters: GitFilters | undefined,
): RigSettings {
  return rigSettingsFile(rig.layout).update((value) => {
    if (filters) value.git_filters = { ...filters };
    // Of the two settings for reviewers, the one that is set last counts.
    if (settings.review !== undefined && settings.reviewers === undefined) value.reviewers = [];
    else if (settings.reviewers?.trim() && settings.review === undefined) value.review = 'off';
    for (const key of rigSettingNames) {
      const text = settings[key]?.trim();
      if (text === undefined) continue;
      if (key === 'reviewers') {
        value.reviewers = reviewerNames(text);
        continue;
      }
      const ofQueue = QUEUE_SETTINGS[key];
      if (key === 'avoid_overlap' && /^(true|false)$/.test(text)) value.avoid_overlap = text === 'true';
      else if (ofQueue === undefined) assign(value, key, text);
      else if (text === 'true' || text === 'false') value.merge_queue[ofQueue] = text === 'true';
      else assign(value.merge_queue, ofQueue, text);
    }
    for (const gate of gateNames)
      if (gates[gate] !== undefined) assign(value.merge_queue, `${gate}_command`, gates[gate].trim());
    changeTargets(rig.name, value, targets);
  });
}

function changeTargets(rig: string, settings: RigSettings, changes: RigSetRequest['targets']): void {
  const { targets } = settings.merge_queue;
  const known = gatesOf(settings).map(({ name }) => name);
  for (const [name, target] of Object.entries(changes)) {
    if (target === null) {
      delete targets[name];
      continue;
    }
    const missing = target.gates.filter((gate) => !known.includes(gate));
    // Its changes would land without it.
    if (missing.length > 0)
      throw new UserError(
        `${rig} has no gate ${missing.join(', ')}, which its part ${name} is to run`,
        `set it first: gt rig set ${rig} ${missing[0]}="…"`,
      );
    targets[name] = target;
  }
}

/** Parses names of reviewers for `gt rig set`: `claude,person`. */
export function reviewerNames(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean);
}

/** Settings in `merge_queue`, by their names in `gt rig set`. */
const QUEUE_SETTINGS: Partial<Record<RigSettingName, keyof RigSettings['merge_queue']>> = {
  merge_mode: 'mode',
  merge_strategy: 'merge_strategy',
  pr_repository: 'pr_repository',
  pr_merge: 'pr_merge',
  max_batch: 'max_batch',
  flaky_retries: 'flaky_retries',
  gate_runs: 'gate_runs',
  parallel: 'parallel',
  checks_before_review: 'checks_before_review',
  pre_verified: 'pre_verified',
  gate_timeout: 'gate_timeout',
  gate_memory_mb: 'gate_memory_mb',
  gate_processes: 'gate_processes',
  feature_branch: 'feature_branch',
};

/** Assigns a value; numeric texts become numbers. Invalid values are refused when the file is written. */
function assign(target: Record<string, unknown>, key: string, text: string): void {
  if (text === '') delete target[key];
  else target[key] = /^\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

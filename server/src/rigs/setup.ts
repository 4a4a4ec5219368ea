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
 * The steps of `gt rig add`. All of them may be repeated: a rig counts once it is in rigs.json, which is written last,
 * so that an add that was killed anywhere is simply done again.
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

/** The prefix of the beads that a repository keeps itself, where it can be that of a rig: their ids stay as they are. */
export function usablePrefix(town: TownLayout, tracked: string | undefined): string | undefined {
  const used = Object.values(rigsFile(town).read().rigs).map((rig) => rig.beads.prefix);
  return tracked !== undefined && PREFIX.test(tracked) && !['hq', ...used].includes(tracked) ? tracked : undefined;
}

const PREFIX = /^[a-z][a-z0-9-]{0,19}$/;

/**
 * An add that was cut short keeps the prefix that it had chosen: its ledger may be there already. A rig that was removed
 * before comes back with its own.
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

/** What a rig remembers of its source. */
export function sourceOf(config: RigConfig): RepositorySource {
  return {
    location: config.git_url,
    isFolder: config.folder,
    defaultBranch: config.default_branch,
    objectFormat: config.object_format,
    isPartial: config.partial,
  };
}

/** The repository of a new rig. */
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

/** What makes a folder with a repository the one of a rig: its configuration and its ledger. */
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
 * @returns them, and whether their commands are what the person named or what was found in the repository: a folder
 *   that was there before may have brought others along, which nobody has seen
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
  // A review or a filter that was there before is a command that nobody has named.
  const hasOthers = commandsOf(settings).length > gatesOf(settings).length;
  return { settings, asWanted: !hasOthers && isExactly(gatesOf(settings), wanted) };
}

function isExactly(gates: readonly GateInfo[], wanted: Partial<Record<GateName, string>>): boolean {
  return gateNames.every(
    (name) => gates.find((gate) => gate.name === name)?.command === (wanted[name]?.trim() || undefined),
  );
}

/** Writes what a person has set. Nothing is written where it does not fit. @throws UserError `invalid` */
export function changeSettings(
  rig: Rig,
  { settings, gates, targets }: RigSetRequest,
  filters: GitFilters | undefined,
): RigSettings {
  return rigSettingsFile(rig.layout).update((value) => {
    if (filters) value.git_filters = { ...filters };
    // Of the two settings that say who reviews, the one that is set last counts.
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

/** Names of reviewers as `gt rig set` takes them: `claude,person`. */
export function reviewerNames(text: string): string[] {
  return text.split(/[\s,]+/).filter(Boolean);
}

/** Settings that lie in `merge_queue`, by the name that `gt rig set` gives them. */
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

/** Texts that are numbers are meant as such; what does not fit is refused when the file is written. */
function assign(target: Record<string, unknown>, key: string, text: string): void {
  if (text === '') delete target[key];
  else target[key] = /^\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}

import path from 'node:path';
import type { KnownTown } from './knownTowns';

/** Everything that decides which town a window belongs to. All paths are real paths. */
export interface FinderInput {
  trusted: boolean;
  folders: FolderFacts[];
  towns: KnownTown[];
  /** The setting `gastown.town`. */
  setting: string | undefined;
  /** The town that the user chose for this window. */
  chosen: string | undefined;
}

export interface FolderFacts {
  path: string;
  /** The nearest folder at or above it with a `mayor/town.json`. */
  townRoot: string | undefined;
  repository: { root: string; remotes: string[] } | undefined;
}

export type Finding =
  | { kind: 'town'; root: string; why: 'folder' | 'rig' | 'setting' | 'chosen'; rig?: string }
  | { kind: 'untrusted' }
  | { kind: 'unregistered'; root: string }
  | { kind: 'noFolder' }
  | { kind: 'noRepository' }
  /** An open repository that is a rig of no known town. */
  | { kind: 'noTown'; repository: string };

/**
 * The town of a window: by its folder, else by a rig, else by the setting, else by the user's choice. A window in
 * Restricted Mode may show a town that the user created; for everything else it asks for trust first. Pure.
 */
export function findTown(input: FinderInput, paths: Pick<typeof path, 'relative' | 'isAbsolute'> = path): Finding {
  const finding = findAnyTown(input, paths);
  return input.trusted || finding.kind === 'town' ? finding : { kind: 'untrusted' };
}

function findAnyTown(input: FinderInput, paths: Pick<typeof path, 'relative' | 'isAbsolute'>): Finding {
  const known = new Map(input.towns.map((town) => [town.root, town]));
  for (const folder of input.folders) {
    const root = input.towns.find((town) => isInside(town.root, folder.path, paths))?.root;
    if (root) return { kind: 'town', root, why: 'folder' };
  }
  const rig = findRig(input);
  if (rig) return rig;
  for (const [root, why] of [
    [input.setting, 'setting'],
    [input.chosen, 'chosen'],
  ] as const) {
    if (root && known.has(root)) return { kind: 'town', root, why };
  }
  // A folder that ships a town runs nothing until the user trusts it.
  const shipped = input.folders.find((folder) => folder.townRoot !== undefined)?.townRoot ?? input.setting;
  if (shipped) return { kind: 'unregistered', root: shipped };
  if (input.folders.length === 0) return { kind: 'noFolder' };
  const repository = input.folders.find((folder) => folder.repository !== undefined)?.repository;
  return repository ? { kind: 'noTown', repository: repository.root } : { kind: 'noRepository' };
}

function findRig(input: FinderInput): Finding | undefined {
  const rigs = input.towns.flatMap((town) =>
    town.rigs.map((rig) => ({ root: town.root, ...rig, key: sourceKey(rig.source) })),
  );
  for (const { repository } of input.folders) {
    if (!repository) continue;
    const byPath = rigs.find((rig) => rig.source === repository.root);
    const keys = new Set(repository.remotes.map(sourceKey));
    const found = byPath ?? rigs.find((rig) => keys.has(rig.key));
    if (found) return { kind: 'town', root: found.root, why: 'rig', rig: found.name };
  }
  return undefined;
}

/** The same key for the same remote repository, whether the URL says ssh, https or a path. */
export function sourceKey(source: string): string {
  const trimmed = source
    .trim()
    .replace(/[\\/]+$/, '')
    .replace(/\.git$/, '');
  const url = /^[a-z][a-z0-9+.-]*:\/\/(?:[^@/]*@)?([^/]*)\/(.*)$/i.exec(trimmed);
  if (url)
    return url[1] === '' ? `/${url[2] ?? ''}` : `${(url[1] ?? '').toLowerCase().replace(/:\d+$/, '')}/${url[2] ?? ''}`;
  const scp = /^(?:[^@/\\]*@)?([^:/\\]{2,}):(?!\\)(.*)$/.exec(trimmed);
  if (scp) return `${(scp[1] ?? '').toLowerCase()}/${(scp[2] ?? '').replace(/^\/+/, '')}`;
  return trimmed;
}

function isInside(root: string, folder: string, paths: Pick<typeof path, 'relative' | 'isAbsolute'>): boolean {
  const relative = paths.relative(root, folder);
  return relative === '' || (relative !== '..' && !/^\.\.[\\/]/.test(relative) && !paths.isAbsolute(relative));
}

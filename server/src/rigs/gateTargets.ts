import { createHash } from 'node:crypto';
import { matchesPath } from '../base/pathGlob';
import { git } from '../git/git';
import type { RigRepository } from '../git/repository';
import type { GateInfo } from '../protocol/town';
import { gatesOf, type RigSettings } from '../town/config';
import { needsOf } from './gatePlan';

/** Part of a repository with its own gates: see `merge_queue.targets` in `town/config.ts`. */
type Targets = RigSettings['merge_queue']['targets'];

/** The scope of the tests of a change. */
export interface TestScope {
  gates: readonly GateInfo[];
  /** Targets whose files the change touches; undefined for the whole repository. */
  targets: readonly string[] | undefined;
}

/** Targets that contain one of these files; undefined if a file is in none of them, or there are no targets. */
export function targetsTouched(targets: Targets, files: readonly string[]): string[] | undefined {
  if (Object.keys(targets).length === 0) return undefined;
  const touched = new Set<string>();
  for (const file of files) {
    const own = targetsOf(targets, file);
    if (own.length === 0) return undefined;
    for (const name of own) touched.add(name);
  }
  return [...touched].sort();
}

/**
 * The gates that a change needs: those of the touched targets, with their needs; all if it touches other files, too.
 * @param files undefined to test the whole repository
 */
export function scopeOf(settings: RigSettings, files: readonly string[] | undefined): TestScope {
  const all = gatesOf(settings);
  const { targets } = settings.merge_queue;
  const touched = files && targetsTouched(targets, files);
  if (!touched) return { gates: all, targets: undefined };
  const named = new Set<string>(touched.flatMap((name) => targets[name]!.gates));
  const wanted = new Set(all.filter(({ name }) => named.has(name)).flatMap((gate) => [...needsOf(gate, all), gate]));
  return { gates: all.filter((gate) => wanted.has(gate)), targets: touched };
}

/** Files that a range of commits has changed; both names of renamed files. */
export async function filesChanged(repository: RigRepository, base: string, commit: string): Promise<string[]> {
  const names = await git(repository.directory, [
    ...['diff-tree', '-r', '-z', '--name-only', '--no-renames', '--no-textconv', '--no-ext-diff'],
    ...[base, commit, '--'],
  ]);
  return names.split('\0').filter(Boolean);
}

/**
 * Identifies the relevant files of targets: their own, and those of no target. Results of their gates stay valid while
 * these are unchanged.
 */
export async function filesOfTargets(
  repository: RigRepository,
  tree: string,
  targets: Targets,
  names: readonly string[],
): Promise<string> {
  const listed = await git(repository.directory, ['ls-tree', '-r', '-z', '--full-tree', tree]);
  const hash = createHash('sha256').update(JSON.stringify(names));
  for (const entry of listed.split('\0')) {
    const path = entry.slice(entry.indexOf('\t') + 1);
    const own = targetsOf(targets, path);
    if (own.length === 0 || own.some((name) => names.includes(name))) hash.update(entry).update('\0');
  }
  return hash.digest('hex');
}

function targetsOf(targets: Targets, file: string): string[] {
  return Object.entries(targets)
    .filter(([, { paths }]) => paths.some((pattern) => matchesPath(pattern, file)))
    .map(([name]) => name);
}

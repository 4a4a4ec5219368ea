import fs from 'node:fs';
import path from 'node:path';
import { messageOf, UserError } from '../../base/errors';
import { readTextIfPresent } from '../../base/safeFiles';
import { followRedirect, isLedger } from '../storage/locate';
import { parseSimpleYaml } from '../storage/ledgerConfig';
import { repositoryOf, type ExternalReference } from './reference';

/** A project on this machine that has a ledger. */
export interface KnownProject {
  name: string;
  /** `.beads` folder. */
  directory: string;
  /** Result of `repositoryOf`, if known. */
  repository: string | undefined;
  /** Prefix of its ids with the hyphen, if known. */
  prefix: string | undefined;
}

/** A ledger's settings about other projects. */
export interface ProjectSettings {
  /** Projects from `external_projects.<name>` of its `config.yaml`, and from routes. */
  projects: KnownProject[];
  /** Whether unresolved references block beads: `external.unresolved`. */
  unresolvedBlocks: boolean;
}

const KEY = 'external_projects.';
/** Maximum size of a list of routes in bytes. */
const MAX_ROUTES_BYTES = 1024 * 1024;

/** Reads the settings. @param directory `.beads` folder of the ledger whose beads have the references */
export function projectSettings(directory: string): ProjectSettings {
  const values = parseSimpleYaml(readTextIfPresent(path.join(directory, 'config.yaml')) ?? '');
  const configured = [...values].flatMap(([key, value]) => {
    if (!key.startsWith(KEY)) return [];
    const ledger = ledgerAt(path.resolve(path.dirname(directory), value));
    return ledger ? [{ name: key.slice(KEY.length), directory: ledger, repository: undefined, prefix: undefined }] : [];
  });
  return {
    projects: [...configured, ...routedProjects(directory)],
    unresolvedBlocks: values.get('external.unresolved') !== 'ignore',
  };
}

/** The projects that a reference may mean, the most certain first. */
export function candidatesFor(reference: ExternalReference, known: readonly KnownProject[]): KnownProject[] {
  const { repository, project, item } = reference;
  const ofRepository = known.filter((each) => repository !== undefined && each.repository === repository);
  if (ofRepository.length > 0) return ofRepository;
  // A project of another repository is a different one, even with the same name.
  const possible = known.filter((each) => repository === undefined || each.repository === undefined);
  const named = possible.filter(({ name, prefix }) => name === project || prefix === `${project}-`);
  if (named.length > 0) return named;
  return repository === undefined ? [] : possible.filter(({ prefix }) => prefix && item.startsWith(prefix));
}

/** Merges entries of several sources for the same folder; the first name is used. */
export function mergedProjects(known: readonly KnownProject[]): KnownProject[] {
  const first = (directory: string, key: 'repository' | 'prefix'): string | undefined =>
    known.find((each) => each.directory === directory && each[key] !== undefined)?.[key];
  return known.map((each) => ({
    ...each,
    repository: first(each.directory, 'repository') ?? originOf(path.dirname(each.directory)),
    prefix: first(each.directory, 'prefix'),
  }));
}

/** The repository that a checkout came from, if git's config file states it. */
function originOf(folder: string): string | undefined {
  try {
    const git = path.join(folder, '.git');
    if (!fs.existsSync(git)) return undefined;
    const link = fs.statSync(git).isFile() ? /^gitdir: (.+)$/m.exec(readTextIfPresent(git) ?? '')?.[1] : undefined;
    const main = link === undefined ? git : path.resolve(folder, link).replace(/[\\/]worktrees[\\/][^\\/]+$/, '');
    const settings = readTextIfPresent(path.join(main, 'config')) ?? '';
    const section = /^\[remote "origin"\]([^[]*)/m.exec(settings)?.[1] ?? '';
    const address = /^\s*url\s*=\s*(\S+)\s*$/m.exec(section)?.[1];
    return address === undefined ? undefined : repositoryOf(address);
  } catch {
    return undefined; // unreadable, so nothing is known
  }
}

/** `routes.jsonl` of the ledger itself, else of the town that it is in, as in the Go `bd`. */
function routedProjects(directory: string): KnownProject[] {
  const home = path.dirname(directory);
  const town = townAbove(home);
  const [root, text] = [
    [home, readRoutes(directory)],
    [town, town && readRoutes(path.join(town, '.beads'))],
  ].find(([, found]) => found !== undefined) ?? [home, undefined];
  return (text ?? '').split(/\r?\n/).flatMap((line) => {
    const route = parseRoute(line);
    const ledger = route && ledgerAt(path.resolve(root ?? home, route.path));
    if (!route || !ledger) return [];
    const name = route.path === '.' ? route.prefix.replace(/-$/, '') : (route.path.split(/[\\/]/)[0] ?? route.path);
    return [{ name, directory: ledger, repository: undefined, prefix: route.prefix }];
  });
}

function readRoutes(directory: string): string | undefined {
  return readTextIfPresent(path.join(directory, 'routes.jsonl'), MAX_ROUTES_BYTES);
}

/** Unreadable lines are skipped, as in the Go `bd`. */
function parseRoute(line: string): { prefix: string; path: string } | undefined {
  try {
    const { prefix, path: folder } = JSON.parse(line) as { prefix?: unknown; path?: unknown };
    return typeof prefix === 'string' && typeof folder === 'string' && /^[\w.-]+-$/.test(prefix)
      ? { prefix, path: folder }
      : undefined;
  } catch {
    return undefined;
  }
}

function townAbove(folder: string): string | undefined {
  for (let at = folder; ; at = path.dirname(at)) {
    if (fs.existsSync(path.join(at, 'mayor', 'town.json'))) return at;
    if (path.dirname(at) === at) return undefined;
  }
}

/** The ledger of a folder, or the folder itself; undefined if none can be read. */
function ledgerAt(folder: string): string | undefined {
  try {
    const found = [folder, path.join(folder, '.beads')].find(isLedger);
    return found === undefined ? undefined : followRedirect(found);
  } catch (error) {
    if (error instanceof UserError) return undefined; // a redirect that leads nowhere, or too far
    throw new Error(`${folder}: ${messageOf(error)}`);
  }
}

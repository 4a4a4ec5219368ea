import { UserError } from '../../base/errors';

/** Label of a closed bead that provides a capability. */
export const PROVIDES = 'provides:';

/**
 * A bead, or a capability, of another project, as a dependency names it:
 * `external:<project>:<id or capability>`, or `beads://<host>/<org>/<repository>/<id>`.
 */
export interface ExternalReference {
  text: string;
  /** Name of the project: a rig, a key of `external_projects`, or the last part of the repository's path. */
  project: string;
  /** `host/org/repository` in lower case; undefined if the reference names no repository. */
  repository: string | undefined;
  /** Id of a bead; without a repository also a capability. */
  item: string;
}

/** The known state of a reference's target. */
export interface ExternalState {
  /**
   * `met`: closed, or deleted; `open`: its project is on this machine, and it is not done; `unresolved`: no project on
   * this machine has it.
   */
  state: 'met' | 'open' | 'unresolved';
  /** The bead that was found, if any. */
  bead?: { id: string; title: string; status: string };
  /** The `.beads` folder that was searched. */
  directory?: string;
}

export const unresolved: ExternalState = { state: 'unresolved' };

const schemes = ['external:', 'beads://'] as const;

/**
 * Ranges in SQLite's text order that contain all references: from the first text (inclusive) to the second (exclusive).
 */
export const referenceRanges = schemes.map((scheme): [string, string] => [
  scheme,
  scheme.slice(0, -1) + String.fromCharCode(scheme.charCodeAt(scheme.length - 1) + 1),
]);

/** Whether the target of a dependency is in another project. */
export function isExternal(id: string): boolean {
  return schemes.some((scheme) => id.startsWith(scheme));
}

const forms = 'external:<project>:<id or capability>, or beads://<host>/<org>/<repository>/<id>';
const plainPart = /^[A-Za-z0-9_][\w.-]*$/;

/** @throws UserError for a text that starts like a reference but is malformed */
export function parseReference(text: string): ExternalReference {
  const parsed = tryParse(text);
  if (!parsed) throw new UserError(`invalid external reference: ${JSON.stringify(text)}`, `Use ${forms}.`);
  return parsed;
}

/** Parses a reference. @returns undefined for a text that is not one */
export function tryParse(text: string): ExternalReference | undefined {
  if (text.length > 500) return undefined;
  if (text.startsWith('external:')) {
    const rest = text.slice('external:'.length);
    const colon = rest.indexOf(':');
    const [project, item] = [rest.slice(0, colon), rest.slice(colon + 1)];
    if (colon < 1 || !plainPart.test(project) || !/^\S+$/.test(item)) return undefined;
    return { text, project, repository: undefined, item };
  }
  if (!text.startsWith('beads://')) return undefined;
  const [host = '', ...path] = text.slice('beads://'.length).split('/');
  const item = path.pop() ?? '';
  const repository = path.at(-1)?.replace(/\.git$/, '');
  const isPath = path.length >= 2 && path.every((part) => plainPart.test(part));
  if (!/^[\w.-]+(?::\d+)?$/.test(host) || !isPath || !repository || !plainPart.test(item)) return undefined;
  const whole = [host, ...path.slice(0, -1), repository].join('/').toLowerCase();
  return { text, project: repository, repository: whole, item };
}

/**
 * `host/org/repository` in lower case of the address of a git repository; undefined for one on this machine's disk.
 * Accepts `https://…`, `ssh://…`, `git://…` and `user@host:path`; user names, passwords and ports are left out.
 */
export function repositoryOf(address: string): string | undefined {
  const short = /^(?:[^@/\s]+@)?([\w.-]{2,}):(?!\/\/)(.+)$/.exec(address); // a single letter is a drive
  const long = /^[a-z][a-z+]*:\/\/(?:[^@/]*@)?([^/:]+)(?::\d+)?\/(.+)$/i.exec(address);
  const [, host, path] = long ?? short ?? [];
  if (!host || !path || /^file:/i.test(address)) return undefined;
  const name = path
    .replace(/^\/+|\/+$/g, '')
    .replace(/\.git$/i, '')
    .toLowerCase();
  return name === '' ? undefined : `${host.toLowerCase()}/${name}`;
}

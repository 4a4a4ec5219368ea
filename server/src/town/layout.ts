import nodePath from 'node:path';
import { safePart } from '../git/names';

/** The paths of everything in a town. Pure: works with `path.win32` too. */
export class TownLayout {
  constructor(
    readonly root: string,
    private readonly path: typeof nodePath.posix = nodePath,
  ) {}

  private at(...parts: string[]): string {
    return this.path.join(this.root, ...parts);
  }

  get townFile(): string {
    return this.at('mayor', 'town.json');
  }
  get rigsFile(): string {
    return this.at('mayor', 'rigs.json');
  }
  get settingsFile(): string {
    return this.at('settings', 'config.json');
  }
  get agentsFile(): string {
    return this.at('settings', 'agents.json');
  }
  get ledger(): string {
    return this.at('.beads');
  }
  /** The stored index of the beads, for the next start of the server. */
  get indexCache(): string {
    return this.at('.runtime', 'index.cache');
  }

  get runtime(): string {
    return this.at('.runtime');
  }
  get bin(): string {
    return this.at('.runtime', 'bin');
  }
  get log(): string {
    return this.at('daemon', 'daemon.log');
  }
  get serverEndpoint(): string {
    return this.at('.runtime', 'server.json');
  }
  get serverLease(): string {
    return this.at('.runtime', 'lease');
  }
  get hostLease(): string {
    return this.at('.runtime', 'host-lease');
  }
  get gateLogs(): string {
    return this.at('.runtime', 'gates');
  }
  /** Record of a rig's pacing. */
  pacing(rig: string): string {
    return this.at('.runtime', 'pacing', `${rig}.json`);
  }
  /** Record of a rig's batch size. */
  mergeWindow(rig: string): string {
    return this.at('.runtime', 'pacing', `${rig}.window.json`);
  }
  get sessionRecords(): string {
    return this.at('.runtime', 'sessions');
  }
  get actionLog(): string {
    return this.at('.runtime', 'actions.jsonl');
  }
  get removed(): string {
    return this.at('.runtime', 'removed');
  }
  /** The layout of a removed rig, by the name of its folder there. */
  removedRig(folder: string): RigLayout {
    return new RigLayout(this.path.join(this.removed, folder), this.path);
  }
  /** Requests of running `gt rig add` commands. */
  get unfinishedAdds(): string {
    return this.at('.runtime', 'adding');
  }

  sessionRecord(session: string): string {
    return this.at('.runtime', 'sessions', `${session}.json`);
  }
  gateLog(rig: string, mergeRequest: string, gate: string): string {
    return this.at('.runtime', 'gates', rig, `${mergeRequest}-${gate}.log`);
  }

  rig(name: string): RigLayout {
    return new RigLayout(this.at(name), this.path);
  }

  /** The folders of an agent. Undefined for other names, such as those of rules or people. */
  locationOf(agent: string): AgentLocation | undefined {
    if (agent === 'mayor')
      return {
        agent,
        role: 'mayor',
        name: 'mayor',
        home: this.at('mayor'),
        cwd: this.at('mayor'),
        ledger: this.ledger,
      };
    const address = parseReviewer(agent) ?? parseAddress(agent);
    if (!address) return undefined;
    const layout = this.rig(address.rig);
    const home =
      address.role === 'refinery'
        ? layout.reviewer(address.reviewer)
        : address.role === 'crew'
          ? layout.crewMember(address.name)
          : layout.polecat(address.name);
    const role = address.role === 'polecats' ? 'polecat' : address.role;
    return {
      agent,
      role,
      rig: address.rig,
      name: address.name,
      home,
      cwd: this.path.join(home, 'rig'),
      ledger: layout.ledger,
    };
  }
}

/** Agents that are runtimes in terminals; the other roles are rules of the engine. */
export const agentRoles = ['polecat', 'refinery', 'crew', 'mayor'] as const;
export type AgentRole = (typeof agentRoles)[number];

/** Folders and ledger of an agent. */
export interface AgentLocation {
  /** Address: `mayor`, `toy/refinery`, `toy/refinery/codex`, `toy/polecats/rust`, `toy/crew/ann`. */
  agent: string;
  role: AgentRole;
  rig?: string;
  name: string;
  /** Folder for our files about the agent, next to its worktree and never in it. */
  home: string;
  /** Folder in which its sessions start. */
  cwd: string;
  /** The ledger of its `bd`. */
  ledger: string;
}

/** A rig is a container folder, never a clone. */
export class RigLayout {
  constructor(
    readonly root: string,
    private readonly path: typeof nodePath.posix = nodePath,
  ) {}

  private at(...parts: string[]): string {
    return this.path.join(this.root, ...parts);
  }

  get configFile(): string {
    return this.at('config.json');
  }
  get settingsFile(): string {
    return this.at('settings', 'config.json');
  }
  get ledger(): string {
    return this.at('.beads');
  }
  get repository(): string {
    return this.at('.repo.git');
  }
  get refinery(): string {
    return this.at('refinery', 'rig');
  }
  /** Checkout for testing changes of a feature branch, separate from that of the rig's own target. */
  featureRefinery(branch: string): string {
    return this.at('refinery', safePart(branch), 'rig');
  }
  /** Home of a reviewer, with its own worktree: merges and other reviewers continue during its review. */
  reviewer(reviewer: string): string {
    return reviewer === MAIN_REVIEWER ? this.at('refinery', 'reviewer') : this.at('refinery', REVIEWERS, reviewer);
  }
  reviewWorktree(reviewer: string): string {
    return this.path.join(this.reviewer(reviewer), 'rig');
  }
  get crew(): string {
    return this.at('crew');
  }
  crewMember(name: string): string {
    return this.at('crew', name);
  }
  get polecats(): string {
    return this.at('polecats');
  }
  /** Home of a polecat, with our files about it, next to its worktree and never in it. */
  polecat(name: string): string {
    return this.at('polecats', name);
  }
  polecatWorktree(name: string): string {
    return this.at('polecats', name, 'rig');
  }
  assignment(name: string): string {
    return this.at('polecats', name, 'assignment.json');
  }
}

/** The reviewer whose runtime is the rig's setting `reviewer`. */
export const MAIN_REVIEWER = 'agent';
/** Folder in the refinery with the homes of further reviewers. */
const REVIEWERS = 'reviewers';

/** Addresses as Gas Town writes them. */
/** Address of the merge queue of a rig, which its main reviewer shares. */
export function refineryAddress(rig: string): string {
  return `${rig}/refinery`;
}

/** Address of a reviewer: further reviewers of a rig have their names in their addresses. */
export function reviewerAddress(rig: string, reviewer: string): string {
  return reviewer === MAIN_REVIEWER ? refineryAddress(rig) : `${refineryAddress(rig)}/${reviewer}`;
}

/** Parses `toy/refinery` or `toy/refinery/codex`. */
export function parseReviewer(
  address: string,
): { rig: string; role: 'refinery'; name: string; reviewer: string } | undefined {
  // Plain names only: addresses come from untrusted files, and become paths.
  const match = /^([A-Za-z0-9][\w-]*)\/refinery(?:\/([A-Za-z0-9][\w-]*))?$/.exec(address);
  if (!match) return undefined;
  const [, rig, reviewer] = match;
  return { rig: rig!, role: 'refinery', name: reviewer ?? 'refinery', reviewer: reviewer ?? MAIN_REVIEWER };
}

export function polecatAddress(rig: string, name: string): string {
  return `${rig}/polecats/${name}`;
}

export interface AgentAddress {
  rig: string;
  role: 'polecats' | 'crew';
  name: string;
}

export function parseAddress(address: string): AgentAddress | undefined {
  // Plain names only: addresses come from untrusted files, and become paths.
  const match = /^([A-Za-z0-9][\w-]*)\/(polecats|crew)\/([A-Za-z0-9][\w-]*)$/.exec(address);
  return match ? { rig: match[1]!, role: match[2] as AgentAddress['role'], name: match[3]! } : undefined;
}

/** `toy/rust` is short for `toy/polecats/rust`; other names stay as they are. */
export function fullAddress(text: string): string {
  const [rig, name, ...rest] = text.split('/');
  return rig && name && rest.length === 0 && !isRoleName(name) ? polecatAddress(rig, name) : text;
}

/**
 * Whether a name has the form of an agent or role of the town. Others may not act under it, because their texts would
 * be taken for the agent's.
 */
export function isAgentName(name: string): boolean {
  const [first, second] = name.trim().split('/');
  return TOWN_ROLES.has(first!) || (second !== undefined && isRoleName(second));
}

const TOWN_ROLES: ReadonlySet<string> = new Set(['mayor', 'deacon']);

function isRoleName(name: string): boolean {
  return ['witness', 'refinery', 'polecats', 'crew'].includes(name);
}

/**
 * The agent or role whose home contains a folder, if any: such callers need a session token. Gates run code of agents
 * in the refinery's worktree, so calls from there never act as the user.
 */
export function agentOfDirectory(
  town: string,
  directory: string,
  path: typeof nodePath.posix = nodePath,
): string | undefined {
  const relative = path.relative(town, directory);
  if (relative.startsWith('..') || path.isAbsolute(relative)) return undefined;
  const [rig, role, name, reviewer] = relative.split(path.sep);
  if (rig === 'mayor' || role === 'mayor') return 'mayor';
  if (rig && role === 'refinery' && name === REVIEWERS && reviewer) return reviewerAddress(rig, reviewer);
  if (rig && (role === 'refinery' || role === 'witness')) return `${rig}/${role}`;
  return rig && name && (role === 'polecats' || role === 'crew') ? `${rig}/${role}/${name}` : undefined;
}

/** The rig that contains a folder, if any: decides the ledger of a command line. */
export function rigOfDirectory(
  town: string,
  directory: string,
  rigs: readonly string[],
  path: typeof nodePath.posix = nodePath,
): string | undefined {
  const relative = path.relative(town, directory);
  if (relative.startsWith('..') || path.isAbsolute(relative)) return undefined;
  const first = relative.split(path.sep)[0];
  return rigs.find((rig) => rig === first);
}

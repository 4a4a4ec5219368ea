import nodePath from 'node:path';
import { safePart } from '../git/names';

/** Where everything of a town lies. Pure: works with `path.win32` too. */
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
  /** The index of the beads, for the next start of the server. */
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
  /** Pacing of each rig. */
  pacing(rig: string): string {
    return this.at('.runtime', 'pacing', `${rig}.json`);
  }
  /** Merge window of each rig. */
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
  /** A rig that was removed, by the name of its folder there. */
  removedRig(folder: string): RigLayout {
    return new RigLayout(this.path.join(this.removed, folder), this.path);
  }
  /** What `gt rig add` was asked for, while it runs. */
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

  /** Where an agent works. Undefined for what is not an agent's address, such as a rule's or a person's name. */
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

/** An agent's place in the town. */
export interface AgentLocation {
  /** Address: `mayor`, `toy/refinery`, `toy/refinery/codex`, `toy/polecats/rust`, `toy/crew/ann`. */
  agent: string;
  role: AgentRole;
  rig?: string;
  name: string;
  /** What it needs lies here, beside its worktree and never in it. */
  home: string;
  /** Where its sessions start. */
  cwd: string;
  /** The ledger that its `bd` means. */
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
  /** Where changes for a feature branch are tested, beside those for the rig's own target. */
  featureRefinery(branch: string): string {
    return this.at('refinery', safePart(branch), 'rig');
  }
  /** Home of a reviewer, with a worktree of its own: merging, and other reviewers, go on while it reads. */
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
  /** Home of a polecat: what it needs lies here, beside its worktree and never in it. */
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

/** The reviewer whose runtime the rig's setting `reviewer` names. */
export const MAIN_REVIEWER = 'agent';
/** Folder in the refinery with the homes of the others. */
const REVIEWERS = 'reviewers';

/** Addresses as Gas Town writes them. */
/** Who merges in a rig, and whose name its reviewer has. */
export function refineryAddress(rig: string): string {
  return `${rig}/refinery`;
}

/** Where several review, those beside the rig's own reviewer have their names in their addresses. */
export function reviewerAddress(rig: string, reviewer: string): string {
  return reviewer === MAIN_REVIEWER ? refineryAddress(rig) : `${refineryAddress(rig)}/${reviewer}`;
}

/** Of `toy/refinery` or `toy/refinery/codex`. */
export function parseReviewer(
  address: string,
): { rig: string; role: 'refinery'; name: string; reviewer: string } | undefined {
  // Plain names only: addresses come from files that others wrote, and become paths.
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
  // Plain names only: addresses come from files that others wrote, and become paths.
  const match = /^([A-Za-z0-9][\w-]*)\/(polecats|crew)\/([A-Za-z0-9][\w-]*)$/.exec(address);
  return match ? { rig: match[1]!, role: match[2] as AgentAddress['role'], name: match[3]! } : undefined;
}

/** `toy/rust` is short for `toy/polecats/rust`; whatever else is not a polecat's name stays as it is. */
export function fullAddress(text: string): string {
  const [rig, name, ...rest] = text.split('/');
  return rig && name && rest.length === 0 && !isRoleName(name) ? polecatAddress(rig, name) : text;
}

/**
 * Whether a name is one of those that the town gives to its agents and roles. Nobody else may act under it: what it
 * wrote would be taken for the agent's.
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
 * The agent or role in whose folder a folder lies, if any: decides who must show a session token. Gates run code that
 * agents wrote in the refinery's worktree: from there nobody acts as the person.
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

/** The rig in which a folder lies, if any: decides whose ledger a command line means. */
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

import type { SessionView } from '../../server/src/sessions/types';
import { randomFrom, type Chances } from './chances';
import { Provider } from './provider';
import { Repository } from './repository';

export interface Violation {
  /** The rule that was broken. */
  rule: string;
  detail: string;
}

/** A session as the session host has it. */
export type HostSession = SessionView & { attempt: number };

/** Limit of each rig's agents. */
export const MAX_WORKERS: Readonly<Record<string, number>> = { toy: 3, farm: 2 };

/** Programs that a person approves once: agents of each kind. */
export const RUNTIMES = { worker: 'claude', reviewer: 'codex', mayor: 'gemini' } as const;

/**
 * What lives outside of the server and survives its death: repositories, worktrees, the session host, and what people have
 * decided. It breaks in all the ways that the real one does, and notes what must never happen.
 */
export class World {
  readonly repositories: ReadonlyMap<string, Repository>;
  private readonly providers: ReadonlyMap<string, Provider>;
  readonly sessions = new Map<string, HostSession>();
  /** Sessions that hang. */
  readonly stalled = new Set<string>();
  /** What people have approved: names of rigs, for their commands, and of runtimes. */
  readonly approvals = new Set<string>();
  /** Rigs whose commands were approved at some time. */
  readonly everApproved = new Set<string>();
  /** The switch of the engine. */
  up = true;
  now = 1_700_000_000_000;
  readonly violations: Violation[] = [];
  /** Beads that a person slung again after they had failed. */
  readonly begunAnew = new Set<string>();
  /** Beads whose agents found that nothing has to change. */
  readonly unchanged = new Set<string>();
  /** Whether a person has closed a convoy before its work was done. */
  closedConvoys = false;
  /** Beads that a person has closed, whatever has become of their work. */
  readonly closedByHand = new Set<string>();
  /** Beads whose work a person lands past the queue and its reviews. */
  readonly landedDirectly = new Set<string>();
  /** Beads whose agents worked on after they were closed. */
  readonly lateWork = new Set<string>();
  /** Every request to the Mayor, by its id: how many answers it got. */
  readonly answers = new Map<string, number>();
  /** Agents end right after their start until then. */
  brokenUntil = 0;
  /** For ids: they go on from one server to the next. */
  readonly idRandom: () => number;

  constructor(
    readonly chances: Chances,
    seed: number,
    rigs: readonly string[],
  ) {
    this.idRandom = randomFrom(seed ^ 0x5eed);
    const patches = randomFrom(seed ^ 0xfeed);
    this.repositories = new Map(rigs.map((rig) => [rig, new Repository(rig, patches)]));
    this.providers = new Map(
      [...this.repositories].map(([rig, repository]) => [rig, new Provider(repository, chances)]),
    );
  }

  /** The repository that a bead or an agent belongs to, by the first part of its name. */
  repositoryOf(name: string): Repository {
    return this.repositories.get(/^\w+/.exec(name)?.[0] ?? '')!;
  }

  providerOf(rig: string): Provider {
    return this.providers.get(rig)!;
  }

  violate(rule: string, detail: string): void {
    this.violations.push({ rule, detail });
  }

  approve(name: string): void {
    this.approvals.add(name);
    if (this.repositories.has(name)) this.everApproved.add(name);
  }

  get live(): HostSession[] {
    return [...this.sessions.values()].filter((session) => !session.exit);
  }

  /** Changes whenever the server would be told about a session, an approval or the switch. */
  get state(): string {
    let state = `${this.up} ${[...this.approvals].join(' ')} `;
    for (const { id, exit, doneAt } of this.sessions.values()) state += `${id} ${exit?.kind} ${doneAt},`;
    return state;
  }

  /** The session host is killed: everything in it dies. */
  killHost(): void {
    for (const session of this.live) session.exit = { kind: 'killed', code: null };
  }
}

/** Every call may come from a server that is dead: then it has no effect and never answers. */
export type Guard = <T>(what: string, effect: () => T) => Promise<T>;

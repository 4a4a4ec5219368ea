import type { BeadStore } from '../../beads/store';
import { scriptBlocks } from '../../base/scriptBlocks';
import { wantedSince } from '../../engine/convoys/wanted';
import { rigOfBead, workingSet } from '../../engine/state/workingSet';
import { scriptOf } from '../../engine/molecules/molecules';
import type { Bead } from '../../protocol/bead';
import type { AttentionInfo, RuntimeInfo } from '../../protocol/town';
import { runtimeHash, scriptHash, type ConsentStore } from '../../town/consent';

export interface ConsentTown {
  nameFor(bead: Bead, rig: string): string;
  /** False if the rig's settings are unreadable: then there are no questions about its beads. */
  isUsable(rig: string): boolean;
  find(name: string): RuntimeInfo | undefined;
  /** Runtimes that run without a bead, such as that of a reviewer. */
  others(): { rig?: string; runtime: string }[];
  /** The script of this bead is frozen next to its worktree, and was accepted then. */
  isFrozen(bead: Bead, rig: string): boolean;
}

/** The runtimes and scripts of beads, and whether a person has accepted them. */
export class Consents {
  constructor(
    private readonly store: BeadStore,
    private readonly accepted: ConsentStore,
    private readonly town: ConsentTown,
  ) {}

  /** Whether a person has accepted the runtime and the script of this bead. */
  given(bead: Bead, rig: string): boolean {
    return this.missing(bead, rig) === undefined;
  }

  isScriptAccepted(blocks: readonly string[]): boolean {
    return this.accepted.has(scriptHash(blocks));
  }

  /** A runtime that does not exist needs no consent: starting it fails with a clear error. */
  isRuntimeAccepted(name: string, runtime = this.town.find(name)): boolean {
    return name === 'script' || runtime === undefined || this.accepted.has(runtimeHash(name, runtime));
  }

  /** Accepts a script that was written through this town's own socket, which needs no further question. */
  acceptScriptOf(bead: Bead, by: string): void {
    const blocks = readable(() => scriptBlocks(bead.description ?? ''));
    if (blocks.length > 0) this.accepted.accept('script', scriptHash(blocks), by);
  }

  /** The open questions: one for each waiting runtime and script. */
  open(): AttentionInfo[] {
    const questions = new Map<string, AttentionInfo>();
    for (const bead of workingSet(this.store, wantedSince(this.store).keys())) {
      const rig = rigOfBead(this.store, bead);
      const question = rig === undefined || !this.town.isUsable(rig) ? undefined : this.missing(bead, rig);
      if (question && !questions.has(question.id)) questions.set(question.id, question);
    }
    for (const { runtime, rig } of this.town.others()) {
      const question = this.missingRuntime(runtime, rig);
      if (question) questions.set(question.id, question);
    }
    return [...questions.values()];
  }

  private missing(bead: Bead, rig: string): AttentionInfo | undefined {
    const name = this.town.nameFor(bead, rig);
    return name === 'script' ? this.missingScript(bead, rig) : this.missingRuntime(name, rig);
  }

  private missingRuntime(name: string, rig: string | undefined): AttentionInfo | undefined {
    const runtime = this.town.find(name);
    if (!runtime || name === 'script') return undefined;
    const hash = runtimeHash(name, runtime);
    if (this.accepted.has(hash)) return undefined;
    const environment = Object.entries(runtime.env).map(([variable, value]) => `${variable}=${value}`);
    const text = [...environment, runtime.command, ...runtime.args].join(' ');
    return {
      id: `consent-runtime-${hash.slice(0, 16)}`,
      kind: 'consent',
      rig,
      title: `Allow ${name} to run without permission prompts?`,
      detail: `Agents of this town run "${text}" in their worktrees, with its own permission prompts off: it does not ask before it trusts a folder or runs a command. You are asked once per town.`,
      consent: { kind: 'runtime', hash, text, runtime: name },
    };
  }

  private missingScript(bead: Bead, rig: string): AttentionInfo | undefined {
    const blocks = readable(() => scriptOf(this.store, bead).blocks);
    const hash = scriptHash(blocks);
    if (blocks.length === 0 || this.accepted.has(hash) || this.town.isFrozen(bead, rig)) return undefined;
    return {
      id: `consent-script-${hash.slice(0, 16)}`,
      kind: 'consent',
      rig,
      bead: bead.id,
      title: `Waiting for you to approve the script of ${bead.id}`,
      detail: `"${bead.title}" was not written in this town. Read its script before you approve it.`,
      consent: { kind: 'script', hash, text: blocks.join('\n') },
    };
  }
}

/** Blocks of a script; none if a fence is not closed, which the session then reports. */
function readable(read: () => string[]): string[] {
  try {
    return read();
  } catch {
    return [];
  }
}

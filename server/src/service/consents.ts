import type { BeadStore } from '../beads/store';
import { scriptBlocks } from '../agents/script/blocks';
import { slingableTypes, workOf } from '../engine/work';
import type { Bead } from '../protocol/bead';
import type { AttentionInfo, RuntimeInfo } from '../protocol/town';
import { runtimeHash, scriptHash, type ConsentStore } from '../town/consent';

/** What a bead would run, and whether a person has accepted it. */
export class Consents {
  constructor(
    private readonly store: BeadStore,
    private readonly accepted: ConsentStore,
    private readonly runtimes: { nameFor(bead: Bead, rig: string): string; find(name: string): RuntimeInfo | undefined },
  ) {}

  /** A runtime that does not exist is no question of consent: starting it fails with a clear error. */
  given(bead: Bead, rig: string): boolean {
    return this.missing(bead, rig) === undefined;
  }

  /** Scripts that were written through this town's own socket need no further question. */
  acceptScriptOf(bead: Bead, by: string): void {
    const blocks = blocksOf(bead);
    if (blocks.length > 0) this.accepted.accept('script', scriptHash(blocks), by);
  }

  /** One question for each runtime and each script that waits. */
  open(rigOf: (bead: Bead) => string | undefined): AttentionInfo[] {
    const questions = new Map<string, AttentionInfo>();
    for (const bead of this.store.list({ type: [...slingableTypes], status: ['open', 'hooked', 'in_progress'], limit: 0 })) {
      const rig = rigOf(bead);
      const question = rig === undefined ? undefined : this.missing(bead, rig);
      if (question && !questions.has(question.id)) questions.set(question.id, question);
    }
    return [...questions.values()];
  }

  private missing(bead: Bead, rig: string): AttentionInfo | undefined {
    const name = this.runtimes.nameFor(bead, rig);
    if (name === 'script') return this.missingScript(bead, rig);
    const runtime = this.runtimes.find(name);
    if (!runtime) return undefined;
    const hash = runtimeHash(name, runtime);
    if (this.accepted.has(hash)) return undefined;
    const text = [runtime.command, ...runtime.args].join(' ');
    return {
      id: `consent-runtime-${hash.slice(0, 16)}`, kind: 'consent', rig,
      title: `${name} wants to run without asking before each step`,
      detail: `Agents of this town run "${text}" in their worktrees, with its own safety prompts off: it does not ask whether it may trust a folder, nor before it runs a command. Accept it once for this town.`,
      consent: { kind: 'runtime', hash, text },
    };
  }

  private missingScript(bead: Bead, rig: string): AttentionInfo | undefined {
    const blocks = blocksOf(bead);
    const hash = scriptHash(blocks);
    if (blocks.length === 0 || workOf(bead).branch !== undefined || this.accepted.has(hash)) return undefined;
    return {
      id: `consent-script-${hash.slice(0, 16)}`, kind: 'consent', rig, bead: bead.id,
      title: `The script of ${bead.id} came from elsewhere`,
      detail: `"${bead.title}" was not written in this town. Read what it would run before you accept it.`,
      consent: { kind: 'script', hash, text: blocks.join('\n') },
    };
  }
}

/** A fence that is not closed gives no script; the session that needs one says so. */
function blocksOf(bead: Bead): string[] {
  try {
    return scriptBlocks(bead.description ?? '');
  } catch {
    return [];
  }
}

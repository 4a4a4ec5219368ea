import { createHash } from 'node:crypto';
import { z } from 'zod';
import { onUnexpectedError } from '../base/errors';
import { PRIVATE_FILE, readTextIfPresent, writeJsonAtomic } from '../base/safeFiles';
import type { GateInfo } from '../protocol/town';

const outcomeSchema = z.discriminatedUnion('passed', [
  z.object({ passed: z.literal(true) }),
  z.object({
    passed: z.literal(false),
    problem: z.string(),
    output: z.string(),
    confirmed: z.boolean().optional(),
  }),
]);
const entrySchema = z.object({ key: z.string(), commands: z.string(), outcome: outcomeSchema });
type Entry = z.output<typeof entrySchema>;

/** The result of one gate; `output`: the last part of its output, `confirmed`: it failed more than once. */
export type KeptOutcome = z.output<typeof outcomeSchema>;

/** Key of a result. */
export interface TestedGate {
  tree: string;
  gate: GateInfo;
  /** Gates whose files it uses (see `gatePlan.ts`): their commands may change the result. */
  needs: readonly GateInfo[];
}

/** Maximum number of results; older ones are not needed any more. */
const MAX_RESULTS = 1_000;

/** Cached results of the gates of a rig, by the tested files and the commands: gates never run twice for the same. */
export class GateResults {
  private known: Map<string, Entry> | undefined;

  /** @param file stores them over restarts of the server; without it they are only in memory */
  constructor(private readonly file?: string) {}

  get(tested: TestedGate): KeptOutcome | undefined {
    return this.read().get(keyOf(tested))?.outcome;
  }

  /** Whether this gate has passed on any files before. */
  hasPassed(tested: Pick<TestedGate, 'gate' | 'needs'>): boolean {
    const commands = commandsOf(tested);
    return [...this.read().values()].some((entry) => entry.outcome.passed && entry.commands === commands);
  }

  set(tested: TestedGate, outcome: KeptOutcome): void {
    const known = this.read();
    const key = keyOf(tested);
    known.delete(key); // moves the entry to the end
    known.set(key, { key, commands: commandsOf(tested), outcome });
    for (const oldest of known.keys()) {
      if (known.size <= MAX_RESULTS) break;
      known.delete(oldest);
    }
    this.save();
  }

  /** Drops failures, for a manual retry: their cause may have been outside of the files. */
  forgetFailures(): void {
    const failed = [...this.read()].filter(([, { outcome }]) => !outcome.passed);
    if (failed.length === 0) return;
    for (const [key] of failed) this.read().delete(key);
    this.save();
  }

  private read(): Map<string, Entry> {
    return (this.known ??= this.load());
  }

  private load(): Map<string, Entry> {
    if (this.file === undefined) return new Map();
    try {
      const entries = z.array(entrySchema).parse(JSON.parse(readTextIfPresent(this.file) ?? '[]'));
      return new Map(entries.map((entry) => [entry.key, entry]));
    } catch {
      return new Map(); // an unreadable cache only costs another run
    }
  }

  private save(): void {
    if (this.file === undefined) return;
    try {
      writeJsonAtomic(this.file, [...this.read().values()], PRIVATE_FILE);
    } catch (error) {
      onUnexpectedError(error); // it is kept in memory for this run of the server
    }
  }
}

function keyOf(tested: TestedGate): string {
  return hashOf([tested.tree, commandsOf(tested)]);
}

function commandsOf({ gate, needs }: Pick<TestedGate, 'gate' | 'needs'>): string {
  return hashOf([...needs, gate].map(({ name, command, env }) => (env ? [name, command, env] : [name, command])));
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

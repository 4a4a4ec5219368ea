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
const entrySchema = z.object({ key: z.string(), outcome: outcomeSchema });

/** How one gate ended; `output`: the last part of what it printed, `confirmed`: it failed more than once. */
export type KeptOutcome = z.output<typeof outcomeSchema>;

/** What a result is kept for. */
export interface TestedGate {
  tree: string;
  gate: GateInfo;
  /** Gates whose files it uses (see `gatePlan.ts`): with other commands it may end in another way. */
  needs: readonly GateInfo[];
}

/** Older results than these are not asked for any more. */
const MAX_RESULTS = 1_000;

/** How the gates of a rig ended, by the files that they tested and their commands: they never run twice for the same. */
export class GateResults {
  private known: Map<string, KeptOutcome> | undefined;

  /** @param file where they are kept over restarts of the server; in memory only without one */
  constructor(private readonly file?: string) {}

  get(tested: TestedGate): KeptOutcome | undefined {
    return this.read().get(keyOf(tested));
  }

  set(tested: TestedGate, outcome: KeptOutcome): void {
    const known = this.read();
    const key = keyOf(tested);
    known.delete(key); // the latest come last
    known.set(key, outcome);
    for (const oldest of known.keys()) {
      if (known.size <= MAX_RESULTS) break;
      known.delete(oldest);
    }
    this.save();
  }

  /** A person wants to see once more what failed: the reason may have been another than the files. */
  forgetFailures(): void {
    const failed = [...this.read()].filter(([, outcome]) => !outcome.passed);
    if (failed.length === 0) return;
    for (const [key] of failed) this.read().delete(key);
    this.save();
  }

  private read(): Map<string, KeptOutcome> {
    return (this.known ??= this.load());
  }

  private load(): Map<string, KeptOutcome> {
    if (this.file === undefined) return new Map();
    try {
      const entries = z.array(entrySchema).parse(JSON.parse(readTextIfPresent(this.file) ?? '[]'));
      return new Map(entries.map(({ key, outcome }) => [key, outcome]));
    } catch {
      return new Map(); // a record that cannot be read costs one more run
    }
  }

  private save(): void {
    if (this.file === undefined) return;
    const entries = [...this.read()].map(([key, outcome]) => ({ key, outcome }));
    try {
      writeJsonAtomic(this.file, entries, PRIVATE_FILE);
    } catch (error) {
      onUnexpectedError(error); // it holds for this run of the server
    }
  }
}

function keyOf({ tree, gate, needs }: TestedGate): string {
  const commands = [...needs, gate].map(({ name, command }) => [name, command]);
  return createHash('sha256')
    .update(JSON.stringify([tree, commands]))
    .digest('hex');
}

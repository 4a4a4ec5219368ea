import { createHash } from 'node:crypto';
import { z } from 'zod';
import { onUnexpectedError } from '../base/errors';
import { PRIVATE_FILE, readTextIfPresent, writeJsonAtomic } from '../base/safeFiles';
import type { GateInfo } from '../protocol/town';
import type { GateResult } from './types';

const entrySchema = z.object({
  key: z.string(),
  result: z.discriminatedUnion('passed', [
    z.object({ passed: z.literal(true) }),
    z.object({ passed: z.literal(false), gate: z.string(), problem: z.string(), output: z.string() }),
  ]),
});
type Entry = z.output<typeof entrySchema>;

/** Older results than these are not asked for any more. */
const MAX_RESULTS = 200;

/** How the gates of a rig ended, by the files that they tested and their commands: they never run twice for the same. */
export class GateResults {
  private known: Entry[] | undefined;

  constructor(private readonly file: string) {}

  get(tree: string, gates: readonly GateInfo[]): GateResult | undefined {
    const key = keyOf(tree, gates);
    return this.read().find((entry) => entry.key === key)?.result;
  }

  set(tree: string, gates: readonly GateInfo[], result: GateResult): void {
    const key = keyOf(tree, gates);
    this.save([...this.read().filter((entry) => entry.key !== key), { key, result }].slice(-MAX_RESULTS));
  }

  /** A person wants to see once more what failed: the reason may have been another than the files. */
  forgetFailures(): void {
    if (this.read().some((entry) => !entry.result.passed))
      this.save(this.read().filter((entry) => entry.result.passed));
  }

  private read(): Entry[] {
    return (this.known ??= this.load());
  }

  private load(): Entry[] {
    try {
      return z.array(entrySchema).parse(JSON.parse(readTextIfPresent(this.file) ?? '[]'));
    } catch {
      return []; // a record that cannot be read costs one more run
    }
  }

  private save(entries: Entry[]): void {
    this.known = entries;
    try {
      writeJsonAtomic(this.file, entries, PRIVATE_FILE);
    } catch (error) {
      onUnexpectedError(error); // it holds for this run of the server
    }
  }
}

function keyOf(tree: string, gates: readonly GateInfo[]): string {
  const commands = gates.map(({ name, command }) => [name, command]);
  return createHash('sha256')
    .update(JSON.stringify([tree, commands]))
    .digest('hex');
}

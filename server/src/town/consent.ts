import path from 'node:path';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalPath } from '../base/safePaths';
import type { ConsentKind, GateInfo, RuntimeSettings } from '../protocol/town';
import { SettingsFile } from './files';
import { userAndMachine } from './mark';
import { configDirectory } from '../base/configDirectory';

const schema = z.looseObject({
  version: z.number().default(1),
  root: z.string().default(''),
  /** Hash of the user and the machine; missing in older files. */
  place: z.string().optional(),
  accepted: z.record(z.string(), z.looseObject({ kind: z.string(), by: z.string(), at: z.string() })).default({}),
});

/**
 * Consents of a person for one town, by hash of the exact commands. Stored in the user's own configuration folder,
 * outside the town.
 */
export class ConsentStore {
  private readonly file: SettingsFile<typeof schema>;
  private accepted: Set<string>;
  private readonly place = createHash('sha256').update(userAndMachine()).digest('hex');

  constructor(private readonly townRoot: string) {
    const key = createHash('sha256').update(canonicalPath(townRoot)).digest('hex').slice(0, 16);
    this.file = new SettingsFile(path.join(configDirectory(), 'accepted', `${key}.json`), schema);
    const { place, accepted } = this.file.read();
    // Consents of another machine or another user are not valid here.
    this.accepted = new Set(place === undefined || place === this.place ? Object.keys(accepted) : []);
  }

  /** Drops all consents, because another town has replaced the one that they were given for. */
  forgetAll(): void {
    this.accepted.clear();
    if (!this.file.exists()) return;
    this.file.update((value) => {
      value.accepted = {};
    });
  }

  has(hash: string): boolean {
    return this.accepted.has(hash);
  }

  accept(kind: ConsentKind, hash: string, by: string): void {
    if (this.accepted.has(hash)) return;
    const state = this.file.update((value) => {
      if (value.place !== undefined && value.place !== this.place) value.accepted = {};
      value.place = this.place;
      value.root = canonicalPath(this.townRoot);
      value.accepted[hash] = { kind, by, at: new Date().toISOString() };
    });
    this.accepted = new Set(Object.keys(state.accepted));
  }
}

/** An empty list of commands has a hash, too: running no tests also needs a person's consent. */
export function gatesHash(rig: string, gates: readonly GateInfo[]): string {
  return hashOf(['rig-commands', rig, ...gates.flatMap((gate) => [gate.name, gate.command])]);
}

export function runtimeHash(name: string, runtime: RuntimeSettings): string {
  return hashOf([
    'runtime',
    name,
    runtime.command,
    ...runtime.args,
    JSON.stringify(runtime.env),
    runtime.prompt,
    runtime.promptFlag ?? '',
    ...(runtime.provider ? [runtime.provider] : []),
  ]);
}

export function scriptHash(blocks: readonly string[]): string {
  return hashOf(['script', ...blocks]);
}

function hashOf(parts: readonly string[]): string {
  const hash = createHash('sha256');
  // Length first: ["ab"] and ["a", "b"] must not result in the same text.
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:${part}\n`);
  return hash.digest('hex');
}

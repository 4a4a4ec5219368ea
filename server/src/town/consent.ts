import path from 'node:path';
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalPath } from '../base/safeFiles';
import type { ConsentKind, GateInfo, RuntimeSettings } from '../protocol/town';
import { SettingsFile } from './files';
import { configDirectory } from './registry';

const schema = z.looseObject({
  version: z.number().default(1),
  root: z.string().default(''),
  accepted: z.record(z.string(), z.looseObject({ kind: z.string(), by: z.string(), at: z.string() })).default({}),
});

/**
 * What a person has accepted to run in one town, by hash of exactly what runs. Kept in the person's own
 * configuration folder, outside the town.
 */
export class ConsentStore {
  private readonly file: SettingsFile<typeof schema>;
  private accepted: Set<string>;

  constructor(private readonly townRoot: string) {
    const key = createHash('sha256').update(canonicalPath(townRoot)).digest('hex').slice(0, 16);
    this.file = new SettingsFile(path.join(configDirectory(), 'accepted', `${key}.json`), schema);
    this.accepted = new Set(Object.keys(this.file.read().accepted));
  }

  has(hash: string): boolean {
    return this.accepted.has(hash);
  }

  accept(kind: ConsentKind, hash: string, by: string): void {
    if (this.accepted.has(hash)) return;
    const state = this.file.update((value) => {
      value.root = canonicalPath(this.townRoot);
      value.accepted[hash] = { kind, by, at: new Date().toISOString() };
    });
    this.accepted = new Set(Object.keys(state.accepted));
  }
}

/** No commands at all have a hash too: that nothing is tested is as much a person's decision as what is. */
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
  // Length first: ["ab"] and ["a", "b"] must not be the same text.
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:${part}\n`);
  return hash.digest('hex');
}

import path from 'node:path';
import { z } from 'zod';
import { UserError } from '../../base/errors';
import { readTextIfPresent, writeFileAtomic, writeJsonAtomic } from '../../base/safeFiles';
import { parseSimpleYaml } from './ledgerConfig';

/*
 * Settings of a ledger (`bd config`): those that the program reads are in `config.yaml`, which git carries to other
 * clones; all others are local to the clone, in `settings.json`.
 */

/** Keys of `config.yaml` that the program reads. */
const shared: ReadonlySet<string> = new Set([
  'issue-prefix',
  'status.custom',
  'types.custom',
  'create.owner',
  'sync-branch',
  'external.unresolved',
]);
/** Prefixes of further keys of that file. */
const sharedGroups = ['external_projects.'];
const aliases: Readonly<Record<string, string>> = {
  issue_prefix: 'issue-prefix',
  sync_branch: 'sync-branch',
  'sync.branch': 'sync-branch',
  // Local to the clone: the shared file must not decide where beads are sent.
  sync_remote: 'sync-remote',
  'sync.remote': 'sync-remote',
};
const keyPattern = /^[\w][\w.:/-]*$/;
const localSchema = z.record(z.string(), z.string());

export function settingKey(key: string): string {
  if (!keyPattern.test(key) || key.length > 200)
    throw new UserError(`invalid key: ${JSON.stringify(key)}`, 'Use letters, digits, dots and hyphens.');
  return Object.hasOwn(aliases, key) ? aliases[key]! : key;
}

/** Whether a setting is in `config.yaml`, which git carries to other clones. @param key as `settingKey` returns it */
export function isShared(key: string): boolean {
  return shared.has(key) || sharedGroups.some((group) => key.startsWith(group));
}

/** All settings by their keys. */
export function readSettings(directory: string): Record<string, string> {
  const yaml = parseSimpleYaml(readTextIfPresent(path.join(directory, 'config.yaml')) ?? '');
  const known = [...yaml]
    .filter(([key]) => isShared(settingKey(key)))
    .map(([key, value]): [string, string] => [settingKey(key), value]);
  return { ...readLocal(directory), ...Object.fromEntries(known) };
}

/** Writes a setting. @param value undefined removes it */
export function writeSetting(directory: string, key: string, value: string | undefined): void {
  const name = settingKey(key);
  if (isShared(name)) writeShared(path.join(directory, 'config.yaml'), name, value);
  else {
    const { [name]: _old, ...others } = readLocal(directory);
    writeJsonAtomic(path.join(directory, 'settings.json'), value === undefined ? others : { ...others, [name]: value });
  }
}

function readLocal(directory: string): Record<string, string> {
  const text = readTextIfPresent(path.join(directory, 'settings.json'));
  if (text === undefined) return {};
  try {
    return localSchema.parse(JSON.parse(text));
  } catch {
    throw new UserError(
      `${path.join(directory, 'settings.json')} cannot be read`,
      'It must be a JSON object of texts. Fix it, or remove it to start without these settings.',
    );
  }
}

/** Changes one line of `config.yaml`; comments and other keys stay as they are. */
function writeShared(file: string, key: string, value: string | undefined): void {
  if (value !== undefined && /["\n\r\\]/.test(value))
    throw new UserError(`invalid value for ${key}: ${JSON.stringify(value)}`, 'It must be one line without quotes.');
  const lines = (readTextIfPresent(file) ?? '').split('\n');
  const pattern = new RegExp(`^${key.replace(/[.-]/g, (char) => (char === '-' ? '[-_]' : '\\.'))}:`);
  const kept = lines.filter((line) => !pattern.test(line));
  const text = kept.join('\n').trimEnd();
  const line = value === undefined ? '' : `${key}: "${value}"\n`;
  writeFileAtomic(file, `${text === '' ? '' : `${text}\n`}${line}`);
}

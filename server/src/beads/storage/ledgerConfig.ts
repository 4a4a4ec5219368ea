import path from 'node:path';
import { z } from 'zod';
import { UserError } from '../../base/errors';
import { normalisePrefix } from '../model/ids';
import { replaceFile, type LedgerFs } from './ledgerFs';
import type { LedgerRules } from '../model/validate';

/** Configuration of a `.beads` folder. */
export interface LedgerConfig extends LedgerRules {
  prefix: string | undefined;
  /** Name of the file of beads. */
  issuesFile: string;
}

/** Local files, which must never be committed. */
const ignored = [
  '*.db',
  '*.db?*',
  '*.db-journal',
  '*.db-wal',
  '*.db-shm',
  'journal.jsonl',
  'journal.damaged-*.jsonl',
  'issues.damaged-*.jsonl',
  'beads.damaged-*.jsonl',
  'settings.json',
  'base.jsonl',
  'base.next.jsonl',
  'events.jsonl',
  'events.*.jsonl',
  '*.tmp',
  '.lock/',
  'daemon.lock',
  'daemon.log',
  'daemon.pid',
  'bd.sock',
  'sync-state.json',
  'last-touched',
  '.local_version',
  'redirect',
  '.sync.lock',
  '.jsonl.lock',
  'sync_base.jsonl',
  'export-state/',
  'beads.base.jsonl',
  'beads.left.jsonl',
  'beads.right.jsonl',
  'beads.base.meta.json',
  'beads.left.meta.json',
  'beads.right.meta.json',
];

/** Files of this program that the metadata.json of another tool must not name. */
const ours = new Set(['journal.jsonl', 'base.jsonl', 'base.next.jsonl', 'events.jsonl', 'routes.jsonl']);

const namePattern = /^[a-z][a-z0-9_-]*$/;
const metadata = z.object({ jsonl_export: z.string().optional() });

export function readLedgerConfig(fs: LedgerFs, directory: string): LedgerConfig {
  const values = parseSimpleYaml(fs.read(path.join(directory, 'config.yaml'))?.toString('utf8') ?? '');
  const prefix = values.get('issue-prefix') ?? values.get('issue_prefix');
  return {
    prefix: prefix ? normalisePrefix(prefix) : undefined,
    issuesFile: issuesFile(fs, directory),
    customStatuses: namesIn(values.get('status.custom')),
    customTypes: namesIn(values.get('types.custom')),
    keepsOwner: values.get('create.owner') !== 'false',
  };
}

/** `name` or `name:category`, separated by commas. */
function namesIn(list: string | undefined): string[] {
  const names = (list ?? '').split(',').map((part) => part.trim().split(':')[0] ?? '');
  return names.filter((name) => namePattern.test(name));
}

/** The Go tool can be configured with another name; it is used only if it is a plain file name. */
function issuesFile(fs: LedgerFs, directory: string): string {
  try {
    const parsed = metadata.safeParse(
      JSON.parse(fs.read(path.join(directory, 'metadata.json'))?.toString('utf8') ?? '{}'),
    );
    const name = parsed.data?.jsonl_export;
    if (name && /^[\w.-]+\.jsonl$/.test(name) && !ours.has(name)) return name;
  } catch (error) {
    // Invalid JSON is ignored; a link or a pipe is an error, because it may be an attack.
    if (error instanceof UserError) throw error;
  }
  const legacy =
    fs.read(path.join(directory, 'issues.jsonl')) === undefined &&
    fs.read(path.join(directory, 'beads.jsonl')) !== undefined;
  return legacy ? 'beads.jsonl' : 'issues.jsonl';
}

/** The text of a new `config.yaml`. */
export function configText(prefix: string, statuses: readonly string[], types: readonly string[]): string {
  return [
    '# Settings of this ledger, read by bd.',
    `issue-prefix: "${prefix}"`,
    '# Names that this project adds to those built into bd.',
    `status.custom: "${statuses.join(',')}"`,
    `types.custom: "${types.join(',')}"`,
    '',
  ].join('\n');
}

/**
 * The keys of a `config.yaml` as `bd` writes it: `key: value` lines, at most one level deep. Not a YAML parser: lists,
 * block texts and deeper levels are skipped.
 */
export function parseSimpleYaml(text: string): Map<string, string> {
  const values = new Map<string, string>();
  let section = '';
  for (const line of text.split(/\r?\n/)) {
    const match = /^(\s*)([\w.-]+):(?:\s+(.*))?$/.exec(line);
    if (!match) continue;
    const [, indent = '', key = '', rest = ''] = match;
    const value = scalar(rest);
    if (indent === '') section = value === '' ? `${key}.` : '';
    if (value !== '') values.set(indent === '' ? key : section + key, value);
  }
  return values;
}

function scalar(text: string): string {
  const quoted = /^(["'])(.*?)\1\s*(?:#.*)?$/.exec(text);
  return quoted ? (quoted[2] ?? '') : text.replace(/(^|\s)#.*$/, '').trim();
}

/** Adds missing entries to `.gitignore`: a folder of the Go tool does not list our local files. */
export async function ensureIgnored(fs: LedgerFs, directory: string): Promise<void> {
  const file = path.join(directory, '.gitignore');
  const text = fs.read(file)?.toString('utf8') ?? '';
  const complete = withIgnored(text);
  if (complete !== text) await replaceFile(fs, file, Buffer.from(complete));
}

export function withIgnored(text: string): string {
  const present = new Set(text.split(/\r?\n/).map((line) => line.trim()));
  const missing = ignored.filter((pattern) => !present.has(pattern));
  if (missing.length === 0) return text;
  const start = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  return `${start}${missing.join('\n')}\n`;
}

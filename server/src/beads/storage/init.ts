import path from 'node:path';
import { readTextIfPresent, writeFileAtomic, writeJsonAtomic } from '../../base/safeFiles';
import { isPresent } from '../../base/safePaths';
import { makeFolder } from '../../base/safeFolders';
import { UserError } from '../../base/errors';
import { statusesUnknownToGo, typesUnknownToGo } from '../model/fields';
import { normalisePrefix } from '../model/ids';
import { configText, readLedgerConfig, withIgnored } from './ledgerConfig';
import { realFs } from './ledgerFs';

/** Creates or completes a `.beads` folder. Existing files are left alone. */
export function initLedger(directory: string, prefix: string): void {
  const name = normalisePrefix(prefix);
  makeFolder(directory);
  const present = readLedgerConfig(realFs, directory).prefix;
  if (present !== undefined && present !== name) {
    throw new UserError(`${directory} is already a ledger with prefix ${present}-`, undefined, 'conflict');
  }
  const config = configText(name, statusesUnknownToGo, typesUnknownToGo);
  const file = (child: string): string => path.join(directory, child);
  if (!isPresent(file('config.yaml'))) writeFileAtomic(file('config.yaml'), config);
  if (!isPresent(file('metadata.json')))
    writeJsonAtomic(file('metadata.json'), { database: 'beads.db', jsonl_export: 'issues.jsonl' });
  const ignore = readTextIfPresent(file('.gitignore')) ?? '';
  if (withIgnored(ignore) !== ignore) writeFileAtomic(file('.gitignore'), withIgnored(ignore));
  const issues = file(readLedgerConfig(realFs, directory).issuesFile);
  if (!isPresent(issues)) writeFileAtomic(issues, '');
}

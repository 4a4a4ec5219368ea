import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { UserError, hasCode, messageOf } from '../../base/errors';
import { openNamed } from '../../base/safeFiles';
import { LedgerImport, LedgerImportPart } from '../../protocol/ledger';
import type { Result } from '../../protocol/request';
import type { Backend } from './localBackend';

/** Bytes of a file in one request. */
const PART = 1024 * 1024;

/** Imports a text part by part; imports all of it or nothing. */
export async function importText(
  backend: Backend,
  parts: Iterable<string>,
  options: Omit<LedgerImport.Params, 'text' | 'upload'>,
): Promise<Result<typeof LedgerImport.spec>> {
  const upload = randomUUID();
  let last = '';
  let part = -1;
  for (const text of parts) {
    if (part >= 0) await backend.call(LedgerImportPart.spec, { upload, part, text: last });
    last = text;
    part += 1;
  }
  return backend.call(LedgerImport.spec, { text: last, ...(part > 0 ? { upload } : {}), ...options });
}

/**
 * The text of a file in parts of whole lines; a part exceeds the limit only if a single line does.
 * @param shown the name of the file in messages
 * @throws UserError if the file cannot be read
 */
export function* textParts(file: string, limit = PART, shown = file): Generator<string> {
  const fd = open(file, shown);
  try {
    let rest: Buffer[] = [];
    for (let read = -1; read !== 0; ) {
      const bytes = Buffer.allocUnsafe(limit);
      read = fs.readSync(fd, bytes);
      const end = bytes.subarray(0, read).lastIndexOf(10) + 1;
      if (end > 0) {
        yield Buffer.concat([...rest, bytes.subarray(0, end)]).toString('utf8');
        rest = [];
      }
      rest.push(bytes.subarray(end, read));
    }
    const text = Buffer.concat(rest).toString('utf8');
    if (text !== '') yield text;
  } catch (error) {
    throw readError(shown, error);
  } finally {
    fs.closeSync(fd);
  }
}

function open(file: string, shown: string): number {
  try {
    return openNamed(file);
  } catch (error) {
    throw readError(shown, error);
  }
}

function readError(file: string, error: unknown): UserError {
  const why = hasCode(error, 'ENOENT') ? 'no such file or directory' : messageOf(error);
  return new UserError(`opening input file: open ${file}: ${why}`);
}

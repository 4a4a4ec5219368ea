import { UserError } from '../../base/errors';
import type { CallContext } from '../../protocol/dispatcher';
import { LedgerTextReader } from '../storage/ledgerTextReader';
import type { LedgerText } from '../storage/ledgerLines';

/** Maximum number of concurrent uploads. */
const MAX_UPLOADS = 4;
/** Milliseconds after which an upload without further parts is dropped. */
const ABANDONED_MS = 2 * 60_000;

interface Upload {
  reader: LedgerTextReader;
  /** Number of the next expected part. */
  next: number;
  timer: NodeJS.Timeout;
}

/** Uploads of texts in parts: only the decoded beads of a large text are kept in memory, never the whole text. */
export class ImportParts {
  private readonly uploads = new Map<string, Upload>();

  /** Stores the next part. A part that is sent again, because its answer was lost, changes nothing. */
  add(context: CallContext, { upload: name, part, text }: { upload: string; part: number; text: string }): void {
    const key = keyOf(context, name);
    const upload = part === 0 ? (this.uploads.get(key) ?? this.start(key)) : this.require(key);
    upload.timer.refresh();
    if (part < upload.next) return;
    if (part > upload.next) throw interrupted();
    upload.next += 1;
    try {
      upload.reader.add(Buffer.from(text));
    } catch (error) {
      this.drop(key);
      throw error;
    }
  }

  /** Returns the whole text, given its last part. */
  finish(context: CallContext, name: string | undefined, last: string): LedgerText {
    if (name === undefined) {
      const reader = newReader();
      reader.add(Buffer.from(last));
      return reader.result();
    }
    const key = keyOf(context, name);
    const { reader } = this.require(key);
    this.drop(key);
    reader.add(Buffer.from(last));
    return reader.result();
  }

  private start(key: string): Upload {
    if (this.uploads.size >= MAX_UPLOADS)
      throw new UserError(
        'too many imports at once',
        'Wait until one of them has ended, and try again.',
        'unavailable',
      );
    const timer = setTimeout(() => this.drop(key), ABANDONED_MS).unref();
    const upload = { reader: newReader(), next: 0, timer };
    this.uploads.set(key, upload);
    return upload;
  }

  private require(key: string): Upload {
    const upload = this.uploads.get(key);
    if (!upload) throw interrupted();
    return upload;
  }

  private drop(key: string): void {
    clearTimeout(this.uploads.get(key)?.timer);
    this.uploads.delete(key);
  }
}

function keyOf({ actor }: CallContext, name: string): string {
  return `${actor}\n${name}`;
}

function newReader(): LedgerTextReader {
  return new LedgerTextReader('the imported text', { isBeadsOnly: true });
}

function interrupted(): UserError {
  return new UserError(
    'the import was interrupted: the server has not got all of the text',
    'Nothing was imported. Try again.',
    'unavailable',
  );
}

import { z } from 'zod';
import { UserError, messageOf } from '../base/errors';
import { readTextIfPresent, writeJsonAtomic } from '../base/safeFiles';
import { schemaProblems } from '../base/schemaProblems';
import { fileStamp, isPresent } from '../base/safePaths';

/** The last value or error of a file, valid as long as its stamp is the same. */
interface Remembered {
  stamp: string;
  value?: unknown;
  error?: UserError;
}

/** Cache by path: settings are read at every tick, but change only when a user edits them. */
const remembered = new Map<string, Remembered>();
const MAX_REMEMBERED = 1_000;
const MAX_BYTES = 4 * 1024 * 1024;

/** A JSON settings file with a schema: read with clear errors, written completely and atomically. */
export class SettingsFile<S extends z.ZodType> {
  constructor(
    readonly file: string,
    private readonly schema: S,
  ) {}

  exists(): boolean {
    return isPresent(this.file);
  }

  /**
   * The settings, shared and frozen. The file is read again only when it has changed. A missing file reads as `{}`, so
   * that the schema's defaults apply.
   * @throws UserError naming the file and the key
   */
  read(): z.output<S> {
    const stamp = fileStamp(this.file) ?? 'missing';
    let known = remembered.get(this.file);
    if (known?.stamp !== stamp) {
      known = { stamp, ...this.parse() };
      if (remembered.size >= MAX_REMEMBERED) remembered.clear();
      remembered.set(this.file, known);
    }
    if (known.error) throw known.error;
    return known.value as z.output<S>;
  }

  /** Writes the settings. @throws UserError if the value is invalid; then nothing is written */
  write(value: z.output<S>): void {
    const parsed = this.schema.safeParse(value);
    if (!parsed.success)
      throw new UserError(`invalid content for ${this.file}: ${schemaProblems(parsed.error)}`, 'nothing was changed');
    writeJsonAtomic(this.file, parsed.data);
    remembered.delete(this.file);
  }

  update(change: (value: z.output<S>) => void): z.output<S> {
    const value = structuredClone(this.read());
    change(value);
    this.write(value);
    return value;
  }

  private parse(): { value: z.output<S> } | { error: UserError } {
    const fix = 'fix the file; nothing was changed';
    let value: unknown;
    try {
      value = JSON.parse(readTextIfPresent(this.file, MAX_BYTES) ?? '{}');
    } catch (error) {
      if (error instanceof UserError) return { error };
      const problem = error instanceof SyntaxError ? 'is not JSON' : 'cannot be read';
      return { error: new UserError(`${this.file} ${problem}: ${messageOf(error)}`, fix) };
    }
    const parsed = this.schema.safeParse(value);
    if (!parsed.success) return { error: new UserError(`${this.file}: ${schemaProblems(parsed.error)}`, fix) };
    return { value: deepFreeze(parsed.data) };
  }
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}

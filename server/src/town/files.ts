import { z } from 'zod';
import { UserError } from '../base/errors';
import { readTextIfPresent, writeJsonAtomic } from '../base/atomicFile';

/** A JSON settings file under a schema: read with a clear error, written whole and atomically. */
export class SettingsFile<S extends z.ZodType> {
  constructor(
    readonly file: string,
    private readonly schema: S,
  ) {}

  exists(): boolean {
    return readTextIfPresent(this.file) !== undefined;
  }

  /** A missing file reads as `{}`, so that the schema's defaults hold. */
  read(): z.output<S> {
    const text = readTextIfPresent(this.file) ?? '{}';
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw new UserError(
        `${this.file} is not JSON: ${(error as Error).message}`,
        'mend the file; nothing was changed',
      );
    }
    const parsed = this.schema.safeParse(value);
    if (!parsed.success)
      throw new UserError(`${this.file}: ${z.prettifyError(parsed.error)}`, 'mend the file; nothing was changed');
    return parsed.data;
  }

  /** @throws UserError where the value does not fit; nothing is written then */
  write(value: z.output<S>): void {
    const parsed = this.schema.safeParse(value);
    if (!parsed.success)
      throw new UserError(`this cannot stand in ${this.file}: ${z.prettifyError(parsed.error)}`, 'nothing was changed');
    writeJsonAtomic(this.file, parsed.data);
  }

  update(change: (value: z.output<S>) => void): z.output<S> {
    const value = this.read();
    change(value);
    this.write(value);
    return value;
  }
}

import fs from 'node:fs';
import { printableJson, revealMisleading } from '../../base/text';
import { asUserError, hasCode, messageOf } from '../../base/errors';

/** Output of a command line. */
export interface Terminal {
  write(text: string): void;
  writeError(text: string): void;
  colour: boolean;
}

/** Colour only in a terminal, unless the user turned it off (https://no-color.org). */
export function wantsColour(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): boolean {
  return stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}

const STDOUT = 1;

/** The terminal, pipe or file that this process prints to. */
export class ProcessTerminal implements Terminal {
  readonly colour: boolean;
  /** A pipe or file is written to directly: creating `process.stdout` takes a millisecond. */
  private readonly isDirect = isPipeOrFile(STDOUT);
  /** True while all printed text is written, so that the process may exit at once. */
  isFlushed = true;

  constructor() {
    if (!this.isDirect) this.useStream();
    this.colour = !this.isDirect && wantsColour(process.stdout);
  }

  write(text: string): void {
    const left = this.isDirect && this.isFlushed ? writeAll(STDOUT, text) : text;
    if (left.length === 0) return;
    if (this.isDirect && this.isFlushed) this.useStream();
    process.stdout.write(left);
  }

  writeError(text: string): void {
    this.isFlushed = false;
    process.stderr.write(text);
  }

  private useStream(): void {
    this.isFlushed = false;
    process.stdout.on('error', onWriteError);
  }
}

function isPipeOrFile(fd: number): boolean {
  try {
    const stat = fs.fstatSync(fd);
    return stat.isFIFO() || stat.isFile();
  } catch {
    return false; // stdout is closed
  }
}

/** Writes synchronously. @returns the rest if a non-blocking pipe is full */
function writeAll(fd: number, text: string): Buffer {
  let left: Buffer = Buffer.from(text);
  try {
    while (left.length > 0) left = left.subarray(fs.writeSync(fd, left));
  } catch (error) {
    if (!hasCode(error, 'EAGAIN')) onWriteError(error as NodeJS.ErrnoException);
  }
  return left;
}

/** A reader that stops reading (`bd list | head -1`) is not an error. */
function onWriteError(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
}

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36 } as const;
export type Colour = keyof typeof codes;
export type Paint = (colour: Colour, text: string) => string;

export function painter(colour: boolean): Paint {
  return (name, text) => (colour ? `\u001b[${codes[name]}m${text}\u001b[0m` : text);
}

/**
 * Makes text of beads safe for a terminal: removes control characters, which could move the cursor or change the
 * window's title, and escapes characters that reorder a line.
 */
export function printable(text: string): string {
  return revealMisleading(
    text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (character) => (character === '\r' ? '' : '\ufffd')),
  );
}

/** Like `printable`, on one line. */
export function oneLine(text: string): string {
  return printable(text.replace(/\s+/g, ' '));
}

/** Every line of a text, indented by this many blanks; trailing newlines are removed. */
export function indent(text: string, columns: number): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => ' '.repeat(columns) + line)
    .join('\n');
}

export function jsonText(value: unknown): string {
  return `${printableJson(JSON.stringify(value, null, 2))}\n`;
}

/** An error as it is printed: a JSON object, or lines with `Error:` and `Hint:`. */
export function errorText(error: unknown, json: boolean): string {
  const { hint, code } = asUserError(error) ?? {};
  if (json)
    return jsonText({
      error: messageOf(error),
      ...(hint === undefined ? {} : { hint }),
      ...(code === undefined ? {} : { code }),
    });
  return `Error: ${printable(messageOf(error))}\n${hint === undefined ? '' : `Hint: ${printable(hint)}\n`}`;
}

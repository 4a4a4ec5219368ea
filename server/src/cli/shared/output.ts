import { UserError, messageOf } from '../../base/errors';

/** How a command line prints: where to, and whether in colour. */
export interface Terminal {
  write(text: string): void;
  writeError(text: string): void;
  colour: boolean;
}

/** Colour only for a person's terminal, and never against their wish (https://no-color.org). */
export function wantsColour(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): boolean {
  return stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}

export function processTerminal(): Terminal {
  // A reader that went away (`bd list | head -1`) is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return {
    write: (text) => void process.stdout.write(text),
    writeError: (text) => void process.stderr.write(text),
    colour: wantsColour(process.stdout),
  };
}

const codes = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36 } as const;
export type Colour = keyof typeof codes;
export type Paint = (colour: Colour, text: string) => string;

export function painter(colour: boolean): Paint {
  return (name, text) => (colour ? `\u001b[${codes[name]}m${text}\u001b[0m` : text);
}

/** Text of beads in a terminal: control characters could move the cursor or retitle the window. */
export function printable(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (character) =>
    character === '\r' ? '' : '\ufffd',
  );
}

/** The same for what must stay on one line. */
export function oneLine(text: string): string {
  return printable(text.replace(/\s+/g, ' '));
}

export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** What goes to stderr for anything that was thrown: a JSON object, or `Error:` and `Hint:` lines. */
export function errorText(error: unknown, json: boolean): string {
  const hint = error instanceof UserError ? error.hint : undefined;
  const code = error instanceof UserError ? error.code : undefined;
  if (json)
    return jsonText({
      error: messageOf(error),
      ...(hint === undefined ? {} : { hint }),
      ...(code === undefined ? {} : { code }),
    });
  return `Error: ${printable(messageOf(error))}\n${hint === undefined ? '' : `Hint: ${printable(hint)}\n`}`;
}

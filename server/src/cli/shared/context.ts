import type { StartedLink } from '../../protocol/transport/commandClient';
import type { Invocation } from './command';
import { errorText, jsonText, painter, type Paint, type Terminal } from './output';

/** The parts of the process that a command line uses; tests provide their own. */
export interface ProcessContext {
  terminal: Terminal;
  cwd: string;
  env: NodeJS.ProcessEnv;
  readStdin(): string;
  /** A line that the user types; all of standard input if this is missing. */
  readLine?(): string;
}

/** Options that every command has. */
export interface OutputOptions {
  json?: boolean;
  quiet?: boolean;
}

/** Output of every command. */
export class CommandContext {
  /** Exit code of a command that ends without an error: not 0 if it failed in part, or ran a script. */
  exitCode = 0;

  /** @param started a connection to the server that may be usable */
  constructor(
    readonly process: ProcessContext,
    protected readonly started?: StartedLink,
  ) {}

  get terminal(): Terminal {
    return this.process.terminal;
  }

  get paint(): Paint {
    return painter(this.terminal.colour);
  }

  /** Prints JSON if `--json` is given, else the lines for people. */
  print(invocation: Invocation, value: unknown, lines: () => string | readonly string[]): void {
    const options: OutputOptions = invocation.options;
    if (options.json) this.terminal.write(jsonText(value));
    else if (!options.quiet)
      this.terminal.write(
        [lines()]
          .flat()
          .map((line) => `${line}\n`)
          .join(''),
      );
  }

  /** Prints an error that does not end the command. */
  printError(invocation: Invocation, error: unknown): void {
    this.terminal.writeError(errorText(error, (invocation.options as OutputOptions).json ?? false));
  }

  /** Prints a note for people, on standard error. */
  note(text: string): void {
    this.terminal.writeError(`${text}\n`);
  }
}

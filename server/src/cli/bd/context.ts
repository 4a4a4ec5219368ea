import type { Command } from 'commander';
import { errorText, jsonText, painter, type Paint, type Terminal } from '../shared/output';
import { openBackend, type Backend } from './backend';

export interface GlobalOptions {
  json?: boolean;
  actor?: string;
  db?: string;
  quiet?: boolean;
}

/** The process around the program; tests bring their own. */
export interface Surroundings {
  terminal: Terminal;
  cwd: string;
  env: NodeJS.ProcessEnv;
  readStdin(): string;
}

/** What every command uses: a way to the ledger and a way to print. */
export class BdContext {
  /** Set where a command failed in part: it went on, but the shell must know. */
  failed = false;

  constructor(readonly surroundings: Surroundings) {}

  get terminal(): Terminal {
    return this.surroundings.terminal;
  }

  paint(): Paint {
    return painter(this.terminal.colour);
  }

  /** Opens the ledger for one command and closes it afterwards, whatever happens. */
  async run(command: Command, work: (backend: Backend) => Promise<void>): Promise<void> {
    const options = command.optsWithGlobals<GlobalOptions>();
    const { cwd, env } = this.surroundings;
    const backend = await openBackend({
      cwd,
      env,
      actor: options.actor,
      db: options.db,
      warn: (text) => this.terminal.writeError(text),
    });
    try {
      await work(backend);
    } finally {
      await backend.close();
    }
  }

  /** JSON where asked for, else the lines for people. */
  print(command: Command, value: unknown, lines: () => string[]): void {
    const options = command.optsWithGlobals<GlobalOptions>();
    if (options.json) this.terminal.write(jsonText(value));
    else if (!options.quiet) for (const line of lines()) this.terminal.write(`${line}\n`);
  }

  /** An error that does not end the command. */
  complain(command: Command, error: unknown): void {
    this.terminal.writeError(errorText(error, command.optsWithGlobals<GlobalOptions>().json ?? false));
  }

  note(text: string): void {
    this.terminal.writeError(`${text}\n`);
  }
}

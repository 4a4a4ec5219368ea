import fs from 'node:fs';
import { startLink, type StartedLink } from '../../protocol/transport/commandClient';
import type { ServerPlace } from '../../protocol/transport/serverPlace';
import type { ProcessContext } from './context';
import { ProcessTerminal } from './output';

/** One of the two command lines: the parts that are needed before it is loaded. */
export interface Main {
  /** Commands that do not call a server, or call it in a special way. */
  offline: readonly string[];
  /** The server that the command will call, as far as it is known without parsing. May throw. */
  serverOf: (process: ProcessContext, words: readonly string[]) => ServerPlace | undefined;
  load: () => Promise<(words: readonly string[], process: ProcessContext, started?: StartedLink) => Promise<number>>;
}

/** Time limit for reading the output after the end of the command. */
const FLUSH_MS = 30_000;

/**
 * Runs a command line as a process. It starts to connect to the server before it loads and parses, which takes about as
 * long as the server's answer.
 */
export async function runMain({ offline, serverOf, load }: Main): Promise<void> {
  const words = process.argv.slice(2);
  const terminal = new ProcessTerminal();
  const context: ProcessContext = {
    terminal,
    cwd: process.cwd(),
    env: process.env,
    readStdin: () => fs.readFileSync(0, 'utf8'),
    readLine,
  };
  const started = needsServer(words, offline) ? await startAhead(() => serverOf(context, words)) : undefined;
  await started?.link.started;
  const run = await load();
  process.exitCode = await run(words, context, started);
  // Exits without draining the event loop or closing the connection: the operating system cleans up faster.
  if (terminal.isFlushed) process.exit();
  started?.link.close();
  // Wait only for a slow reader of the output, for nothing else.
  setTimeout(() => process.exit(), FLUSH_MS).unref();
}

/** The next line of standard input; empty at its end. */
function readLine(): string {
  const byte = Buffer.alloc(1);
  const bytes: number[] = [];
  while (fs.readSync(0, byte) === 1 && byte[0] !== 10) bytes.push(byte[0]!);
  return Buffer.from(bytes).toString('utf8');
}

/**
 * Whether the command needs the default server: false if it needs none, or names a town or ledger that only the parser
 * understands.
 */
function needsServer(words: readonly string[], offline: readonly string[]): boolean {
  const command = words.find((word) => !word.startsWith('-'));
  if (command === undefined || command === 'help' || command === '__complete' || offline.includes(command))
    return false;
  return !words.some((word) => /^(?:-h|--help|--town|--db|-C|--directory)(?:=|$)/.test(word));
}

async function startAhead(serverOf: () => ServerPlace | undefined): Promise<StartedLink | undefined> {
  try {
    const place = serverOf();
    return place && (await startLink(place));
  } catch {
    return undefined; // the command finds the same error and reports it
  }
}

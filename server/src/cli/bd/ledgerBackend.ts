import fs from 'node:fs';
import path from 'node:path';
import { UserError, messageOf } from '../../base/errors';
import { readTextIfPresent } from '../../base/safeFiles';
import { makePrivateFolder } from '../../base/safeFolders';
import { LedgerWarnings } from '../../protocol/ledgerServer';
import { CommandClient, type StartedLink } from '../../protocol/transport/commandClient';
import { readEndpoint } from '../../protocol/transport/endpointFile';
import type { ServerPlace } from '../../protocol/transport/serverPlace';
import type { Backend } from './localBackend';

/** How long a command waits for the server of a ledger to start: loading a large ledger takes a while. */
const START_MS = 60_000;
const FALSE = /^(?:0|f|false|n|no|off)$/i;

/**
 * Whether a server may be started here: only for a ledger of this user, by an existing program, in a folder of theirs.
 */
export function canStartServer(place: ServerPlace, env: NodeJS.ProcessEnv): boolean {
  if (readEndpoint(place.endpointFile)) return true; // it was started before, or is being replaced
  if (FALSE.test(env.BEADS_AUTO_START_DAEMON ?? '') || FALSE.test(env.BD_AUTO_START_DAEMON ?? '')) return false;
  try {
    const stat = fs.statSync(place.root);
    if (process.getuid && stat.uid !== process.getuid()) return false;
    fs.accessSync(place.root, fs.constants.W_OK);
    if (!fs.existsSync(path.join(__dirname, 'server.js')) || isOffInSettings(place.root)) return false;
    makePrivateFolder(path.dirname(place.endpointFile));
    return true;
  } catch {
    return false; // the ledger, or the user's cache, is read-only
  }
}

/** `no-daemon: true` or `auto-start-daemon: false`, as in the Go `bd`. */
function isOffInSettings(directory: string): boolean {
  const text = readTextIfPresent(path.join(directory, 'config.yaml')) ?? '';
  return /^no-daemon:\s*["']?true\b/m.test(text) || /^auto-start-daemon:\s*["']?false\b/m.test(text);
}

export interface LedgerServerOptions {
  place: ServerPlace;
  actor: () => Promise<string>;
  cwd: string;
  started: StartedLink | undefined;
  warn: (text: string) => void;
}

/** Requests of one command to the server of a ledger, which is started by the first one if none runs. */
export class LedgerServerBackend implements Backend {
  private readonly client: CommandClient;
  private warned: Promise<void> | undefined;

  readonly place: ServerPlace;

  constructor(private readonly options: LedgerServerOptions) {
    const { place, actor, cwd, started } = options;
    this.place = place;
    this.client = new CommandClient(place, async () => ({ kind: 'cli', cwd, actor: await actor() }), {
      ...(started ? { started } : {}),
      startTimeoutMs: START_MS,
    });
  }

  /** Starts the server if none runs. @throws UserError `unavailable` if none can be started */
  connect(): Promise<void> {
    return this.client.connect();
  }

  call: Backend['call'] = async (spec, params) => {
    const answer = this.client.call(spec, params);
    this.warned ??= this.client.call(LedgerWarnings.spec, {}).then((texts) => {
      for (const text of texts) this.options.warn(`Warning: ${text}\n`);
    });
    const [asked] = await Promise.allSettled([this.warned, answer]);
    const result = await answer; // problems of both kinds of backends are reported by the request itself
    if (asked.status === 'rejected')
      this.options.warn(`Warning: whether the ledger is damaged is not known: ${messageOf(asked.reason)}\n`);
    return result;
  };

  async close(): Promise<void> {
    this.client.close();
  }
}

/** The warning if no server could be started, and the command continues without one. */
export function startWarning(error: unknown): string {
  const hint = error instanceof UserError && error.hint ? `\nHint: ${error.hint}` : '';
  return `Warning: this command works without a server, which did not start: ${messageOf(error)}${hint}\n`;
}

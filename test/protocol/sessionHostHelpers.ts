import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { identify, isAlive } from '../../server/src/base/process';
import { readEndpoint, hostEndpointFile } from '../../server/src/protocol/transport/index';
import { SessionHostClient, type SessionExitEvent } from '../../server/src/sessions/hostClient';
import { LocalProvider } from '../../server/src/sessions/providers/local/localProvider';
import type { HostConnectOptions } from '../../server/src/sessions/providers/local/openHost';
import type { SessionProvider } from '../../server/src/sessions/providers/provider';
import { StdioProvider } from '../helpers/stdioProvider';

export const sessionHostJs = path.resolve(__dirname, '../../../dist/sessionHost.js');

const providerKinds = ['local', 'stdio'] as const;
export type ProviderKind = (typeof providerKinds)[number];

/** The same tests for each way to a session host. */
export function withEachProvider(title: string, body: (this: Mocha.Suite, kind: ProviderKind) => void): void {
  for (const kind of providerKinds)
    describe(`${title} (${kind})`, function () {
      body.call(this, kind);
    });
}

/** A town folder with clients of its session host; everything ends with `close`. */
export class HostFixture {
  readonly root = fs.mkdtempSync(path.join(os.tmpdir(), 'gastown-test-'));
  readonly clients: SessionHostClient[] = [];
  readonly pids: number[] = [];

  constructor(private readonly kind: ProviderKind = 'local') {}

  provider(options: HostConnectOptions = {}): SessionProvider {
    if (this.kind === 'local') return new LocalProvider(this.root, { sessionHostJs, ...options });
    return new StdioProvider(this.root, sessionHostJs);
  }

  async connect(options: HostConnectOptions = {}): Promise<SessionHostClient> {
    const client = await SessionHostClient.connect(this.provider(options));
    this.clients.push(client);
    return client;
  }

  get hostPid(): number {
    const pid = readEndpoint(hostEndpointFile(this.root))?.pid;
    assert.ok(pid, 'the host runs');
    return pid;
  }

  async close(): Promise<void> {
    const pid = readEndpoint(hostEndpointFile(this.root))?.pid;
    for (const client of this.clients) client.dispose();
    if (pid) {
      for (const target of [pid]) kill(target);
      await until(() => !isAlive(identify(pid)), 'the host ends');
    }
    for (const one of this.pids) kill(-one);
    fs.rmSync(this.root, { recursive: true, force: true, maxRetries: 5 });
  }
}

function kill(target: number): void {
  try {
    process.kill(target, 'SIGKILL');
  } catch {
    /* it is gone */
  }
}

export const environment: Record<string, string> = {
  PATH: process.env.PATH ?? '/usr/bin:/bin',
  HOME: os.tmpdir(),
  LANG: 'C.UTF-8',
  PS1: '$ ',
};

export async function startShell(
  client: SessionHostClient,
  root: string,
  id: string,
  script: string,
  more: { cols?: number; rows?: number } = {},
) {
  return client.start({
    id,
    command: 'sh',
    args: ['-c', script],
    cwd: root,
    env: environment,
    cols: 80,
    rows: 24,
    ...more,
  });
}

export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 40_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, `waited in vain: ${what}`);
    await new Promise((done) => setTimeout(done, 15));
  }
}

/** What a session printed to this client so far, and how it ended. */
export function watch(client: SessionHostClient, id: string) {
  const seen = { text: '', sequences: [] as number[], exit: undefined as SessionExitEvent | undefined };
  client.onOutput((output) => {
    if (output.id !== id) return;
    seen.text += output.data;
    seen.sequences.push(output.sequence);
  });
  client.onExit((exit) => {
    if (exit.id === id) seen.exit = exit;
  });
  return seen;
}

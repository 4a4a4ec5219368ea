// Starts VS Code's server on this machine and ends it together with everything in its process group.
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { STARTUP_MS } from './limits';
import type { VsCodeServer } from './vscodeServer';
import { runCommand } from './commands';

export interface ServerOptions {
  server: VsCodeServer;
  dataDir: string;
  env: NodeJS.ProcessEnv;
  /** Obey the test payload in the page's address. It also hides notifications in newer builds. */
  forTests: boolean;
  /** Leaves workspace trust on; otherwise every folder is trusted. */
  asksForTrust?: boolean;
  settings?: Record<string, unknown>;
}

export interface RunningServer {
  /** For example http://127.0.0.1:41234 */
  origin: string;
  authority: string;
  logFile: string;
  dispose(): Promise<void>;
}

/** No network, no animations, no questions during a test. */
const quietSettings: Record<string, unknown> = {
  'chat.disableAIFeatures': true,
  'workbench.startupEditor': 'none',
  // Newer ones show a second sidebar, empty where there is no chat.
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  'workbench.settings.enableNaturalLanguageSearch': false,
  'security.workspace.trust.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'update.mode': 'none',
  'window.menuBarVisibility': 'compact',
  'git.openRepositoryInParentFolders': 'never',
  'git.autofetch': false,
  'terminal.integrated.enablePersistentSessions': true,
  // Rows of text, which a test can read, instead of a canvas.
  'terminal.integrated.gpuAcceleration': 'off',
};

const baseArgs = ['--accept-server-license-terms', '--disable-telemetry'];
/** No marketplace: a test must not depend on one. */
const noGallery = '{}';

export function writeMachineSettings(dataDir: string, settings: Record<string, unknown> = {}): void {
  const dir = path.join(dataDir, 'data', 'Machine');
  mkdirSync(dir, { recursive: true });
  writeFileSync(path.join(dir, 'settings.json'), JSON.stringify({ ...quietSettings, ...settings }, null, 2));
}

/** Installs a packaged extension where the server with this data folder finds it. */
export async function installVsix(
  server: VsCodeServer,
  dataDir: string,
  vsix: string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const args = [
    server.serverMain,
    '--server-data-dir',
    dataDir,
    ...baseArgs,
    '--install-extension',
    path.resolve(vsix),
    '--force',
  ];
  const output = await runCommand(server.node, args, { env });
  if (!output.includes('successfully installed')) throw new Error(`VS Code did not install ${vsix}:\n${output}`);
}

export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { server, dataDir, env } = options;
  writeMachineSettings(dataDir, options.settings);
  const logFile = path.join(dataDir, 'server.log');
  const child = spawn(
    server.node,
    [
      server.serverMain,
      '--host',
      '127.0.0.1',
      '--port',
      '0',
      '--without-connection-token',
      ...baseArgs,
      ...(options.asksForTrust ? [] : ['--disable-workspace-trust']),
      '--server-data-dir',
      dataDir,
      ...(options.forTests ? server.testFlags : []),
    ],
    { env: { ...env, EXTENSIONS_GALLERY: noGallery }, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  ); // detached: a process group of its own
  const log = createWriteStream(logFile);
  let output = '';
  const origin = new Promise<string>((resolve, reject) => {
    const onChunk = (chunk: Buffer) => {
      log.write(chunk);
      if (output.length > 100_000) return;
      output += chunk.toString();
      const port = /Web UI available at https?:\/\/[^\s/]*?:(\d+)/.exec(output)?.[1];
      if (port) resolve(`http://127.0.0.1:${port}`);
    };
    child.stdout.on('data', onChunk);
    child.stderr.on('data', onChunk);
    child.once('error', (error) => reject(new Error(`VS Code's server could not be started: ${error.message}`)));
    child.once('exit', (code) =>
      reject(new Error(`VS Code's server ended with code ${code} before it was ready:\n${output}`)),
    );
    setTimeout(
      () => reject(new Error(`VS Code's server was not ready after ${STARTUP_MS / 1000} s:\n${output}`)),
      STARTUP_MS,
    ).unref();
  });
  const signalGroup = (signal: NodeJS.Signals) => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, signal);
    } catch {
      // every process of the group has ended
    }
  };
  const onExit = () => signalGroup('SIGKILL');
  process.on('exit', onExit);
  const dispose = async () => {
    process.off('exit', onExit);
    const ended =
      child.exitCode !== null || child.signalCode !== null
        ? Promise.resolve()
        : new Promise<void>((resolve) => child.once('exit', () => resolve()));
    signalGroup('SIGTERM');
    await Promise.race([ended, sleep(3_000, undefined, { ref: false })]);
    signalGroup('SIGKILL'); // extension and terminal hosts that did not follow
    log.end();
  };
  try {
    const ready = await origin;
    return { origin: ready, authority: new URL(ready).host, logFile, dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

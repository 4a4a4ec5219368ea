// Fetches VS Code's own server. The npm package code-server carries it whole in lib/vscode; only that part is
// set up (code-server's login server, which wraps it, is not needed).
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ensurePrograms, npmEnv, runCommand, unpackNpmPackage } from './commands';
import { installOnce } from './cache';
import type { Log } from './cache';

interface Lane {
  /** Version of VS Code in it, for names of pictures. */
  vscode: string;
  codeServer: string;
  node: string;
  /** Modules that VS Code's server loads and that have no prebuilt binary. */
  nativeModules: readonly string[];
  /** Newer builds obey the test payload in the page's address only when started with this flag. */
  testFlags: readonly string[];
  /** VS Code 1.100 still looks for its modules under the name of the archive that the desktop build has. */
  asarLink: boolean;
}

/** `floor` is the oldest VS Code that package.json's engines allow, `newest` the one of the newest code-server. */
const lanes = {
  floor: {
    vscode: '1.100',
    codeServer: '4.100.3',
    node: '20.20.2',
    nativeModules: ['node-pty', '@vscode/spdlog', 'native-watchdog'],
    testFlags: [],
    asarLink: true,
  },
  newest: {
    vscode: '1.139',
    codeServer: '4.139.1',
    node: '24.20.0',
    nativeModules: ['node-pty', '@vscode/spdlog', '@vscode/native-watchdog', '@vscode/sqlite3', '@vscode/fs-copyfile'],
    testFlags: ['--enable-smoke-test-driver'],
    asarLink: false,
  },
} satisfies Record<string, Lane>;

export type LaneName = keyof typeof lanes;

export interface VsCodeServer {
  lane: LaneName;
  node: string;
  serverMain: string;
  testFlags: readonly string[];
}

type Wanted = LaneName | 'both' | undefined;

/** The value of GASTOWN_VSCODE; undefined leaves the choice to the tests. */
function wantedLane(): Wanted {
  const wanted = process.env['GASTOWN_VSCODE'] || undefined;
  if (wanted === undefined || wanted === 'both' || wanted in lanes) return wanted as Wanted;
  throw new Error(`GASTOWN_VSCODE is "${wanted}"; it may be ${Object.keys(lanes).join(', ')}, both or electron.`);
}

/** The VS Code of tests that run in only one. */
export function selectedLane(): LaneName {
  const wanted = wantedLane();
  return wanted === undefined || wanted === 'both' ? 'floor' : wanted;
}

/** Everything runs in the oldest, the main stories in the newest too, unless GASTOWN_VSCODE says which. */
export function lanesOf(isMain: boolean): LaneName[] {
  const wanted = wantedLane();
  if (wanted === 'both' || (wanted === undefined && isMain)) return ['floor', 'newest'];
  return [wanted ?? 'floor'];
}

export function vscodeVersion(lane: LaneName): string {
  return lanes[lane].vscode;
}

export async function fetchVsCodeServer(log: Log, laneName: LaneName = selectedLane()): Promise<VsCodeServer> {
  const lane: Lane = lanes[laneName];
  const platform = `${process.platform}-${process.arch}`;
  if (process.platform !== 'linux') {
    throw new Error(
      "These tests set VS Code's server up on Linux only: install VS Code and set VSCODE_EXECUTABLE_PATH.",
    );
  }
  await ensurePrograms('unpacking npm packages', [{ program: 'tar', debianPackages: ['tar', 'gzip'] }], log);
  const nodeHome = await installOnce(`node-${platform}-${lane.node}`, log, (dir) =>
    unpackNpmPackage(`node-${platform}@${lane.node}`, dir),
  );
  const home = await installOnce(`code-server-${lane.codeServer}-${platform}`, log, (dir) =>
    installServer(dir, lane, nodeHome, log),
  );
  return {
    lane: laneName,
    node: path.join(nodeHome, 'bin', 'node'),
    serverMain: path.join(home, 'lib', 'vscode', 'out', 'server-main.js'),
    testFlags: lane.testFlags,
  };
}

async function installServer(dir: string, lane: Lane, nodeHome: string, log: Log): Promise<void> {
  await ensurePrograms(
    "building VS Code's native modules",
    [
      { program: 'python3', debianPackages: ['python3'] },
      { program: 'make', debianPackages: ['make'] },
      { program: 'g++', debianPackages: ['g++'] },
    ],
    log,
  );
  await unpackNpmPackage(`code-server@${lane.codeServer}`, dir);
  const vscode = path.join(dir, 'lib', 'vscode');
  const env = npmEnv({
    PATH: `${path.join(nodeHome, 'bin')}${path.delimiter}${process.env['PATH'] ?? ''}`,
    // The headers come with the Node.js package, so that node-gyp downloads nothing.
    npm_config_nodedir: nodeHome,
    JOBS: '2',
  });
  const npm = (folder: string, ...args: string[]) =>
    runCommand('npm', ['--prefix', folder, ...args], { cwd: folder, env });
  // Install scripts stay off: some download binaries from elsewhere, and most build what a test never loads.
  const quiet = ['--no-audit', '--no-fund', '--omit=dev', '--ignore-scripts'];
  await npm(vscode, 'install', ...quiet);
  await npm(path.join(vscode, 'extensions'), 'install', ...quiet);
  for (const name of lane.nativeModules) dropPostinstall(path.join(vscode, 'node_modules', name));
  await npm(vscode, 'rebuild', '--ignore-scripts=false', ...lane.nativeModules);
  await addRipgrep(vscode, dir);
  if (lane.asarLink) symlinkSync('node_modules', path.join(vscode, 'node_modules.asar'));
}

/** node-pty's postinstall only tidies up, by a program that it downloads; without it the built module is the same. */
function dropPostinstall(moduleDir: string): void {
  const file = path.join(moduleDir, 'package.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as { scripts?: Record<string, string> };
  if (!manifest.scripts?.['postinstall']) return;
  delete manifest.scripts['postinstall'];
  writeFileSync(file, JSON.stringify(manifest, null, 2));
}

/** Search and findFiles run ripgrep, which the old package downloads at install; the newer one ships it on npm. */
async function addRipgrep(vscode: string, dir: string): Promise<void> {
  const module = path.join(vscode, 'node_modules', '@vscode', 'ripgrep');
  if (!existsSync(module)) return;
  const unpacked = path.join(dir, 'ripgrep');
  mkdirSync(unpacked);
  await unpackNpmPackage(`@vscode/ripgrep-${process.platform}-${process.arch}@1.18.0`, unpacked);
  const program = path.join(module, 'bin', 'rg');
  mkdirSync(path.dirname(program), { recursive: true });
  copyFileSync(path.join(unpacked, 'bin', 'rg'), program);
  chmodSync(program, 0o755);
}

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execFileSync } from 'node:child_process';

/** Of the whole process: each test file has a copy of this module, and one listener for all is enough. */
const made = foldersOfProcess();

/** A new folder that goes with the test process. Its name has a space: paths with spaces must always work. */
export function tempDir(name = 'gt'): string {
  const directory = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), `${name} `)));
  made.push(directory);
  return directory;
}

function foldersOfProcess(): string[] {
  const shared = globalThis as { gastownTestFolders?: string[] };
  if (shared.gastownTestFolders) return shared.gastownTestFolders;
  const folders: string[] = [];
  shared.gastownTestFolders = folders;
  process.on('exit', () => {
    for (const directory of folders) {
      try {
        fs.rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
      } catch {
        // Somebody is still writing in it; the system's own clean-up takes it.
      }
    }
  });
  return folders;
}

/** Runs git as the test's person. */
export function sh(directory: string, command: string, ...args: string[]): string {
  return execFileSync(command, args, {
    cwd: directory,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      GIT_AUTHOR_NAME: 'Ann',
      GIT_AUTHOR_EMAIL: 'ann@example.org',
      GIT_COMMITTER_NAME: 'Ann',
      GIT_COMMITTER_EMAIL: 'ann@example.org',
    },
  }).trim();
}

/** A git repository with one commit of these files. */
export function makeRepository(
  files: Readonly<Record<string, string>>,
  branch = 'main',
  directory = path.join(tempDir('repo'), 'project'),
): string {
  fs.mkdirSync(directory, { recursive: true });
  sh(directory, 'git', 'init', '--quiet', `--initial-branch=${branch}`);
  commitFiles(directory, files, 'Begin');
  return directory;
}

export function commitFiles(directory: string, files: Readonly<Record<string, string>>, message: string): string {
  for (const [file, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(directory, file)), { recursive: true });
    fs.writeFileSync(path.join(directory, file), text);
  }
  sh(directory, 'git', 'add', '--all');
  sh(directory, 'git', 'commit', '--quiet', '--allow-empty', '-m', message);
  return sh(directory, 'git', 'rev-parse', 'HEAD');
}

/** As `scripts/mochaHooks.cjs` has it for whole tests: a limit is there to end a test that hangs. */
const PATIENCE = 3;

export async function waitUntil(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 20_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs * PATIENCE;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`timed out waiting until ${what}`);
    await new Promise((done) => setTimeout(done, 25));
  }
}

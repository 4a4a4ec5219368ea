// Runs the outside programs that set a machine up for the tests: npm, tar, apt-get.
import { spawn } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import path from 'node:path';
import type { Log } from './cache';

export interface CommandOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

/** Runs a program and returns its stdout; a failure carries the end of everything that it printed. */
export function runCommand(file: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let everything = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      everything += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      everything += chunk.toString();
    });
    child.on('error', (error) => reject(new Error(`${file} could not be started: ${error.message}`)));
    child.on('close', (code, signal) => {
      if (code === 0) return resolve(stdout);
      const end = everything.trimEnd().split('\n').slice(-40).join('\n');
      reject(new Error(`${file} ${args.join(' ')} ended with ${signal ?? `exit code ${code}`}:\n${end}`));
    });
  });
}

/** The full path of a program on PATH, or undefined. */
export function findProgram(name: string): string | undefined {
  if (path.isAbsolute(name)) return existsSync(name) ? name : undefined;
  for (const dir of (process.env['PATH'] ?? '').split(path.delimiter)) {
    const candidate = path.join(dir, name);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // not here
    }
  }
  return undefined;
}

export interface Requirement {
  program: string;
  debianPackages: readonly string[];
}

/** Installs the Debian packages of the programs that are missing; says what to install where it may not. */
export async function ensurePrograms(purpose: string, requirements: readonly Requirement[], log: Log): Promise<void> {
  const missing = requirements.filter(({ program }) => !findProgram(program));
  if (missing.length === 0) return;
  const packages = missing.flatMap(({ debianPackages }) => debianPackages);
  const names = missing.map(({ program }) => program).join(', ');
  if (process.getuid?.() !== 0 || !findProgram('apt-get')) {
    throw new Error(
      `${purpose} needs ${names}. Install it first (on Debian or Ubuntu: apt-get install ${packages.join(' ')}).`,
    );
  }
  log(`apt-get install ${packages.join(' ')} (${purpose} needs ${names}) …`);
  const started = Date.now();
  await updatePackageLists();
  await aptGet(['install', '-y', '--no-install-recommends', ...packages]);
  const still = missing.filter(({ program }) => !findProgram(program));
  if (still.length > 0)
    throw new Error(
      `apt-get installed ${packages.join(' ')} but ${still.map((r) => r.program).join(', ')} is still missing.`,
    );
  log(`installed ${packages.join(' ')} in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

let listsUpdated: Promise<unknown> | undefined;

function updatePackageLists(): Promise<unknown> {
  return (listsUpdated ??= aptGet(['update']));
}

function aptGet(args: readonly string[]): Promise<string> {
  // Another run may be installing at this moment: wait for dpkg's lock rather than fail.
  return runCommand('apt-get', ['-o', 'DPkg::Lock::Timeout=600', ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
}

/** Downloads a package from the npm registry and unpacks it into `dir`, without its dependencies or scripts. */
export async function unpackNpmPackage(spec: string, dir: string): Promise<void> {
  const env = npmEnv();
  const output = await runCommand('npm', ['pack', '--silent', '--pack-destination', dir, spec], { cwd: dir, env });
  const tarball = output.trim().split('\n').at(-1);
  if (!tarball?.endsWith('.tgz')) throw new Error(`npm pack ${spec} printed no file name: ${output}`);
  const file = path.join(dir, tarball);
  await runCommand('tar', ['-xzf', file, '--strip-components=1', '--no-same-owner', '-C', dir]);
  await runCommand('rm', ['-f', file]);
}

/**
 * The environment for a nested npm. Under `npm test` the outer npm exports where the project is and what to omit;
 * that would send the nested one to the wrong folder. The user's own settings (registry, proxy) stay.
 */
export function npmEnv(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  const projectOnly =
    /^npm_(package_|lifecycle_|command$|config_(local_prefix|prefix|global|omit|include|ignore_scripts|workspace))/i;
  for (const [key, value] of Object.entries(process.env)) {
    if (!projectOnly.test(key)) env[key] = value;
  }
  delete env['INIT_CWD'];
  delete env['NODE_OPTIONS'];
  return { ...env, ...extra };
}

import { execFile, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { isAlive } from '../../server/src/base/process';
import type { TownSnapshot } from '../../server/src/protocol/town';
import { describeStuck } from './stuck';
import { makeRepository, tempDir, waitUntil } from './temp';

const dist = path.resolve('dist');
/** No command of a test works for so long. */
const COMMAND_MS = 50_000;

export interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  input?: string;
  /** Folder of the bundles, where they are not those of this build. */
  dist?: string;
}

export interface CliResult {
  stdout: string;
  stderr: string;
  code: number;
}

/** A person with a home of their own: nothing of the machine's user reaches the test, and nothing of the test the user. */
export class Person {
  readonly home = tempDir('home');
  readonly env: NodeJS.ProcessEnv;

  /** @param uid the user that runs its commands, where the tests run as root: permissions do not stop root */
  constructor(
    extra: NodeJS.ProcessEnv = {},
    readonly uid?: number,
  ) {
    const runtime = path.join(this.home, 'run');
    fs.mkdirSync(runtime, { mode: 0o700 });
    fs.writeFileSync(path.join(this.home, '.gitconfig'), '[user]\n\tname = Ann\n\temail = ann@example.org\n');
    this.env = {
      PATH: process.env.PATH,
      HOME: this.home,
      SHELL: '/bin/sh',
      USER: 'ann',
      LANG: 'C.UTF-8',
      TMPDIR: process.env.TMPDIR,
      XDG_CONFIG_HOME: path.join(this.home, '.config'),
      XDG_RUNTIME_DIR: runtime,
      BEADS_NO_DAEMON: '1',
      ...extra,
    };
    this.own();
  }

  /** Gives the person all that was made in the home by the test itself. */
  own(): void {
    if (this.uid !== undefined) execFileSync('chown', ['-R', `${this.uid}:${this.uid}`, this.home]);
  }

  private get identity(): { uid?: number; gid?: number } {
    return this.uid === undefined ? {} : { uid: this.uid, gid: this.uid };
  }

  run(program: 'gt' | 'bd', args: readonly string[], options: RunOptions = {}): Promise<CliResult> {
    return new Promise((resolve, reject) => {
      let stuck: Promise<string> | undefined;
      const child = execFile(
        process.execPath,
        [path.join(options.dist ?? dist, `${program}.js`), ...args],
        { cwd: options.cwd ?? this.home, env: { ...this.env, ...options.env }, maxBuffer: 1 << 26, ...this.identity },
        (error, stdout, stderr) => {
          clearTimeout(timer);
          if (!stuck)
            return resolve({ stdout, stderr, code: error ? (typeof error.code === 'number' ? error.code : 1) : 0 });
          void stuck.then((seen) =>
            reject(
              new Error(
                `${program} ${args.join(' ')} did not end within ${COMMAND_MS / 1000} s\n${stdout}${stderr}\n${seen}`,
              ),
            ),
          );
        },
      );
      // A command that hangs says what hangs, instead of a test that says nothing.
      const timer = setTimeout(() => {
        stuck = describeStuck(this.home);
        void stuck.then(() => child.kill('SIGKILL'));
      }, COMMAND_MS);
      child.stdin?.on('error', () => undefined); // a command that reads nothing may have ended already
      child.stdin?.end(options.input ?? '');
    });
  }

  async ok(program: 'gt' | 'bd', args: readonly string[], options: RunOptions = {}): Promise<string> {
    const result = await this.run(program, args, options);
    if (result.code !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${result.stderr}${result.stdout}`);
    return result.stdout;
  }

  async json<T>(
    program: 'gt' | 'bd',
    args: readonly string[],
    options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
  ): Promise<T> {
    return JSON.parse(await this.ok(program, [...args, '--json'], options)) as T;
  }
}

/** A town of a person's, with one rig `toy`; its server and session host end with `dispose`. */
export class CliTown {
  private constructor(
    readonly person: Person,
    readonly root: string,
    readonly project: string,
  ) {}

  static async make(
    options: {
      files?: Record<string, string>;
      branch?: string;
      gates?: string[];
      maxWorkers?: number;
      settings?: object;
      person?: Person;
      project?: string;
    } = {},
  ): Promise<CliTown> {
    const person = options.person ?? new Person();
    const root = path.join(person.home, 'my town');
    const project =
      options.project ??
      makeRepository(
        options.files ?? { 'README.md': '# toy\n' },
        options.branch ?? 'main',
        path.join(person.home, 'toy project'),
      );
    await person.ok('gt', ['install', root]);
    const town = new CliTown(person, root, project);
    await town.gt('config', 'default-agent', 'script');
    await town.gt(
      'rig',
      'add',
      'toy',
      project,
      '--yes',
      '--max-workers',
      String(options.maxWorkers ?? 2),
      ...(options.gates ?? ['test=true']).flatMap((gate) => ['--gate', gate]),
    );
    if (options.settings) {
      const file = path.join(root, 'toy', 'settings', 'config.json');
      fs.writeFileSync(
        file,
        JSON.stringify({ ...(JSON.parse(fs.readFileSync(file, 'utf8')) as object), ...options.settings }),
      );
    }
    return town;
  }

  gt(...args: string[]): Promise<string> {
    return this.person.ok('gt', args, { cwd: this.root });
  }

  bd(...args: string[]): Promise<string> {
    return this.person.ok('bd', args, { cwd: path.join(this.root, 'toy') });
  }

  /** A bead of the rig whose description holds this script; gives its id. */
  async bead(title: string, script: string, ...needs: string[]): Promise<string> {
    const deps = needs.length > 0 ? ['--deps', needs.map((id) => `depends-on:${id}`).join(',')] : [];
    return (
      await this.bd(
        'create',
        `--title=${title}`,
        '--silent',
        '-d',
        `${title}\n\n\`\`\`sh\n${script}\n\`\`\`\n`,
        ...deps,
      )
    ).trim();
  }

  async snapshot(): Promise<TownSnapshot> {
    return this.person.json<TownSnapshot>('gt', ['status'], { cwd: this.root });
  }

  async convoyLands(id: string, timeoutMs = 90_000): Promise<void> {
    let last = '';
    try {
      await waitUntil(
        `convoy ${id} has landed`,
        async () => {
          const result = await this.person.run('gt', ['convoy', 'status', id, '--json'], { cwd: this.root });
          last = result.stdout + result.stderr;
          return result.code === 0 && (JSON.parse(result.stdout) as { status: string }).status === 'closed';
        },
        timeoutMs,
      );
    } catch (error) {
      throw new Error(`${String(error)}\n${last}\n${this.log()}`);
    }
  }

  /** The end of the server's log, and what the terminals of the agents showed last. */
  log(): string {
    return [this.tail('daemon/daemon.log', 4000), ...this.terminals()].join('\n');
  }

  private terminals(): string[] {
    const folder = path.join('.runtime', 'scrollback');
    const names = fs.existsSync(path.join(this.root, folder)) ? fs.readdirSync(path.join(this.root, folder)) : [];
    return names.map((name) => `── ${name}\n${this.tail(path.join(folder, name), 1000)}`);
  }

  private tail(file: string, length: number): string {
    try {
      return fs.readFileSync(path.join(this.root, file), 'utf8').slice(-length);
    } catch {
      return '';
    }
  }

  /** Process of the server or session host, from its endpoint file. */
  processOf(program: 'server' | 'host'): { pid: number; start: string } | undefined {
    try {
      const endpoint = JSON.parse(fs.readFileSync(path.join(this.root, '.runtime', `${program}.json`), 'utf8')) as {
        pid: number;
        start: string;
      };
      return isAlive(endpoint) ? endpoint : undefined;
    } catch {
      return undefined;
    }
  }

  /** Session leaders that live. */
  sessions(): { pid: number; start: string; bead: string }[] {
    const folder = path.join(this.root, '.runtime', 'sessions');
    if (!fs.existsSync(folder)) return [];
    return fs.readdirSync(folder).flatMap((file) => {
      try {
        const record = JSON.parse(fs.readFileSync(path.join(folder, file), 'utf8')) as {
          pid?: number;
          start?: string;
          bead: string;
          exit?: unknown;
        };
        return record.pid && record.start && !record.exit && isAlive({ pid: record.pid, start: record.start })
          ? [{ pid: record.pid, start: record.start, bead: record.bead }]
          : [];
      } catch {
        return [];
      }
    });
  }

  kill(program: 'server' | 'host'): boolean {
    const found = this.processOf(program);
    if (found) process.kill(found.pid, 'SIGKILL');
    return found !== undefined;
  }

  /** Ends exactly the processes of this town. */
  async dispose(): Promise<void> {
    try {
      await this.person.run('gt', ['stop', '--all'], { cwd: this.root });
      await this.person.run('gt', ['shutdown'], { cwd: this.root });
    } finally {
      this.killAll();
    }
  }

  private killAll(): void {
    for (const program of ['server', 'host'] as const) this.kill(program);
    for (const session of this.sessions()) {
      try {
        process.kill(-session.pid, 'SIGKILL');
      } catch {
        // It has just ended by itself.
      }
    }
  }
}

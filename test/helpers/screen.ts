import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { CliResult, Person } from './cliTown';

/** The commands in a text that a person reads, as they would be copied from it. */
export function commandsIn(text: string): string[] {
  return text.match(/\b(?:gt|bd|kill -9)(?: (?:"[^"\n]*"|'[^'\n]*'|\\.|[\w@/~]|[.:=-](?=\S))+)+/g) ?? [];
}

/** A shell of a person who has `gt` and `bd` on the PATH, and runs nothing but what the product says. */
export class Screen {
  private readonly bin: string;

  constructor(private readonly person: Person) {
    this.bin = path.join(person.home, 'bin');
    fs.mkdirSync(this.bin, { recursive: true });
    for (const program of ['gt', 'bd'])
      fs.writeFileSync(
        path.join(this.bin, program),
        `#!/bin/sh\nexec "${process.execPath}" "${path.resolve('dist', `${program}.js`)}" "$@"\n`,
        { mode: 0o755 },
      );
  }

  run(command: string, cwd: string): Promise<CliResult> {
    return new Promise((resolve) => {
      const env = { ...this.person.env, PATH: `${this.bin}:${this.person.env.PATH}` };
      const child = spawn('sh', ['-c', command], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
      const printed = { stdout: '', stderr: '' };
      for (const stream of ['stdout', 'stderr'] as const)
        child[stream].on('data', (chunk) => (printed[stream] += String(chunk)));
      child.once('close', (code) => resolve({ ...printed, code: code ?? 1 }));
    });
  }

  /** Runs a command that has to succeed. @returns what it printed */
  async ok(command: string, cwd: string): Promise<string> {
    const { code, stdout, stderr } = await this.run(command, cwd);
    if (code !== 0) throw new Error(`${command} failed: ${stderr}${stdout}`);
    return stdout;
  }

  /** Runs the one command that fits from a text, exactly as it stands there. */
  async follow(text: string, wanted: RegExp, cwd: string): Promise<string> {
    const found = commandsIn(text).filter((command) => wanted.test(command));
    if (found.length === 0) throw new Error(`no command ${String(wanted)} in: ${text}`);
    return this.ok(found[0]!, cwd);
  }

  /** Does what `gt attention` says, item by item, until nothing needs attention. @returns the commands that were run */
  async followAttention(cwd: string): Promise<string[]> {
    const done: string[] = [];
    for (;;) {
      const text = await this.ok('gt attention', cwd);
      if (/Nothing needs your attention/.test(text)) return done;
      const step = /→ (.+)/.exec(text)?.[1] ?? '';
      const [command] = commandsIn(step);
      if (command === undefined || done.includes(command))
        throw new Error(`the next step does not help: ${text}\nafter ${done.join('\n')}`);
      done.push(command);
      const { code, stdout, stderr } = await this.run(command, cwd);
      if (code === 0) continue;
      // What has to be read first, such as commands that are about to be accepted, is shown with the command that does it.
      const more = commandsIn(stdout + stderr).find((shown) => shown.startsWith(`${command.split(' ')[0]} `));
      if (more === undefined) throw new Error(`${command} failed: ${stdout}${stderr}`);
      done.push(more);
      await this.ok(more, cwd);
    }
  }
}

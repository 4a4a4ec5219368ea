import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { runBd } from '../../../server/src/cli/bd/program';
import { tempDir } from '../../helpers/temp';

/** `bd` in a folder with a ledger of its own, in this process. */
export class BdRunner {
  private constructor(readonly cwd: string) {}

  /** @param prefix of its ids */
  static async open(prefix = 'bd'): Promise<BdRunner> {
    const runner = BdRunner.without();
    assert.equal((await runner.run('init', '--prefix', prefix, '--quiet')).code, 0);
    return runner;
  }

  /** In a folder without a ledger. */
  static without(): BdRunner {
    const cwd = path.join(tempDir('bdRunner'), 'p');
    fs.mkdirSync(cwd);
    return new BdRunner(cwd);
  }

  /** In a folder that is there. */
  static at(cwd: string): BdRunner {
    return new BdRunner(cwd);
  }

  /** In a folder that is there, whose ledger it makes. */
  static async inFolder(cwd: string, prefix: string): Promise<BdRunner> {
    const runner = new BdRunner(cwd);
    assert.equal((await runner.run('init', '--prefix', prefix, '--quiet')).code, 0);
    return runner;
  }

  /** @param stdin what is typed; words of the command follow */
  async runWith(stdin: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
    let [out, err] = ['', ''];
    const env = { BD_ACTOR: 'ann', EDITOR: 'true', PATH: process.env.PATH };
    const terminal = {
      colour: false,
      write: (text: string) => void (out += text),
      writeError: (text: string) => void (err += text),
    };
    const code = await runBd(args, { terminal, cwd: this.cwd, env, readStdin: () => stdin });
    return { code, out, err };
  }

  run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    return this.runWith('', ...args);
  }

  async json<T>(...args: string[]): Promise<T> {
    const { code, out, err } = await this.run(...args, '--json');
    assert.equal(code, 0, err);
    return JSON.parse(out) as T;
  }

  async fails(message: RegExp, ...args: string[]): Promise<void> {
    const { code, err } = await this.run(...args);
    assert.equal(code, 1);
    assert.match(err, message);
  }

  /** @returns its id */
  async create(...args: string[]): Promise<string> {
    return (await this.run('create', ...args, '--silent')).out.trim();
  }
}

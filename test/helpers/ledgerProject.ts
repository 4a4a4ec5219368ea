import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { isAlive } from '../../server/src/base/process';
import type { Bead } from '../../server/src/protocol/bead';
import { readEndpoint, type Endpoint } from '../../server/src/protocol/transport/endpointFile';
import { ledgerPlace, type ServerPlace } from '../../server/src/protocol/transport/serverPlace';
import { Person, type CliResult } from './cliTown';
import { waitUntil } from './temp';

/** A ledger outside of every town whose commands use a server. Everything that it started ends with `dispose`. */
export class LedgerProject {
  private readonly servers = new Map<number, Endpoint>();
  readonly directory: string;
  readonly place: ServerPlace;

  private constructor(
    readonly person: Person,
    readonly folder: string,
  ) {
    this.directory = path.join(folder, '.beads');
    this.place = ledgerPlace(this.directory, person.env);
  }

  /** @param uid runs the commands, see `Person` */
  static async make(uid?: number, extra: NodeJS.ProcessEnv = {}): Promise<LedgerProject> {
    const person = new Person({ BEADS_NO_DAEMON: '', BD_ACTOR: 'ann', ...extra }, uid);
    const folder = path.join(person.home, 'my project');
    fs.mkdirSync(folder);
    person.own();
    await person.ok('bd', ['init', '--prefix', 't', '--quiet'], { cwd: folder });
    return new LedgerProject(person, folder);
  }

  async run(args: readonly string[], env: NodeJS.ProcessEnv = {}, input?: string): Promise<CliResult> {
    const result = await this.person.run('bd', args, { cwd: this.folder, env, ...(input ? { input } : {}) });
    this.server();
    return result;
  }

  async ok(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(args);
    assert.deepEqual([code, stderr], [0, ''], args.join(' '));
    return stdout;
  }

  async create(title: string): Promise<string> {
    return (await this.ok('create', title, '--silent')).trim();
  }

  async titles(...args: string[]): Promise<string[]> {
    const beads = JSON.parse(await this.ok('list', '--all', '-n', '0', '--json', ...args)) as Bead[];
    return beads.map(({ title }) => title).sort();
  }

  /** The server that runs; undefined without one. */
  server(): Endpoint | undefined {
    const endpoint = readEndpoint(this.place.endpointFile);
    if (!endpoint || !isAlive(endpoint)) return undefined;
    this.servers.set(endpoint.pid, endpoint);
    return endpoint;
  }

  requireServer(): Endpoint {
    const server = this.server();
    assert.ok(server, 'a server runs');
    return server;
  }

  /** What `issues.jsonl` holds. The server writes it soon after a change. */
  file(): string {
    return fs.readFileSync(path.join(this.directory, 'issues.jsonl'), 'utf8');
  }

  get log(): string {
    return fs.existsSync(this.place.logFile) ? fs.readFileSync(this.place.logFile, 'utf8') : '';
  }

  static async waitForEnd(server: Endpoint): Promise<void> {
    await waitUntil(`process ${server.pid} has ended`, () => !isAlive(server));
  }

  async dispose(): Promise<void> {
    this.server();
    for (const server of this.servers.values()) {
      if (isAlive(server)) process.kill(server.pid, 'SIGKILL');
      await LedgerProject.waitForEnd(server);
    }
  }
}

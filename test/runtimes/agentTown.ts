import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { SessionHostClient } from '../../server/src/sessions/hostClient';
import { LocalProvider } from '../../server/src/sessions/providers/local/localProvider';
import type { MergeRequestInfo } from '../../server/src/protocol/town';
import { FakeModel } from '../fakeModel/server';
import type { Script } from '../fakeModel/script';
import { agentPrograms, installAgent, type AgentProgram } from '../harness/agentPrograms';
import { drawScreen } from '../harness/screenPicture';
import { cacheRoot } from '../harness/cache';
import { CliTown, Person } from '../helpers/cliTown';
import { sh, waitUntil } from '../helpers/temp';
import { logins } from './logins';

const SCREENS = path.resolve('out', 'test-results', 'runtimes');

/** A person with one agent's program, logged in to a model of the test's, and their town. */
export class AgentTown {
  /** The one that was slung last. */
  bead = '';

  private constructor(
    readonly runtime: AgentProgram,
    readonly town: CliTown,
    readonly model: FakeModel,
  ) {}

  static async make(
    runtime: AgentProgram,
    scripts: readonly Script[],
    options: { gates?: string[]; loggedIn?: boolean } = {},
  ): Promise<AgentTown> {
    // Gemini reads our settings only from folders that nobody else may write to, on the whole way from the root.
    process.env.TMPDIR = path.join(cacheRoot(), 'tmp');
    fs.mkdirSync(process.env.TMPDIR, { recursive: true, mode: 0o700 });
    const bin = await installAgent(runtime, (line) => console.log(`      ${line}`));
    const model = await FakeModel.start(scripts);
    try {
      const person = new Person();
      // As people have it: their login shell says where their programs are, and which services they use.
      const variables = {
        ...(options.loggedIn === false ? {} : logins[runtime](person.home, model.url)),
        // Nothing but the model is reached, whatever a program would like to fetch.
        HTTP_PROXY: 'http://127.0.0.1:9',
        HTTPS_PROXY: 'http://127.0.0.1:9',
        NO_PROXY: '127.0.0.1,localhost',
      };
      const exports = Object.entries(variables)
        .map(([name, value]) => `export ${name}='${value}'\n`)
        .join('');
      fs.writeFileSync(
        path.join(person.home, '.profile'),
        `PATH="${bin}:${path.dirname(process.execPath)}:$PATH"\n${exports}`,
      );
      const town = await CliTown.make({ person, gates: options.gates });
      await town.gt('config', 'default-agent', runtime);
      return new AgentTown(runtime, town, model);
    } catch (error) {
      await model.dispose();
      throw error;
    }
  }

  /** A bead for the agent, slung; gives its convoy. A person accepts the runtime. */
  async sling(title: string, description: string): Promise<string> {
    this.bead = (await this.town.bd('create', `--title=${title}`, '--silent', '-d', description)).trim();
    const [slung] = await this.town.person.json<{ convoy: string }[]>('gt', ['sling', this.bead, 'toy'], {
      cwd: this.town.root,
    });
    await this.town.gt('up');
    await waitUntil('it is asked', async () =>
      (await this.town.snapshot()).attention.some((item) => item.consent?.kind === 'runtime'),
    );
    await this.town.gt('config', 'agent', 'accept', this.runtime, '--yes');
    return slung!.convoy;
  }

  /** Tokens that the model has written, as `gt costs` knows them. */
  async tokensOut(): Promise<number> {
    const { total } = JSON.parse(await this.town.gt('costs', '--json')) as { total: { tokens_out: number } };
    return total.tokens_out;
  }

  async waitsForReview(bead: string): Promise<void> {
    await this.explained(
      waitUntil(
        `${bead} waits for a person`,
        async () => {
          const queue = await this.town.person.json<MergeRequestInfo[]>('gt', ['mq', 'list'], { cwd: this.town.root });
          return queue.some((item) => item.bead === bead && item.needsPerson);
        },
        90_000,
      ),
    );
  }

  async lands(convoy: string): Promise<void> {
    await this.explained(this.town.convoyLands(convoy, 120_000));
  }

  async until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    await this.explained(waitUntil(what, condition, 90_000));
  }

  /** What failed, with all that the model was asked and what the agent shows. */
  private async explained(wait: Promise<void>): Promise<void> {
    try {
      await wait;
    } catch (error) {
      const asked = this.model.requests.map(
        ({ path: at, reply }) => `${at} → ${reply.kind === 'text' ? reply.text : reply.id}`,
      );
      throw new Error(
        `${String(error)}\nmodel: ${asked.join('\n')}\nnot known: ${this.model.unknown.join(', ')}\nscreen:\n${await this.screen()}`,
      );
    }
  }

  private sessionHost(): Promise<SessionHostClient> {
    const sessionHostJs = path.resolve('dist', 'sessionHost.js');
    return SessionHostClient.connect(new LocalProvider(this.town.root, { sessionHostJs }));
  }

  /** The visible screen of the one session that lives. */
  async screen(): Promise<string> {
    const client = await this.sessionHost();
    try {
      const session = (await client.list()).at(-1);
      return session ? await client.screen(session.id) : '';
    } finally {
      client.dispose();
    }
  }

  /** Keeps the screen for people to look at, once it shows this. */
  async saveScreen(name: string, isIt: (screen: string) => boolean): Promise<string> {
    let screen = '';
    await this.explained(
      waitUntil(
        `its screen is that of ${name}`,
        async () => {
          screen = await this.screen();
          return isIt(screen);
        },
        60_000,
      ),
    );
    fs.mkdirSync(SCREENS, { recursive: true });
    fs.writeFileSync(
      path.join(SCREENS, `${this.runtime}-${name}.txt`),
      `${agentPrograms[this.runtime].spec}\n\n${screen}\n`,
    );
    await this.picture(path.join(SCREENS, `${this.runtime}-${name}.png`));
    return screen;
  }

  /** Of the session that lives, as a person sees it. */
  private async picture(file: string): Promise<void> {
    const client = await this.sessionHost();
    try {
      const session = (await client.list()).at(-1);
      if (session) await drawScreen(await client.attach(session.id), file, this.town.person.home);
    } finally {
      client.dispose();
    }
  }

  /** What the model was told by tools and hooks in all requests, by turn. */
  get told(): string[] {
    return this.model.requests.map((request) => request.text);
  }

  /** The session's record in the town says when it ended; its processes are known by their environment. */
  async nothingIsLeftRunning(): Promise<void> {
    await waitUntil('no process of the agent is left', () => this.processes().length === 0, 10_000).catch(
      (error: unknown) => assert.fail(`${String(error)}: ${JSON.stringify(this.processes())}`),
    );
  }

  /** What the person's own settings of the program hold. */
  personal(file: string): string {
    return fs.readFileSync(path.join(this.town.person.home, file), 'utf8');
  }

  /** Processes that were started in a session of this town, wherever they put themselves. */
  processes(): { pid: number; command: string }[] {
    return fs
      .readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => {
        try {
          const environment = fs.readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
          const isOurs =
            environment.includes(`GT_ROOT=${this.town.root}`) &&
            environment.some((entry) => entry.startsWith('GT_SESSION='));
          return isOurs
            ? [
                {
                  pid: Number(pid),
                  command: fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').slice(0, 200),
                },
              ]
            : [];
        } catch {
          return []; // it has just ended
        }
      });
  }

  /** Only the work is in the repository, under the agent's name. */
  assertLanded(files: Readonly<Record<string, string>>): void {
    const { project } = this.town;
    const tree = sh(project, 'git', 'ls-tree', '-r', '--name-only', 'gastown/main').split('\n').sort();
    assert.deepEqual(tree, ['README.md', ...Object.keys(files)].sort());
    for (const [file, text] of Object.entries(files))
      assert.equal(sh(project, 'git', 'show', `gastown/main:${file}`), text);
    assert.match(sh(project, 'git', 'log', '-1', '--format=%an', 'gastown/main'), /^toy\/polecats\/\w+$/);
    assert.equal(sh(project, 'git', 'status', '--porcelain'), '');
  }

  async dispose(): Promise<void> {
    await this.town.dispose();
    await this.model.dispose();
    for (const { pid } of this.processes()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has just ended by itself.
      }
    }
  }
}

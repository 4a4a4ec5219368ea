import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { actionKey, type Action } from '../../../server/src/engine/loop/action';
import { StaleAction, type EngineContext } from '../../../server/src/engine/loop/context';
import { execute } from '../../../server/src/engine/loop/execute';
import type { SessionPort } from '../../../server/src/engine/loop/ports';
import { merges } from '../../../server/src/engine/mergeQueue/mergeRule';
import { buildView } from '../../../server/src/engine/state/buildView';
import { isClosed, withWork, workOf } from '../../../server/src/engine/state/work';
import { agentGitSettings } from '../../../server/src/agents/gitSettings';
import { inspectSource } from '../../../server/src/git/source';
import { RigRepository } from '../../../server/src/git/repository';
import type { MergeStrategy } from '../../../server/src/protocol/town';
import { Rig } from '../../../server/src/rigs/rig';
import { rigSettingsFile } from '../../../server/src/town/config';
import { TownLayout } from '../../../server/src/town/layout';
import { randomFrom } from '../../simulation/chances';
import { commitFiles, makeRepository, sh, tempDir } from '../../helpers/temp';
import { EngineTown } from './engineTown';

const GROUPS = 8;
/** No file may say `wrong`. */
const CHECK = '! grep -rqx wrong --include=*.txt .';
/** The soak replays as many as the replay without git. */
const CHANGES = process.env.GASTOWN_SOAK ? 1_000 : 40;

interface Change {
  bead: string;
  index: number;
  group: number;
  broken: boolean;
  /** It writes a line that others of its group write, too. */
  conflicting: boolean;
  attempt: number;
  worker: string;
}

/** Real git, gates and queue code over a store in memory: changes of several authors, until all have landed. */
class GitReplay {
  readonly changes: Change[] = [];
  /** Changes without a fault of their own that went back for a gate. */
  readonly innocents: string[] = [];
  private readonly random: () => number;
  private readonly running = new Map<string, Promise<void>>();

  private constructor(
    readonly town: EngineTown,
    readonly rig: Rig,
    /** Where authors work. */
    private readonly clone: string,
    seed: number,
  ) {
    this.random = randomFrom(seed);
  }

  static async make(seed: number, strategy: MergeStrategy): Promise<GitReplay> {
    const files = Object.fromEntries(
      Array.from({ length: GROUPS }, (_, group) => [`part${group}/shared.txt`, 'base\n']),
    );
    const origin = path.join(tempDir('origin'), 'origin.git');
    const seedFolder = makeRepository(files);
    sh(seedFolder, 'git', 'clone', '--quiet', '--bare', seedFolder, origin);
    const layout = new TownLayout(tempDir('town'));
    const repository = new RigRepository(layout.rig('toy').repository, await inspectSource(origin));
    await repository.create();
    const config = {
      ...{ type: 'rig' as const, version: 1, name: 'toy', git_url: origin, folder: false, default_branch: 'main' },
      ...{ created_at: '', beads: { prefix: 'toy' } },
    };
    const rig = new Rig(
      layout,
      config,
      repository,
      async () => ({ ...process.env, ...agentGitSettings() }),
      () => 'example.org',
      () => true,
    );
    rigSettingsFile(rig.layout).update((settings) => {
      Object.assign(settings.merge_queue, { gate_runs: 2, test_command: CHECK, merge_strategy: strategy });
    });
    const clone = path.join(tempDir('clone'), 'work');
    sh(seedFolder, 'git', 'clone', '--quiet', repository.directory, clone);
    return new GitReplay(await EngineTown.open(), rig, clone, seed);
  }

  private get context(): EngineContext {
    return { ...this.town.context, rig: () => this.rig };
  }

  async submitAll(count: number): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      const { id: bead } = await this.town.create({ title: `Change ${index}`, status: 'in_review' as never });
      const change: Change = {
        ...{ bead, index, group: Math.floor(this.random() * GROUPS), attempt: 0, worker: `toy/polecats/w${index}` },
        ...{ conflicting: this.random() < 0.28, broken: this.random() < 0.05 },
      };
      this.changes.push(change);
      await this.submit(change);
    }
  }

  /** What its author has made of it on top of what has landed by then. */
  private async submit(change: Change): Promise<void> {
    change.attempt += 1;
    const { bead, index, group, attempt, worker } = change;
    const branch = `polecat/w${index}/${attempt}`;
    const tip = (await this.rig.landingBase()).commit;
    sh(this.clone, 'git', 'fetch', '--quiet', this.rig.repository.directory, tip);
    sh(this.clone, 'git', 'checkout', '--quiet', '--detach', tip);
    const shared = path.join(this.clone, `part${group}/shared.txt`);
    if (change.conflicting) fs.appendFileSync(shared, `change ${index}\n`);
    commitFiles(this.clone, { [`part${group}/${index}.txt`]: change.broken ? 'wrong\n' : 'fine\n' }, `Change ${index}`);
    sh(this.clone, 'git', 'push', '--quiet', this.rig.repository.directory, `HEAD:refs/heads/${branch}`);
    const commit = sh(this.clone, 'git', 'rev-parse', 'HEAD');
    const { store } = this.town;
    await store.batch({ actor: worker }, (tx) => {
      const known = tx.require(bead);
      tx.update(bead, { status: 'in_review', assignee: worker, metadata: withWork(known, { branch, attempt }) });
      const merge = { source: bead, rig: 'toy', branch, commit, worker };
      tx.create('toy', { title: bead, type: 'merge_request', metadata: { merge } });
    });
  }

  async run(): Promise<void> {
    for (;;) {
      for (const change of this.changes) await this.takeBack(change);
      if (this.changes.every(({ bead }) => isClosed(this.town.bead(bead).status))) break;
      for (const action of merges(this.view())) {
        const key = actionKey(action);
        if (!this.running.has(key))
          this.running.set(
            key,
            this.start(action).finally(() => this.running.delete(key)),
          );
      }
      if (this.running.size > 0) await Promise.race(this.running.values());
      else this.town.service.now.value += 60_000; // what was deferred is due
    }
    await Promise.all(this.running.values());
  }

  private async start(action: Action): Promise<void> {
    try {
      await execute(action, this.context);
    } catch (error) {
      if (!(error instanceof StaleAction)) throw error;
      await new Promise((next) => setTimeout(next, 20)); // as the engine, it is not tried again at once
    }
  }

  private async takeBack(change: Change): Promise<void> {
    const bead = this.town.bead(change.bead);
    if (isClosed(bead.status) || bead.status === 'in_review') return;
    const { problem = '' } = workOf(bead);
    if (!change.broken && problem.startsWith('test:')) this.innocents.push(problem);
    change.broken = false;
    await this.submit(change);
  }

  private view() {
    const sessions: Pick<SessionPort, 'all'> = { all: () => [] };
    return buildView({
      ...{ store: this.town.store, sessions: sessions as SessionPort, up: true, awakeSince: 0 },
      ...{ now: new Date(this.town.service.now.value), inFlight: new Set(this.running.keys()), consented: () => true },
      rigs: [
        {
          ...{ port: this.rig, accepted: true, unacceptedReviewers: [] },
          settings: { ...this.rig.settings, max_attempts: 20 },
        },
      ],
    });
  }
}

describe('a replay of the merge queue with real git', function () {
  this.timeout(process.env.GASTOWN_SOAK ? 10_800_000 : 600_000);

  for (const [strategy, seed, count] of [
    ['squash', 1, CHANGES],
    ['rebase', 2, CHANGES / 4],
    ['merge', 3, CHANGES / 4],
  ] as const)
    it(`lands ${count} changes, each once, and never what fails (${strategy}, seed ${seed})`, async () => {
      const replay = await GitReplay.make(seed, strategy);
      try {
        await replay.submitAll(count);
        await replay.run();
      } finally {
        await replay.town.store.close();
      }
      const clone = path.join(tempDir('check'), 'tree');
      sh(tempDir('cwd'), 'git', 'clone', '--quiet', replay.rig.repository.source.location, clone);
      for (const commit of sh(clone, 'git', 'log', '--first-parent', '--format=%H', 'HEAD').split('\n')) {
        sh(clone, 'git', 'checkout', '--quiet', commit);
        sh(clone, 'sh', '-c', CHECK);
      }
      sh(clone, 'git', 'checkout', '--quiet', 'main');
      for (const { index, group, conflicting } of replay.changes) {
        assert.equal(fs.readFileSync(path.join(clone, `part${group}/${index}.txt`), 'utf8'), 'fine\n');
        const lines = fs.readFileSync(path.join(clone, `part${group}/shared.txt`), 'utf8').split('\n');
        assert.equal(lines.filter((line) => line === `change ${index}`).length, conflicting ? 1 : 0);
      }
      assert.deepEqual(replay.innocents, []);
    });
});

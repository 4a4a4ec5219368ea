import assert from 'node:assert/strict';
import type { NewBead } from '../../../server/src/beads/store';
import { WhyNots } from '../../../server/src/engine/explain/whyNot';
import { wantedSince } from '../../../server/src/engine/convoys/wanted';
import { Projection } from '../../../server/src/engine/state/projection';
import type { TownView, WorkView } from '../../../server/src/engine/state/townView';
import { workOf } from '../../../server/src/engine/state/work';
import type { RigRepository } from '../../../server/src/git/repository';
import type { BoardQuery } from '../../../server/src/protocol/board';
import { Dispatcher } from '../../../server/src/protocol/dispatcher';
import type { Params, RequestSpec, Result } from '../../../server/src/protocol/request';
import { townSchemas } from '../../../server/src/protocol/schemas';
import type { BeadInfo, RigInfo, TownInfo } from '../../../server/src/protocol/town';
import { registerBoardHandlers } from '../../../server/src/townServer/snapshot/boardRequests';
import { SnapshotFeed, type ConnectionDelta } from '../../../server/src/townServer/snapshot/snapshotFeed';
import { openService, type Service } from '../beads/service';

/** A list of the board with its beads. */
export interface ListedBeads {
  total: number;
  items: ({ kind: 'group'; key: string; count: number } | { kind: 'bead'; bead: BeadInfo })[];
}

/** The handlers over ledgers in memory; what the engine sees is worked out as far as these tests care. */
export class BoardTown {
  readonly dispatcher = new Dispatcher(townSchemas);
  readonly unconsented = new Set<string>();
  up = true;
  accepted = true;
  /** What the engine sees cannot be read. */
  fails = false;
  repository: RigRepository | undefined;

  private constructor(readonly service: Service) {
    registerBoardHandlers(this.dispatcher, {
      store: service.store,
      whyNots: () => this.whyNots(),
      repositoryOf: (rig) => (rig === 'toy' ? this.repository : undefined),
      prices: () => ({ opus: { input: 5, output: 25 } }),
      reviewSetting: () => 'off',
    });
  }

  static async open(names: readonly string[] = ['hq', 'toy']): Promise<BoardTown> {
    return new BoardTown(await openService(names));
  }

  async call<S extends RequestSpec>(spec: S, params: Params<S>): Promise<Result<S>> {
    const entry = this.dispatcher.get(spec.method);
    assert.ok(entry, spec.method);
    return (await entry.run(entry.parse(params), { actor: 'ann', kind: 'person' })) as Result<S>;
  }

  /** What windows get of the town; `send` gets their deltas. */
  feed(send: (delta: ConnectionDelta) => void = () => undefined): SnapshotFeed {
    const { store } = this.service;
    return new SnapshotFeed(
      {
        store,
        projection: new Projection(
          store,
          () => 'person',
          () => this.whyNots(),
        ),
        whyNots: () => this.whyNots(),
        town: () => ({ id: 'town', name: 'town' }) as TownInfo,
        rigs: () => [{ id: 'toy' } as RigInfo],
        agents: () => [],
        attention: () => [],
      },
      send,
    );
  }

  /** What a window gets that begins to watch these lists. */
  async board(query: Partial<BoardQuery> & Pick<BoardQuery, 'grouping'>): Promise<Record<string, ListedBeads>> {
    const { beads, lists } = this.feed().subscribe('window', { text: '', open: [], ...query });
    const byId = new Map(beads.map((bead) => [bead.id, bead]));
    return Object.fromEntries(
      lists.map(({ id, total, items }) => [
        id,
        {
          total,
          items: items.map((item) => {
            if (item.kind === 'group') return item;
            const bead = byId.get(item.id);
            assert.ok(bead, `the list ${id} names ${item.id}, which was not sent`);
            return { kind: 'bead' as const, bead };
          }),
        },
      ]),
    );
  }

  private whyNots(): WhyNots {
    if (this.fails) throw new Error('cannot be read');
    return new WhyNots({ store: this.service.store, view: this.view(), runtimeOf: () => 'claude' });
  }

  /** Creates a bead and gives its id. */
  async add(
    title: string,
    more: Partial<NewBead> & { needs?: string[]; parent?: string; ledger?: string } = {},
  ): Promise<string> {
    const { needs, parent, ledger, ...fields } = more;
    this.service.now.value += 1_000; // lists are in the order of making
    return this.service.store.batch({ actor: 'ann' }, (tx) => {
      const bead = tx.create(ledger ?? 'toy', { title, ...fields });
      for (const need of needs ?? []) tx.addDependency(bead.id, need, 'blocks');
      if (parent !== undefined) tx.addDependency(bead.id, parent, 'parent-child');
      return bead.id;
    });
  }

  async convoy(...beads: string[]): Promise<string> {
    return this.service.store.batch({ actor: 'ann' }, (tx) => {
      const convoy = tx.create('hq', {
        title: 'All',
        type: 'convoy',
        status: 'open',
        metadata: { convoy: { launched_at: '2026-03-01T00:00:00Z' } },
      });
      for (const bead of beads) tx.addDependency(convoy.id, bead, 'tracks');
      return convoy.id;
    });
  }

  private view(): TownView {
    const { store, now } = this.service;
    const work = [...wantedSince(store).keys()].flatMap((id): WorkView[] => {
      const bead = store.get(id);
      if (!bead || bead.assignee === 'ann') return [];
      return [
        {
          id,
          rig: 'toy',
          status: bead.status,
          priority: 2,
          createdAt: 0,
          revision: '',
          blocked: false,
          slung: true,
          held: workOf(bead).held ?? false,
          waitsForStep: false,
          submitted: false,
          attempt: 0,
          deaths: 0,
          notBefore: Date.parse(workOf(bead).notBefore ?? '') || 0,
          stallHandledAt: 0,
          consented: !this.unconsented.has(id),
        },
      ];
    });
    return {
      now: now.value,
      awakeSince: 0,
      up: this.up,
      work,
      merges: [],
      withdrawnMerges: [],
      abandonedPullRequests: [],
      sessions: [],
      worktrees: [],
      convoys: [],
      gates: [],
      escalations: [],
      inFlight: new Set(),
      rigs: [
        {
          name: 'toy',
          accepted: this.accepted,
          maxWorkers: 2,
          spawnDelayMs: 0,
          lastSpawnAt: 0,
          maxAttempts: 3,
          maxRestarts: 3,
          pool: [],
          review: 'off',
          mergeStrategy: 'squash',
          unacceptedReviewers: [],
          reviewTimeoutMs: 0,
          maxReviewRounds: 3,
          stallMs: 600_000,
          crashLooping: false,
          crashLoopReported: false,
          mergeWindow: { size: 4, failed: false },
          maxBatch: 16,
          gateRuns: 1,
          mergeMode: 'batch',
        },
      ],
    };
  }
}

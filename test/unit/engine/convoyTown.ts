import { NO_FILES } from '../../helpers/noFiles';
import assert from 'node:assert/strict';
import type { NewBead } from '../../../server/src/beads/model/newBead';
import type { BeadStore } from '../../../server/src/beads/store';
import { registerConvoyHandlers } from '../../../server/src/engine/convoys/requests';
import { guardConvoys } from '../../../server/src/townServer/access/planGuard';
import { landConvoy } from '../../../server/src/engine/convoys/landConvoy';
import type { PlannedRig } from '../../../server/src/engine/convoys/checkPlan';
import { sling } from '../../../server/src/engine/dispatch/sling';
import { WhyNots } from '../../../server/src/engine/explain/whyNot';
import type { RigPort, SessionPort } from '../../../server/src/engine/loop/ports';
import { reconcile } from '../../../server/src/engine/loop/reconcile';
import type { AddressBook } from '../../../server/src/engine/mail/addresses';
import { inbox } from '../../../server/src/engine/mail/mail';
import { buildView } from '../../../server/src/engine/state/buildView';
import { Projection } from '../../../server/src/engine/state/projection';
import type { TownView } from '../../../server/src/engine/state/townView';
import type { Bead } from '../../../server/src/protocol/bead';
import type { CallContext } from '../../../server/src/protocol/dispatcher';
import type { Params, RequestSpec, Result } from '../../../server/src/protocol/request';
import { openService, type Service } from '../beads/service';
import { EngineTown } from './engineTown';
import { FIRST_WINDOW } from '../../../server/src/rigs/mergeWindow';

export const ann: CallContext = { actor: 'ann', kind: 'person' };
export const rust: CallContext = { actor: 'toy/polecats/rust', agent: 'toy/polecats/rust', kind: 'agent' };

const settings = {
  max_workers: 10,
  worker_spawn_delay: 0,
  review: 'off',
  reviewers: [],
  review_timeout: 600,
  max_review_rounds: 3,
  stall_after: 600,
  max_attempts: 3,
  max_restarts: 3,
  namepool: {},
  merge_queue: { max_batch: 16, targets: {} },
};

/** Rigs `toy` and `lib` with the handlers of convoys over ledgers in memory, and what the engine would do next. */
export class ConvoyTestTown {
  readonly addresses: AddressBook = {
    isRig: (name) => ['toy', 'lib'].includes(name),
    crew: (rig) => (rig === 'toy' ? ['joe'] : []),
    polecats: (rig) => (rig === 'toy' ? ['rust'] : []),
    isPerson: (name) => name === 'Bob',
  };

  readonly rigs: Record<string, PlannedRig> = {
    toy: { accepted: true, maxWorkers: 2 },
    lib: { accepted: true, maxWorkers: 1 },
  };
  isUp = true;
  /** US dollars, by the id of a finished bead. */
  readonly costs = new Map<string, number>();
  /** Why no agent can start, by the name of the rig. */
  readonly missingRuntimes = new Map<string, string>();

  private constructor(readonly service: Service) {
    registerConvoyHandlers(service.dispatcher, {
      store: service.store,
      projection: new Projection(
        service.store,
        () => 'off',
        () => this.whyNots(),
      ),
      addresses: this.addresses,
      rig: (name) => this.rigs[name],
      isUp: () => this.isUp,
      costOf: (bead) => this.costs.get(bead.id),
      featureBranchDefault: () => false,
      commitsAhead: async () => undefined,
      missingRuntimes: async () => this.missingRuntimes,
    });
    guardConvoys(service.dispatcher, service.store);
  }

  static async open(): Promise<ConvoyTestTown> {
    return new ConvoyTestTown(await openService(['hq', 'toy', 'lib']));
  }

  get store(): BeadStore {
    return this.service.store;
  }

  async call<S extends RequestSpec>(spec: S, params: Params<S>, context: CallContext = ann): Promise<Result<S>> {
    const entry = this.service.dispatcher.get(spec.method);
    assert.ok(entry, spec.method);
    return (await entry.run(entry.parse(params), context)) as Result<S>;
  }

  async bead(title: string, more: Partial<NewBead> & { needs?: string[] } = {}, ledger = 'toy'): Promise<string> {
    const { needs, ...fields } = more;
    return this.store.batch(ann, (tx) => {
      const bead = tx.create(ledger, { title, type: 'task', ...fields });
      for (const need of needs ?? []) tx.addDependency(bead.id, need, 'blocks');
      return bead.id;
    });
  }

  get(id: string): Bead {
    return this.store.get(id)!;
  }

  close(...ids: string[]): Promise<void> {
    return this.store.batch(ann, (tx) => ids.forEach((id) => tx.close(id, 'done', { force: true })));
  }

  update(id: string, patch: Partial<Bead>): Promise<Bead> {
    return this.store.batch(ann, (tx) => tx.update(id, patch));
  }

  sling(...beads: string[]) {
    return sling(this.store, ann, { beads, rig: 'toy' });
  }

  /** Subjects and texts of the mail of an address. */
  mail(address: string): { subject: string; body: string }[] {
    return inbox(this.store, { addresses: [address] }).map((bead) => ({
      subject: bead.title,
      body: bead.description ?? '',
    }));
  }

  /** Beads that the engine begins with next. */
  begun(): string[] {
    return reconcile(this.view()).flatMap((action) => (action.type === 'hook' ? [action.bead] : []));
  }

  /** Lands what the engine lands next. */
  async land(): Promise<void> {
    const { context } = await EngineTown.open();
    for (const action of reconcile(this.view()))
      if (action.type === 'land-convoy') await landConvoy(action, { ...context, store: this.store });
  }

  whyNots(): WhyNots {
    return new WhyNots({ store: this.store, view: this.view(), runtimeOf: () => 'claude' });
  }

  view(): TownView {
    return buildView({
      store: this.store,
      sessions: { all: () => [] } as unknown as SessionPort,
      rigs: ['toy', 'lib'].map((name) => ({
        port: {
          name,
          mergeQueue: { mode: 'batch', strategy: 'squash', flakyRetries: 1 },
          mergeWindow: () => FIRST_WINDOW,
          pacing: { lastSpawnAt: 0, shortLives: [] },
          worktrees: () => [],
          files: NO_FILES,
        } as unknown as RigPort,
        settings: settings as never,
        accepted: true,
        unacceptedReviewers: [],
      })),
      up: true,
      now: new Date(this.service.now.value),
      awakeSince: 0,
      inFlight: new Set(),
      consented: () => true,
    });
  }
}

import assert from 'node:assert/strict';
import {
  BeadClose,
  BeadCreate,
  BeadDelete,
  BeadMove,
  BeadReopen,
  BeadUpdate,
  CommentAdd,
  type BeadStatus,
} from '../../../server/src/protocol/bead';
import { BeadBatch } from '../../../server/src/protocol/batch';
import { DependencyAdd, DependencyRemove } from '../../../server/src/protocol/dependency';
import { LedgerImport } from '../../../server/src/protocol/ledger';
import type { CallContext } from '../../../server/src/protocol/dispatcher';
import { MoleculePour, StepClose } from '../../../server/src/protocol/formula';
import type { Params, RequestSpec, Result } from '../../../server/src/protocol/request';
import { AgentPeek } from '../../../server/src/protocol/town';
import { authorize } from '../../../server/src/townServer/access/authorize';
import { guardBatch } from '../../../server/src/townServer/access/batchGuard';
import { guardBeadHandlers } from '../../../server/src/townServer/access/beadGuard';
import { refuseNudge, refusePeek } from '../../../server/src/townServer/access/screenRules';
import { guardStepHandlers } from '../../../server/src/townServer/access/stepGuard';
import { refused, type Service } from '../beads/service';
import { openMolecules, workflow } from '../formulas/samples';

const rust: CallContext = { actor: 'toy/polecats/rust', agent: 'toy/polecats/rust', kind: 'agent' };
const ann: CallContext = { actor: 'ann', kind: 'person' };

describe('what an agent may do with beads', () => {
  let service: Service;
  let task: string;
  const call = async <S extends RequestSpec>(
    spec: S,
    params: Params<S>,
    context: CallContext = rust,
  ): Promise<Result<S>> => {
    const entry = service.dispatcher.get(spec.method)!;
    return (await entry.run(entry.parse(params), context)) as Result<S>;
  };
  const make = (type: string, more: { id?: string; status?: BeadStatus; ledger?: string } = {}): Promise<string> =>
    service.store.batch(
      ann,
      (tx) => tx.create(more.ledger ?? 'toy', { title: `A ${type}`, type, status: more.status, id: more.id }).id,
    );

  beforeEach(async () => {
    service = await openMolecules({ two: workflow('two', ['a', 'b < a']) });
    const around = {
      dispatcher: service.dispatcher,
      store: service.store,
      ledgerFor: (_context: CallContext, named?: string) => named ?? 'toy',
    };
    guardBeadHandlers(around, () => undefined);
    guardBatch(around);
    guardStepHandlers(around);
    task = await make('task');
  });
  afterEach(() => service.store.close());

  it('a person moves no bead that is being worked on, and none of the town itself', async () => {
    const move = (id: string) => call(BeadMove.spec, { id, to: 'hq', as: 'move' }, ann);
    const [hooked, convoy] = [await make('task', { status: 'hooked' }), await make('convoy')];
    await refused(move(hooked), /is being worked on/, 'conflict');
    await refused(move(convoy), /stays in its ledger/, 'refused');
    assert.throws(() => authorize(BeadMove.spec, { ...rust, kind: 'agent' }), /only a person may do this/);
  });

  for (const type of ['merge_request', 'convoy', 'escalation', 'message']) {
    it(`it changes no ${type}; a person does`, async () => {
      const id = await make(type);
      const attempts = [
        () => call(BeadUpdate.spec, { ids: [id], title: 'x' }),
        () => call(BeadUpdate.spec, { ids: [task, id], status: 'open' }),
        () => call(BeadUpdate.spec, { ids: [id], type: 'task' }),
        () => call(BeadClose.spec, { ids: [id], force: true }),
        () => call(BeadReopen.spec, { ids: [id] }),
        () => call(BeadDelete.spec, { ids: [id] }),
        () => call(StepClose.spec, { id }),
        () => call(DependencyAdd.spec, { from: id, to: task, type: 'tracks' }),
        () => call(DependencyAdd.spec, { from: id, to: task }),
        () => call(BeadCreate.spec, { title: 'x', deps: [['blocks', id]] }),
        ...[
          { op: 'update' as const, id, fields: { title: 'x' } },
          { op: 'close' as const, id },
          { op: 'dep-add' as const, from: id, to: task },
          { op: 'dep-remove' as const, from: id, to: task },
        ].map((operation) => () => call(BeadBatch.spec, { operations: [{ op: 'create', title: 'x' }, operation] })),
      ];
      for (const attempt of attempts) await refused(attempt(), /.*/, 'refused');
      assert.deepEqual(
        [
          service.store.get(id)?.status,
          service.store.get(id)?.dependencies,
          service.store.list({ limit: 0, all: true }).length,
        ],
        ['open', undefined, 2],
      );
      await call(CommentAdd.spec, { id, text: 'seen' });
      await call(BeadClose.spec, { ids: [id] }, ann);
    });
  }

  it('it makes none, by whatever name', async () => {
    for (const type of ['merge_request', 'merge-request', 'mr', ' mr ', 'convoy', 'escalation', 'message']) {
      await refused(call(BeadCreate.spec, { title: 'x', type }), /are created by the town itself/, 'refused');
      await refused(call(BeadUpdate.spec, { ids: [task], type }), /are created by the town itself/, 'refused');
      const operations = [{ op: 'create' as const, title: 'x', type }];
      await refused(call(BeadBatch.spec, { operations }), /are created by the town itself/, 'refused');
    }
  });

  it('in a batch it takes no work out of hands, and does what it may by itself', async () => {
    const hooked = await service.store.batch(
      ann,
      (tx) => tx.create('toy', { title: 'x', status: 'hooked', assignee: rust.actor }).id,
    );
    for (const operation of [
      { op: 'close' as const, id: hooked },
      { op: 'update' as const, id: hooked, fields: { assignee: '' } },
      { op: 'update' as const, id: hooked, fields: { status: 'open' } },
    ])
      await refused(call(BeadBatch.spec, { operations: [operation] }), /is on your hook/, 'refused');
    const { ids } = await call(BeadBatch.spec, {
      operations: [
        { op: 'create', title: 'found' },
        { op: 'update', id: hooked, fields: { priority: 0 } },
        { op: 'close', id: task, reason: 'done' },
      ],
    });
    assert.deepEqual(ids.slice(1), [hooked, task]);
    assert.deepEqual([service.store.get(hooked)?.priority, service.store.get(task)?.status], [0, 'closed']);
  });

  it('it adds to a staged convoy, and to none that is under way', async () => {
    const staged = await make('convoy', { status: 'staged_ready' });
    await call(DependencyAdd.spec, { from: staged, to: task, type: 'tracks' });
    await call(DependencyRemove.spec, { from: staged, to: task });
    const open = await make('convoy');
    await call(DependencyAdd.spec, { from: open, to: task, type: 'tracks' }, ann);
    await refused(call(DependencyRemove.spec, { from: open, to: task }), /may not change the dependencies/, 'refused');
  });

  it('a part of an id means the same bead to the check and to the change', async () => {
    // Longer than the random ids of the other beads, one of which would begin with `q1` at times.
    await make('task', { id: 'hq-q1part', ledger: 'hq' });
    const request = await make('merge_request', { id: 'toy-q1partz' });
    await refused(call(BeadUpdate.spec, { ids: ['q1part'], title: 'x' }), new RegExp(request), 'refused');
    await refused(call(DependencyAdd.spec, { from: 'q1part', to: task }), new RegExp(request), 'refused');
    await refused(call(StepClose.spec, { id: 'q1part' }), new RegExp(request), 'refused');
  });

  it('is refused imports; a person is not', async () => {
    const text = `${JSON.stringify({ id: 'toy-1', title: 't', created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z' })}\n`;
    await refused(call(LedgerImport.spec, { text }), /may not import/, 'refused');
    assert.deepEqual((await call(LedgerImport.spec, { text }, ann)).created, ['toy-1']);
  });

  it('its ordinary beads and steps are its own affair', async () => {
    const { id } = await call(BeadCreate.spec, { title: 'Found', type: 'bug', deps: [['blocks', task]] });
    await call(BeadUpdate.spec, { ids: [id], title: 'Found a bug', type: 'task', status: 'open' });
    await call(DependencyRemove.spec, { from: task, to: id });
    await call(DependencyAdd.spec, { from: id, to: task });
    await call(DependencyRemove.spec, { from: id, to: task });
    await call(BeadClose.spec, { ids: [id] });
    await call(BeadReopen.spec, { ids: [id] });
    await call(BeadDelete.spec, { ids: [id] });
    const { id_mapping: steps } = await call(MoleculePour.spec, { formula: 'two' });
    await call(StepClose.spec, { id: steps.a! });
    await call(BeadClose.spec, { ids: [steps.b!] });
    assert.equal(service.store.get(steps.b!)?.status, 'closed');
  });
});

describe('terminals of others', () => {
  const agent = (address: string): CallContext => ({ actor: address, agent: address, kind: 'agent' });

  it("a crew member's is seen by the person only; nobody sees any", () => {
    refusePeek('toy/crew/ann', ann);
    for (const other of ['mayor', 'toy/polecats/rust', 'toy/crew/bob']) {
      assert.throws(() => refusePeek('toy/crew/ann', agent(other)), /may not read the terminal/);
      refusePeek('toy/polecats/nux', agent(other));
    }
    const nobody = {
      kind: 'nobody' as const,
      actor: 'mayor',
      readOnly: { reason: 'no valid session token', hint: '' },
    };
    assert.throws(() => authorize(AgentPeek.spec, nobody), /no valid session token/);
    authorize(AgentPeek.spec, { kind: 'agent', actor: 'mayor', agent: 'mayor' });
    authorize(AgentPeek.spec, { kind: 'person', actor: 'ann' });
  });

  it('words to the Mayor and the crew are typed by the person and the Mayor only', () => {
    for (const to of ['mayor', 'toy/crew/ann']) {
      refuseNudge(to, ann);
      refuseNudge(to, agent('mayor'));
      for (const other of ['toy/polecats/rust', 'toy/refinery', 'toy/crew/bob'])
        assert.throws(() => refuseNudge(to, agent(other)), /may not type to/);
    }
    refuseNudge('toy/polecats/nux', agent('toy/polecats/rust'));
  });
});

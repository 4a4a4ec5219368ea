import assert from 'node:assert/strict';
import { UserError } from '../../../server/src/base/errors';
import {
  BeadClose,
  BeadCreate,
  BeadDelete,
  BeadEvents,
  BeadList,
  BeadReady,
  BeadReopen,
  BeadUpdate,
  type Bead,
} from '../../../server/src/protocol/bead';
import { DependencyAdd } from '../../../server/src/protocol/dependency';
import type { Params } from '../../../server/src/protocol/request';
import { openService, refused, type Service } from './service';

describe('requests that change beads', () => {
  let service: Service;
  beforeEach(async () => {
    service = await openService();
  });
  afterEach(() => service.store.close());

  const create = (title: string, more: Partial<Params<typeof BeadCreate.spec>> = {}): Promise<Bead> =>
    service.call(BeadCreate.spec, { title, ...more });
  const get = (id: string): Bead => service.store.get(id) as Bead;

  describe('create', () => {
    it('fills in defaults and records who and when', async () => {
      const bead = await create('Fix login');
      assert.deepEqual(bead, {
        id: bead.id,
        title: 'Fix login',
        status: 'open',
        priority: 2,
        issue_type: 'task',
        created_at: '2026-03-01T12:00:00Z',
        created_by: 'ann',
        updated_at: '2026-03-01T12:00:00Z',
      });
      assert.match(bead.id, /^hq-[0-9a-z]{5}$/);
    });

    it('checks what it is given', async () => {
      for (const title of ['', '  ', '\n\t']) await refused(create(title), /^title is required$/);
      await refused(create('x'.repeat(501)), /^title must be 500 characters or less \(got 501\)$/);
      await refused(create('é'.repeat(251)), /got 502/);
      await create('é'.repeat(250));
      await refused(create('x', { type: 'nonsense' }), /^invalid issue type: nonsense$/);
      await refused(create('x', { type: ' ' }), /^invalid issue type/);
      await refused(create('x', { labels: ['a', ' '] }), /label cannot be empty/);
      await refused(create('x', { defer: 'someday' }), /invalid time/);
      await refused(create('x', { id: 'toy-1', ledger: 'hq' }), /prefix mismatch/);
      await refused(create('x', { id: '../../x-y' }), /invalid ID format/);
      await refused(create('x', { prefix: 'nope' }), /no ledger has the prefix "nope"/);
      await refused(create('x', { parent: 'hq-none' }), /parent issue hq-none not found/, 'not-found');
      await refused(create('x', { deps: [['blocks', 'hq-none']] }), /no issue found matching/);
      assert.equal(service.store.list({ limit: 0 }).length, 1);
    });

    it('lists the valid types when it refuses one', async () => {
      await assert.rejects(
        create('x', { type: 'nonsense' }),
        (error) => error instanceof UserError && /merge_request/.test(error.hint ?? ''),
      );
    });

    it('keeps hostile titles as they are', async () => {
      for (const title of [
        '"; rm -rf ~',
        '../../x',
        '--force',
        '😀 \u202e',
        '</script>',
        "'); DROP TABLE beads; --",
        '\u0000\u001b[31m',
      ]) {
        assert.equal(get((await create(title)).id).title, title);
      }
    });

    it('takes aliases of types', async () => {
      assert.equal((await create('x', { type: 'feat' })).issue_type, 'feature');
      assert.equal((await create('x', { type: 'merge-request' })).issue_type, 'merge_request');
    });

    it('makes children with numbers, up to three levels', async () => {
      const epic = await create('Epic', { type: 'epic' });
      const child = await create('Child', { parent: epic.id });
      assert.equal(child.id, `${epic.id}.1`);
      assert.deepEqual(
        child.dependencies?.map((edge) => [edge.depends_on_id, edge.type]),
        [[epic.id, 'parent-child']],
      );
      await service.call(BeadDelete.spec, { ids: [child.id] });
      assert.equal((await create('Second', { parent: epic.id })).id, `${epic.id}.2`);
      const second = await create('Deep', { parent: `${epic.id}.2` });
      const third = await create('Deeper', { parent: second.id });
      await refused(create('Too deep', { parent: third.id }), /maximum hierarchy depth \(3\) exceeded/);
    });

    it('refuses a child of a closed parent', async () => {
      const parent = await create('p');
      await service.call(BeadClose.spec, { ids: [parent.id] });
      await refused(create('c', { parent: parent.id }), /the parent is closed/);
    });

    it('a child of a parent in another ledger lives with its rig', async () => {
      const parent = await create('p', { ledger: 'hq' });
      const child = await create('c', { ledger: 'toy', parent: parent.id });
      assert.match(child.id, /^toy-/);
      assert.equal(service.store.parent(child.id), parent.id);
      assert.deepEqual(
        service.store.children(parent.id).map((bead) => bead.id),
        [child.id],
      );
    });

    it('adds dependencies in the direction that the word says', async () => {
      const [a, b, c] = [await create('a'), await create('b'), await create('c')];
      const bead = await create('x', {
        deps: [
          ['', a.id],
          ['discovered-from', b.id],
          ['blocks', c.id],
        ],
      });
      assert.deepEqual(
        bead.dependencies?.map((edge) => [edge.depends_on_id, edge.type]),
        [
          [a.id, 'blocks'],
          [b.id, 'discovered-from'],
        ],
      );
      assert.deepEqual(
        get(c.id).dependencies?.map((edge) => edge.depends_on_id),
        [bead.id],
      );
    });

    it('with dryRun writes nothing', async () => {
      assert.equal((await create('x', { dryRun: true })).title, 'x');
      assert.equal(service.store.list({ limit: 0 }).length, 0);
      assert.equal(service.store.events().length, 0);
    });

    it('repeated with the same operation id gives the first bead', async () => {
      const params = { title: 'once' };
      const first = await service.call(BeadCreate.spec, params, { operation: 'op' });
      assert.deepEqual(await service.call(BeadCreate.spec, params, { operation: 'op' }), first);
      const both = await Promise.all([1, 2].map(() => service.call(BeadCreate.spec, params, { operation: 'op2' })));
      assert.equal(both[0]?.id, both[1]?.id);
      assert.equal(service.store.list({ limit: 0 }).length, 2);
    });
  });

  describe('update', () => {
    it('changes fields, clears them with the empty string and records what changed', async () => {
      const { id } = await create('x', { assignee: 'bob', labels: ['a'] });
      service.now.value += 1000;
      const [bead] = await service.call(BeadUpdate.spec, {
        ids: [id],
        title: 'y',
        priority: 0,
        description: 'd',
        assignee: '',
        acceptance: 'ac',
        appendNotes: 'n1',
        addLabels: ['b'],
        externalRef: 'gh-1',
        metadata: { k: 1 },
      });
      assert.deepEqual(
        [bead?.title, bead?.priority, bead?.assignee, bead?.labels, bead?.metadata],
        ['y', 0, undefined, ['a', 'b'], { k: 1 }],
      );
      assert.match(bead?.updated_at ?? '', /^2026-03-01T12:00:01/);
      await service.call(BeadUpdate.spec, {
        ids: [id],
        appendNotes: 'n2',
        metadataChanges: { l: 2, k: null },
        setLabels: ['c'],
      });
      assert.deepEqual([get(id).notes, get(id).metadata, get(id).labels], ['n1\nn2', { l: 2 }, ['c']]);
      const events = await service.call(BeadEvents.spec, { id });
      assert.ok(
        events.some(
          (event) => event.type === 'assigned' && event.old === 'bob' && event.new === '' && event.actor === 'ann',
        ),
      );
      assert.ok(
        events.some(
          (event) => event.type === 'updated' && event.message === 'priority' && event.old === '2' && event.new === '0',
        ),
      );
    });

    it('refuses unknown statuses and types with the list of valid ones, and knows custom ones', async () => {
      const { id } = await create('x');
      await assert.rejects(
        service.call(BeadUpdate.spec, { ids: [id], status: 'garbage' }),
        (error) =>
          error instanceof UserError &&
          error.message === 'invalid status: garbage' &&
          /in_progress.*staged_ready.*qa/.test(error.hint ?? ''),
      );
      await refused(service.call(BeadUpdate.spec, { ids: [id], type: '' }), /invalid issue type/);
      await refused(service.call(BeadUpdate.spec, { ids: [id], status: 'tombstone' }), /invalid status/);
      await refused(service.call(BeadUpdate.spec, { ids: [id], title: ' ' }), /title is required/);
      assert.equal((await service.call(BeadUpdate.spec, { ids: [id], status: 'qa' }))[0]?.status, 'qa');
      assert.equal((await service.call(BeadUpdate.spec, { ids: [id], status: 'in-review' }))[0]?.status, 'in_review');
    });

    it('is all or nothing over several ids', async () => {
      const { id } = await create('x');
      await refused(service.call(BeadUpdate.spec, { ids: [id, 'hq-nope'], title: 'y' }), /no issue found/, 'not-found');
      assert.equal(get(id).title, 'x');
    });

    it('to closed goes through the guards of closing, and keeps closed_at consistent', async () => {
      const [a, b] = [await create('a'), await create('b')];
      await service.call(DependencyAdd.spec, { from: a.id, to: b.id });
      await refused(
        service.call(BeadUpdate.spec, { ids: [a.id], status: 'closed', title: 'z' }),
        /blocked by open issues/,
      );
      assert.equal(get(a.id).title, 'a');
      await service.call(BeadUpdate.spec, { ids: [b.id], status: 'closed' });
      assert.ok(get(b.id).closed_at);
      await service.call(BeadUpdate.spec, { ids: [b.id], status: 'open' });
      assert.ok(!('closed_at' in get(b.id)) && !('close_reason' in get(b.id)));
    });

    it('re-parents: the old edge goes, circles are refused, the empty string takes it out', async () => {
      const [p, q] = [await create('p'), await create('q')];
      const child = await create('c', { parent: p.id });
      await service.call(BeadUpdate.spec, { ids: [child.id], parent: q.id });
      assert.deepEqual(
        get(child.id).dependencies?.map((edge) => edge.depends_on_id),
        [q.id],
      );
      await refused(service.call(BeadUpdate.spec, { ids: [q.id], parent: child.id }), /cycle/);
      await service.call(BeadUpdate.spec, { ids: [child.id], parent: '' });
      assert.equal(get(child.id).dependencies, undefined);
    });

    it('claims by compare and set, idempotent for the same actor', async () => {
      const { id } = await create('x');
      const claims = await Promise.allSettled(
        ['ann', 'bob', 'cid'].map((actor) => service.call(BeadUpdate.spec, { ids: [id], claim: true }, { actor })),
      );
      assert.deepEqual(
        claims.map((claim) => claim.status),
        ['fulfilled', 'rejected', 'rejected'],
      );
      assert.deepEqual([get(id).assignee, get(id).status], ['ann', 'in_progress']);
      await refused(
        service.call(BeadUpdate.spec, { ids: [id], claim: true }, { actor: 'bob' }),
        new RegExp(`^Error claiming ${id}: issue already claimed by ann$`),
        'conflict',
      );
      await service.call(BeadUpdate.spec, { ids: [id], claim: true });
      await refused(service.call(BeadUpdate.spec, { ids: [id], claim: true, status: 'open' }), /cannot be combined/);
      await service.call(BeadClose.spec, { ids: [id] });
      await refused(service.call(BeadUpdate.spec, { ids: [id], claim: true }), /its status is closed/, 'conflict');
    });

    it('leaves templates alone', async () => {
      const id = await service.store.batch(
        { actor: 'ann' },
        (tx) => tx.create('hq', { title: 't', extra: { is_template: true } }).id,
      );
      await refused(service.call(BeadUpdate.spec, { ids: [id], title: 'x' }), /cannot modify template/);
      await refused(service.call(BeadClose.spec, { ids: [id], force: true }), /cannot modify template/);
    });

    it('leaving deferred clears the date', async () => {
      const { id } = await create('x', { defer: '2026-04-01T00:00:00Z' });
      await service.call(BeadUpdate.spec, { ids: [id], status: 'deferred' });
      await service.call(BeadUpdate.spec, { ids: [id], status: 'open' });
      assert.equal(get(id).defer_until, undefined);
    });
  });

  describe('close', () => {
    it('gives what it closed and what became ready', async () => {
      const [a, b, c] = [await create('a'), await create('b'), await create('c')];
      await service.call(DependencyAdd.spec, { from: b.id, to: a.id });
      await service.call(DependencyAdd.spec, { from: c.id, to: b.id });
      const result = await service.call(BeadClose.spec, { ids: [a.id], reason: 'fixed' });
      assert.deepEqual(
        result.closed.map((bead) => [bead.id, bead.status, bead.close_reason]),
        [[a.id, 'closed', 'fixed']],
      );
      assert.deepEqual(
        result.unblocked.map((bead) => bead.id),
        [b.id],
      );
      assert.deepEqual(
        (await service.call(BeadReady.spec, {})).map((bead) => bead.id),
        [b.id],
      );
    });

    it('is guarded, and force overrides', async () => {
      const [a, b] = [await create('a'), await create('b')];
      await service.call(DependencyAdd.spec, { from: a.id, to: b.id });
      await refused(
        service.call(BeadClose.spec, { ids: [a.id] }),
        new RegExp(`^cannot close ${a.id}: blocked by open issues \\[${b.id}\\] \\(use --force to override\\)$`),
        'refused',
      );
      assert.equal((await service.call(BeadClose.spec, { ids: [a.id], force: true })).closed.length, 1);
      const epic = await create('e', { type: 'epic' });
      await create('c', { parent: epic.id });
      await refused(service.call(BeadClose.spec, { ids: [epic.id] }), /cannot close epic .*: 1 open child issue\(s\)/);
      await service.call(BeadUpdate.spec, { ids: [b.id], status: 'pinned' });
      await refused(service.call(BeadClose.spec, { ids: [b.id] }), /cannot modify pinned issue/);
    });

    it('only blocking types count', async () => {
      const [a, b] = [await create('a'), await create('b')];
      await service.call(DependencyAdd.spec, { from: a.id, to: b.id, type: 'related' });
      assert.equal((await service.call(BeadClose.spec, { ids: [a.id] })).closed.length, 1);
    });

    it('closes what it can and tells the rest; fails only if nothing was closed', async () => {
      const [a, b, c] = [await create('a'), await create('b'), await create('c')];
      await service.call(DependencyAdd.spec, { from: b.id, to: c.id });
      const result = await service.call(BeadClose.spec, { ids: [a.id, b.id, 'hq-nope'] });
      assert.deepEqual(
        result.closed.map((bead) => bead.id),
        [a.id],
      );
      assert.deepEqual(
        result.errors.map((error) => error.id),
        ['hq-nope', b.id],
      );
      await refused(
        service.call(BeadClose.spec, { ids: ['hq-nope'] }),
        /no issue found matching "hq-nope"/,
        'not-found',
      );
    });

    it('closes a chain whatever order it is given in', async () => {
      const [a, b, c] = [await create('a'), await create('b'), await create('c')];
      await service.call(DependencyAdd.spec, { from: a.id, to: b.id });
      await service.call(DependencyAdd.spec, { from: b.id, to: c.id });
      assert.equal((await service.call(BeadClose.spec, { ids: [a.id, b.id, c.id] })).closed.length, 3);
    });

    it('closes a molecule with its last step, an epic not', async () => {
      for (const [type, status] of [
        ['molecule', 'closed'],
        ['epic', 'open'],
      ] as const) {
        const root = await create('root', { type });
        const steps = [await create('s1', { parent: root.id }), await create('s2', { parent: root.id })];
        await service.call(BeadClose.spec, { ids: steps.map((step) => step.id) });
        assert.equal(get(root.id).status, status);
        if (status === 'closed') assert.equal(get(root.id).close_reason, 'all steps complete');
      }
    });

    it('keeps a gate shut until its condition is met', async () => {
      const awaited = await create('awaited');
      const gates = await service.store.batch({ actor: 'ann' }, (tx) =>
        [
          tx.create('hq', { title: 'g', type: 'gate', extra: { await_type: 'timer', timeout: 60e9 } }),
          tx.create('hq', { title: 'g', type: 'gate', extra: { await_type: 'bead', await_id: `hq:${awaited.id}` } }),
          tx.create('hq', { title: 'g', type: 'gate', extra: { await_type: 'gh:run', await_id: '1' } }),
        ].map((bead) => bead.id),
      );
      await refused(service.call(BeadClose.spec, { ids: [gates[0]!] }), /gate condition not satisfied: timer ends at/);
      await refused(
        service.call(BeadClose.spec, { ids: [gates[1]!] }),
        /gate condition not satisfied: .* is not closed/,
      );
      await service.call(BeadClose.spec, { ids: [gates[2]!, awaited.id] });
      service.now.value += 61_000;
      assert.equal((await service.call(BeadClose.spec, { ids: [gates[0]!, gates[1]!] })).closed.length, 2);
    });

    it('closing again changes nothing', async () => {
      const { id } = await create('a');
      await service.call(BeadClose.spec, { ids: [id], reason: 'one' });
      await service.call(BeadClose.spec, { ids: [id], reason: 'two' });
      assert.equal(get(id).close_reason, 'one');
    });
  });

  describe('reopen', () => {
    it('opens, clears the deferral and comments the reason', async () => {
      const { id } = await create('a', { defer: '2027-01-01T00:00:00Z' });
      await service.call(BeadClose.spec, { ids: [id] });
      await service.call(BeadReopen.spec, { ids: [id], reason: 'not done' });
      const bead = get(id);
      assert.deepEqual(
        [bead.status, bead.defer_until, bead.closed_at, bead.close_reason, bead.comments?.[0]?.text],
        ['open', undefined, undefined, undefined, 'not done'],
      );
      assert.deepEqual(
        (await service.call(BeadReady.spec, {})).map((ready) => ready.id),
        [id],
      );
    });

    it('of an open bead changes nothing, of one at work is refused', async () => {
      const { id } = await create('a');
      const before = get(id);
      assert.deepEqual(await service.call(BeadReopen.spec, { ids: [id] }), [before]);
      await service.call(BeadUpdate.spec, { ids: [id], claim: true });
      await refused(service.call(BeadReopen.spec, { ids: [id] }), /cannot reopen .* \(status in_progress\)/);
      await refused(service.call(BeadReopen.spec, { ids: ['nope'] }), /no issue found/);
    });

    it('keeps dependencies but not that it was superseded', async () => {
      const [a, b, c] = [await create('a'), await create('b'), await create('c')];
      await service.call(DependencyAdd.spec, { from: a.id, to: b.id, type: 'related' });
      await service.call(DependencyAdd.spec, { from: a.id, to: c.id, type: 'supersedes' });
      await service.call(BeadClose.spec, { ids: [a.id] });
      await service.call(BeadReopen.spec, { ids: [a.id] });
      assert.deepEqual(
        get(a.id).dependencies?.map((edge) => edge.type),
        ['related'],
      );
    });
  });

  describe('delete', () => {
    it('leaves a tombstone and no edges', async () => {
      const [a, b] = [await create('a'), await create('b', { type: 'bug' })];
      await service.call(DependencyAdd.spec, { from: a.id, to: b.id });
      await service.call(BeadDelete.spec, { ids: [b.id], reason: 'dup' });
      assert.deepEqual(
        [get(b.id).status, get(b.id).deleted_by, get(b.id).delete_reason, get(b.id).original_type],
        ['tombstone', 'ann', 'dup', 'bug'],
      );
      assert.equal(get(a.id).dependencies, undefined);
      assert.equal((await service.call(BeadList.spec, { all: true })).length, 1);
      assert.equal((await service.call(BeadList.spec, { status: ['tombstone'] })).length, 1);
      await refused(service.call(BeadUpdate.spec, { ids: [b.id], title: 'x' }), /no issue found/, 'not-found');
      await refused(service.call(BeadDelete.spec, { ids: [b.id] }), /no issue found/, 'not-found');
    });

    it('of a wisp leaves nothing', async () => {
      const wisp = await create('w', { ephemeral: true });
      assert.match(wisp.id, /^hq-wisp-/);
      await service.call(BeadDelete.spec, { ids: [wisp.id] });
      assert.equal(service.store.get(wisp.id), undefined);
    });
  });
});

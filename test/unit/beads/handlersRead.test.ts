import { townSchemas } from '../../../server/src/protocol/schemas';
import assert from 'node:assert/strict';
import { UserError } from '../../../server/src/base/errors';
import {
  BeadBlocked,
  BeadClose,
  BeadCreate,
  BeadDelete,
  BeadEvents,
  BeadList,
  BeadReady,
  BeadShow,
  BeadStats,
  BeadUpdate,
  beadRequests,
  CommentAdd,
  LabelChange,
  LabelList,
  type Bead,
} from '../../../server/src/protocol/bead';
import { DependencyAdd, DependencyRemove, DependencyTree } from '../../../server/src/protocol/dependency';
import { LedgerExport, LedgerImport } from '../../../server/src/protocol/ledger';
import type { Params } from '../../../server/src/protocol/request';
import { openService, refused, type Service } from './service';

describe('requests about beads', () => {
  let service: Service;
  beforeEach(async () => {
    service = await openService();
  });
  afterEach(() => service.store.close());

  const create = (title: string, more: Partial<Params<typeof BeadCreate.spec>> = {}): Promise<Bead> =>
    service.call(BeadCreate.spec, { title, ...more });
  const get = (id: string): Bead => service.store.get(id) as Bead;

  it('all have a handler', async () => {
    for (const spec of beadRequests)
      await service.call(spec, {}).catch((error: unknown) => assert.doesNotMatch(String(error), /no handler/));
  });

  describe('dependencies', () => {
    it('add, remove, and refuse what is not there', async () => {
      const [a, b] = [await create('a'), await create('b')];
      const edge = await service.call(DependencyAdd.spec, { from: a.id, to: b.id });
      assert.deepEqual([edge.issue_id, edge.depends_on_id, edge.type, edge.created_by], [a.id, b.id, 'blocks', 'ann']);
      assert.deepEqual(await service.call(DependencyAdd.spec, { from: a.id, to: b.id }), edge);
      assert.deepEqual(await service.call(DependencyRemove.spec, { from: a.id, to: b.id }), {
        issue_id: a.id,
        depends_on_id: b.id,
      });
      await refused(
        service.call(DependencyRemove.spec, { from: a.id, to: b.id }),
        /dependency from .* does not exist/,
        'not-found',
      );
    });

    it('across ledgers block', async () => {
      const [task, other] = [await create('t', { ledger: 'toy' }), await create('o')];
      await service.call(DependencyAdd.spec, { from: task.id, to: other.id });
      assert.deepEqual(
        (await service.call(BeadReady.spec, { ledger: 'toy' })).map((bead) => bead.id),
        [],
      );
      assert.deepEqual(
        (await service.call(BeadBlocked.spec, { ledger: 'toy' })).map((bead) => [
          bead.id,
          bead.blocked_by,
          bead.blocked_by_count,
        ]),
        [[task.id, [other.id], 1]],
      );
      await service.call(BeadClose.spec, { ids: [other.id] });
      assert.deepEqual(
        (await service.call(BeadReady.spec, { ledger: 'toy' })).map((bead) => bead.id),
        [task.id],
      );
    });

    it('as a tree: down to what a bead needs, up to what needs it', async () => {
      const epic = await create('e', { type: 'epic' });
      const [a, b] = [await create('a', { parent: epic.id }), await create('b', { parent: epic.id })];
      await service.call(DependencyAdd.spec, { from: b.id, to: a.id });
      const tree = async (params: Params<typeof DependencyTree.spec>) =>
        (await service.call(DependencyTree.spec, params)).map((node) => [
          node.id,
          node.depth,
          node.parent_id,
          node.truncated,
        ]);
      assert.deepEqual(await tree({ id: epic.id }), [
        [epic.id, 0, epic.id, false],
        [a.id, 1, epic.id, false],
        [b.id, 1, epic.id, false],
      ]);
      assert.deepEqual((await tree({ id: epic.id, allPaths: true })).at(-1), [a.id, 2, b.id, false], 'every path');
      assert.deepEqual(await tree({ id: epic.id, maxDepth: 0 }), [[epic.id, 0, epic.id, true]]);
      assert.deepEqual(
        (await tree({ id: a.id, direction: 'up' })).map((row) => row[0]),
        [a.id, b.id, epic.id],
      );
      assert.throws(() => townSchemas.get(DependencyTree.spec.method)!.parse({ id: a.id, maxDepth: -1 }));
    });
  });

  describe('labels and comments', () => {
    it('say what really changed', async () => {
      const { id } = await create('a');
      const change = (label: string, kind: 'add' | 'remove') =>
        service.call(LabelChange.spec, { ids: [id], label, change: kind });
      const said = async (label: string, kind: 'add' | 'remove') => {
        const [{ status, changed } = {}] = await change(label, kind);
        return [status, changed];
      };
      assert.deepEqual(await said('x', 'add'), ['added', true]);
      assert.deepEqual(await said('x', 'add'), ['added', false]);
      assert.deepEqual(await said('y', 'remove'), ['removed', false]);
      assert.deepEqual(await service.call(LabelList.spec, {}), [{ label: 'x', count: 1 }]);
      assert.deepEqual(await said('x', 'remove'), ['removed', true]);
      await refused(change(' ', 'add'), /label cannot be empty/);
    });

    it('refuse an empty comment and keep 100 in order', async () => {
      const { id } = await create('a');
      await refused(service.call(CommentAdd.spec, { id, text: ' \n' }), /comment text cannot be empty/);
      for (let n = 0; n < 100; n++) await service.call(CommentAdd.spec, { id, text: `c${n}` });
      assert.deepEqual(
        get(id).comments?.map((comment) => comment.text),
        Array.from({ length: 100 }, (_, n) => `c${n}`),
      );
      assert.equal(new Set(get(id).comments?.map((comment) => comment.id)).size, 100);
    });
  });

  describe('lists', () => {
    it('are empty arrays on an empty ledger', async () => {
      for (const spec of [BeadList.spec, BeadReady.spec, BeadBlocked.spec, LabelList.spec, BeadEvents.spec])
        assert.deepEqual(await service.call(spec, {}), []);
      assert.equal((await service.call(BeadStats.spec, {})).summary.total_issues, 0);
    });

    it('filter', async () => {
      const [a, b, c] = [
        await create('Alpha', { labels: ['x', 'y'], priority: 1, assignee: 'ann' }),
        await create('beta', { labels: ['x'], type: 'bug', priority: 0 }),
        await create('gamma'),
      ];
      const ids = async (params: Params<typeof BeadList.spec>) =>
        (await service.call(BeadList.spec, params)).map((bead) => bead.id);
      assert.deepEqual(await ids({}), [b.id, a.id, c.id]);
      assert.deepEqual(await ids({ labels: ['x', 'y'] }), [a.id]);
      assert.deepEqual(await ids({ labelsAny: ['y', 'z'] }), [a.id]);
      assert.deepEqual(await ids({ type: ['bug'] }), [b.id]);
      assert.deepEqual(await ids({ assignee: 'ann' }), [a.id]);
      assert.deepEqual((await ids({ assignee: '' })).sort(), [b.id, c.id].sort());
      assert.deepEqual((await ids({ unassigned: true })).sort(), [b.id, c.id].sort());
      assert.deepEqual(await ids({ priority: 0 }), [b.id]);
      assert.deepEqual(await ids({ titleContains: 'ALPH' }), [a.id]);
      assert.deepEqual(await ids({ ids: [c.id, 'nope'] }), [c.id]);
      assert.deepEqual(await ids({ limit: 1 }), [b.id]);
      assert.deepEqual(await ids({ sort: 'title' }), [a.id, b.id, c.id]);
      assert.deepEqual(await ids({ sort: 'title', reverse: true, limit: 2 }), [c.id, b.id]);
      await refused(service.call(BeadList.spec, { sort: 'nonsense' }), /invalid sort/);
      await refused(service.call(BeadList.spec, { status: ['nonsense'] }), /invalid status/);
      await refused(service.call(BeadList.spec, { type: ['nonsense'] }), /invalid issue type/);
      await refused(service.call(BeadList.spec, { parent: 'nope' }), /no issue found/);
    });

    it('carry counts and the parent', async () => {
      const [a, b] = [await create('a'), await create('b')];
      const child = await create('c', { parent: a.id, deps: [['', b.id]] });
      await service.call(CommentAdd.spec, { id: child.id, text: 'hm' });
      const [item] = await service.call(BeadList.spec, { ids: [child.id] });
      assert.deepEqual(
        [item?.dependency_count, item?.dependent_count, item?.comment_count, item?.parent],
        [2, 0, 1, a.id],
      );
      const [details] = await service.call(BeadShow.spec, { ids: [a.id] });
      assert.deepEqual(
        details?.dependents.map((bead) => [bead.id, bead.dependency_type]),
        [[child.id, 'parent-child']],
      );
      assert.equal(details?.dependencies.length, 0);
    });

    it('stats agree with ready, blocked and list', async () => {
      const made: Bead[] = [];
      for (let n = 0; n < 12; n++)
        made.push(
          await create(`b${n}`, { type: n === 0 ? 'epic' : 'task', ...(n > 6 ? { parent: made[0]!.id } : {}) }),
        );
      await service.call(DependencyAdd.spec, { from: made[1]!.id, to: made[2]!.id });
      await service.call(DependencyAdd.spec, { from: made[0]!.id, to: made[3]!.id });
      await service.call(BeadClose.spec, { ids: [made[4]!.id] });
      await service.call(BeadDelete.spec, { ids: [made[5]!.id] });
      const { summary } = await service.call(BeadStats.spec, {});
      assert.equal(summary.ready_issues, (await service.call(BeadReady.spec, { limit: 0 })).length);
      assert.equal(summary.blocked_issues, (await service.call(BeadBlocked.spec, {})).length);
      assert.equal(summary.blocked_issues, 7, 'the epic, its five children and one more');
      assert.equal(summary.total_issues, (await service.call(BeadList.spec, { all: true, limit: 0 })).length);
      assert.deepEqual([summary.closed_issues, summary.tombstone_issues], [1, 1]);
    });
  });

  describe('ready', () => {
    it('leaves out what is not work, deferred, pinned, a wisp or a template', async () => {
      const task = await create('task');
      for (const type of [
        'merge_request',
        'gate',
        'molecule',
        'message',
        'agent',
        'role',
        'rig',
        'convoy',
        'escalation',
        'event',
      ])
        await create(type, { type });
      await create('deferred', { defer: '2026-03-02T00:00:00Z' });
      await create('wisp', { ephemeral: true });
      const pinned = await create('pinned');
      await service.call(BeadUpdate.spec, { ids: [pinned.id], status: 'pinned' });
      const ready = async (params: Params<typeof BeadReady.spec> = {}) =>
        (await service.call(BeadReady.spec, params)).map((bead) => bead.title).sort();
      assert.deepEqual(await ready(), ['task']);
      assert.deepEqual(await ready({ includeDeferred: true }), ['deferred', 'task']);
      assert.deepEqual(await ready({ type: ['gate'] }), ['gate']);
      service.now.value = Date.parse('2026-03-02T00:00:01Z');
      assert.deepEqual(await ready(), ['deferred', 'task']);
      await service.call(BeadUpdate.spec, { ids: [task.id], status: 'in_progress' });
      assert.deepEqual(await ready(), ['deferred']);
    });

    it('hides children of a deferred parent, brings back what was deferred until a time that has come', async () => {
      const parent = await create('p', { defer: '2026-03-02T00:00:00Z' });
      await create('c', { parent: parent.id });
      await service.call(BeadUpdate.spec, { ids: [parent.id], status: 'deferred' });
      assert.deepEqual(await service.call(BeadReady.spec, {}), []);
      service.now.value = Date.parse('2026-03-03T00:00:00Z');
      assert.equal((await service.call(BeadReady.spec, {})).length, 2);
    });

    it('orders by priority, then the oldest first; and in other ways when asked', async () => {
      const made: Record<string, string> = {};
      for (const [title, priority, hours] of [
        ['old low', 3, 0],
        ['old high', 1, 1],
        ['new low', 3, 100],
        ['new high', 1, 101],
      ] as const) {
        service.now.value = Date.parse('2026-03-01T00:00:00Z') + hours * 3_600_000;
        made[(await create(title, { priority })).id] = title;
      }
      const order = async (sort?: string) =>
        (await service.call(BeadReady.spec, sort ? { sort } : {})).map((bead) => bead.title);
      assert.deepEqual(await order(), ['old high', 'new high', 'old low', 'new low']);
      assert.deepEqual(await order('oldest'), ['old low', 'old high', 'new low', 'new high']);
      assert.deepEqual(await order('hybrid'), ['new high', 'new low', 'old low', 'old high']);
      await refused(service.call(BeadReady.spec, { sort: 'x' }), /invalid sort/);
    });

    it('--parent means all descendants', async () => {
      const epic = await create('e', { type: 'epic' });
      const child = await create('c', { parent: epic.id });
      const grandchild = await create('g', { parent: child.id });
      await create('other');
      assert.deepEqual(
        (await service.call(BeadReady.spec, { parent: epic.id })).map((bead) => bead.id).sort(),
        [child.id, grandchild.id].sort(),
      );
    });
  });

  describe('partial ids', () => {
    it('resolve in the meant ledger first, or say why not', async () => {
      const make = (id: string, ledger: string) => create('x', { id, ledger });
      await make('hq-abc12', 'hq');
      await make('hq-abd34', 'hq');
      await make('toy-abc12', 'toy');
      const { store } = service;
      assert.equal(store.resolve('abc', 'hq'), 'hq-abc12');
      assert.equal(store.resolve('abc', 'toy'), 'toy-abc12');
      assert.equal(store.resolve('toy-abc'), 'toy-abc12');
      assert.equal(store.resolve('d34', 'toy'), 'hq-abd34');
      assert.equal(store.resolve('hq-abd34'), 'hq-abd34');
      assert.throws(
        () => store.resolve('ab', 'hq'),
        (error) =>
          error instanceof UserError &&
          error.code === 'ambiguous' &&
          error.message ===
            'ambiguous ID "ab" matches 2 issues: [hq-abc12 hq-abd34]\nUse more characters to disambiguate',
      );
      for (const unknown of ['zzz', '', '%', 'hq-', "' OR 1=1"]) {
        assert.throws(
          () => store.resolve(unknown, 'hq'),
          (error) => error instanceof UserError && /^(no issue found matching|ambiguous)/.test(error.message),
          unknown,
        );
      }
    });
  });

  describe('export and import', () => {
    it('round trip everything but wisps', async () => {
      const a = await create('a <&>', {
        labels: ['l'],
        metadata: { z: 1, a: [null] },
        priority: 0,
        description: 'x\ny',
      });
      await create('b', { parent: a.id });
      await create('w', { ephemeral: true });
      const { text, count } = await service.call(LedgerExport.spec, {});
      assert.equal(count, 2);
      const other = await openService(['hq']);
      const result = await other.call(LedgerImport.spec, { text });
      assert.equal(result.created.length, 2);
      assert.equal((await other.call(LedgerExport.spec, {})).text, text);
      assert.deepEqual(await other.call(LedgerImport.spec, { text }), {
        created: [],
        updated: [],
        unchanged: 2,
        skipped: [],
        problems: [],
      });
      await other.store.close();
    });

    it('imports newer states with all their fields, not older ones, and never what was deleted here', async () => {
      const a = await create('a');
      const { text } = await service.call(LedgerExport.spec, {});
      const newer = text
        .replace('"updated_at":"2026-03-01', '"updated_at":"2026-04-01')
        .replace('"priority":2', '"priority":1')
        .replace('}\n', ',"zeta":12345678901234567890}\n');
      assert.deepEqual((await service.call(LedgerImport.spec, { text: newer, dryRun: true })).updated, [a.id]);
      assert.equal(get(a.id).priority, 2);
      assert.deepEqual((await service.call(LedgerImport.spec, { text: newer })).updated, [a.id]);
      assert.equal(get(a.id).priority, 1);
      assert.match((await service.call(LedgerExport.spec, {})).text, /"zeta":12345678901234567890/);
      assert.equal((await service.call(LedgerImport.spec, { text })).unchanged, 1);
      await service.call(BeadDelete.spec, { ids: [a.id] });
      assert.deepEqual((await service.call(LedgerImport.spec, { text: newer })).skipped, [a.id]);
      assert.equal(get(a.id).status, 'tombstone');
    });

    it('gives beads of another ledger its own prefix where that is wanted', async () => {
      const line = (bead: object): string =>
        `${JSON.stringify({ created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z', ...bead })}\n`;
      const edge = { issue_id: 'kw-2', depends_on_id: 'kw-1', type: 'blocks' };
      const text =
        line({ id: 'kw-1', title: 'one', unknown: 7 }) +
        line({ id: 'kw-2', title: 'after kw-1, not kw-12', dependencies: [edge] }) +
        line({
          id: 'kw-2.1',
          title: 'part',
          dependencies: [{ ...edge, issue_id: 'kw-2.1', type: 'parent-child', depends_on_id: 'kw-2' }],
        });
      const dry = await service.call(LedgerImport.spec, { text, ownPrefix: true, dryRun: true });
      assert.deepEqual(dry.created, ['hq-1', 'hq-2', 'hq-2.1']);
      assert.equal(service.store.list({ limit: 0 }).length, 0);
      await service.call(LedgerImport.spec, { text, ownPrefix: true });
      const second = service.store.get('hq-2')!;
      assert.deepEqual([second.title, second.dependencies?.[0]?.depends_on_id], ['after hq-1, not kw-12', 'hq-1']);
      assert.equal(service.store.parent('hq-2.1'), 'hq-2');
      assert.equal(service.store.get('hq-1')!.unknown, 7);
      assert.equal((await service.call(LedgerImport.spec, { text, ownPrefix: true })).unchanged, 3, 'once more');
      await refused(
        service.call(LedgerImport.spec, {
          text: line({ id: 'zz-1', title: 'x', created_at: '2026-02-01T00:00:00Z' }),
          ownPrefix: true,
        }),
        /cannot rename zz-1 to hq-1: another bead has this id/,
        'conflict',
      );
      await refused(
        service.call(LedgerImport.spec, {
          text: line({ id: 'a-9', title: 'x' }) + line({ id: 'b-9', title: 'y' }),
          ownPrefix: true,
        }),
        /cannot rename b-9 to hq-9/,
        'conflict',
      );
    });

    it('refuses foreign prefixes, broken lines and conflict markers without importing anything', async () => {
      const good =
        '{"id":"hq-1","title":"t","created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}\n';
      await refused(
        service.call(LedgerImport.spec, { text: good + good.replace('hq-1', 'bd-1') }),
        /Prefix Mismatch Detected: database uses 'hq-' but found issues with prefixes: \[bd-\]/,
      );
      await refused(
        service.call(LedgerImport.spec, { text: `${good}{"id":` }),
        /cannot import: 1 line\(s\) are not beads \(line 2/,
      );
      await refused(service.call(LedgerImport.spec, { text: `<<<<<<< HEAD\n${good}` }), /conflict markers/);
      assert.equal(service.store.list({ limit: 0 }).length, 0);
    });
  });

  it('events name actor, old and new', async () => {
    const { id } = await create('a');
    await service.call(BeadUpdate.spec, { ids: [id], claim: true }, { actor: 'bob' });
    await service.call(BeadClose.spec, { ids: [id], reason: 'done' }, { actor: 'cid' });
    const events = await service.call(BeadEvents.spec, { id });
    assert.deepEqual(
      events.map((event) => [event.type, event.actor, event.old, event.new]),
      [
        ['created', 'ann', undefined, 'open'],
        ['assigned', 'bob', '', 'bob'],
        ['status_changed', 'bob', 'open', 'in_progress'],
        ['closed', 'cid', 'in_progress', 'closed'],
      ],
    );
    assert.equal((await service.call(BeadEvents.spec, { id, limit: 1 }))[0]?.type, 'closed');
  });
});

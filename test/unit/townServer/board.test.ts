import assert from 'node:assert/strict';
import { recordUsage } from '../../../server/src/engine/history/recordUsage';
import path from 'node:path';
import { RigRepository } from '../../../server/src/git/repository';
import { inspectSource } from '../../../server/src/git/source';
import { BeadDiff, BeadPage, boardRequests } from '../../../server/src/protocol/board';
import { BoardWatch } from '../../../server/src/protocol/snapshot';
import { townSchemas } from '../../../server/src/protocol/schemas';
import { commitFiles, makeRepository, sh, tempDir } from '../../helpers/temp';
import { refused } from '../beads/service';
import { BoardTown, type ListedBeads } from './boardTown';

const keysOf = (list: ListedBeads | undefined): string[] =>
  (list?.items ?? []).map((item) => (item.kind === 'group' ? `${item.key} ${item.count}` : item.bead.title));
const allStates = ['ready', 'blocked', 'in_progress', 'in_review', 'failed', 'deferred', 'closed'].map((state) => ({
  key: `state:${state}`,
  limit: 100,
}));

describe('the board', () => {
  let town: BoardTown;
  beforeEach(async () => {
    town = await BoardTown.open();
  });
  const byState = (text = ''): Promise<Record<string, ListedBeads>> =>
    town.board({ grouping: 'state', text, open: allStates });

  it('groups by state, and says why not', async () => {
    const first = await town.add('First', { priority: 1 });
    await town.add('Second', { needs: [first] });
    await town.add('Running', { status: 'in_progress', assignee: 'toy/polecats/nux' });
    await town.add('Reviewed', { status: 'in_review' });
    await town.add('Broken', { status: 'failed' });
    await town.add('Next year', { defer_until: '2027-01-01T00:00:00Z' });
    await town.add('Some day', { status: 'deferred' });
    await town.add('Over', { status: 'closed' });
    await town.add('Stuck', { status: 'blocked' });
    await town.add('A note', { type: 'message' });
    const lists = await byState();
    assert.deepEqual(keysOf(lists['']), [
      'state:ready 1',
      'state:blocked 2',
      'state:in_progress 1',
      'state:in_review 1',
      'state:failed 1',
      'state:deferred 2',
      'state:closed 1',
    ]);
    assert.deepEqual(keysOf(lists['state:ready']), ['First']);
    assert.deepEqual(keysOf(lists['state:deferred']), ['Next year', 'Some day']);
    const blocked = lists['state:blocked']?.items.map((item) =>
      item.kind === 'bead' ? [item.bead.title, item.bead.why] : [],
    );
    assert.deepEqual(blocked, [
      ['Second', [{ kind: 'waits', beads: [{ id: first, title: 'First', status: 'open' }], more: 0 }]],
      ['Stuck', [{ kind: 'status', status: 'blocked' }]],
    ]);
  });

  it('calls ready what "bd ready" does, and blocked what "bd blocked" does', async () => {
    const epic = await town.add('Epic', { type: 'epic' });
    const wall = await town.add('Wall');
    for (let index = 0; index < 60; index++) {
      await town.add(`Bead ${index}`, {
        status:
          (['open', 'open', 'deferred', 'closed', 'pinned', 'in_progress', 'blocked'] as const)[index % 7] ?? 'open',
        type: ['task', 'bug', 'gate', 'chore'][index % 4] ?? 'task',
        needs: index % 5 === 0 ? [wall] : [],
        ...(index % 6 === 0 ? { parent: epic } : {}),
        ...(index % 9 === 0 ? { defer_until: index % 2 ? '2026-01-01T00:00:00Z' : '2027-01-01T00:00:00Z' } : {}),
      });
    }
    const idsOf = (list: ListedBeads | undefined): string[] =>
      (list?.items ?? []).flatMap((item) => (item.kind === 'bead' ? [item.bead.id] : [])).sort();
    const lists = await byState();
    const { store } = town.service;
    assert.deepEqual(
      idsOf(lists['state:ready']),
      store
        .ready({ limit: 0 })
        .map((bead) => bead.id)
        .sort(),
    );
    const blocked = new Set(idsOf(lists['state:blocked']));
    for (const bead of store.blocked()) {
      const elsewhere =
        ['in_progress', 'deferred'].includes(bead.status) ||
        (bead.defer_until ?? '') > '2026-03-02' ||
        bead.issue_type === 'gate';
      assert.ok(elsewhere || blocked.has(bead.id), bead.title);
    }
    for (const item of lists['state:blocked']?.items ?? [])
      assert.ok(item.kind === 'bead' && item.bead.why.length > 0, JSON.stringify(item));
    for (const item of lists['state:deferred']?.items ?? [])
      assert.ok(item.kind === 'bead' && item.bead.why[0]?.kind === 'deferred', JSON.stringify(item));
  });

  it('knows what only the engine waits for', async () => {
    const mine = await town.add('Mine', { assignee: 'ann' });
    const held = await town.add('Held', { metadata: { gastown: { held: true } } });
    const hot = await town.add('Hot', { metadata: { gastown: { notBefore: '2026-03-01T12:05:00Z' } } });
    const asks = await town.add('Asks');
    const unmerged = await town.add('Unmerged', { status: 'closed' });
    const after = await town.add('After', { needs: [unmerged] });
    await town.add('Merge', {
      type: 'merge_request',
      metadata: { merge: { source: unmerged, rig: 'toy', branch: 'b', commit: 'c', worker: 'w' } },
    });
    await town.convoy(mine, held, hot, asks);
    town.unconsented.add(asks);
    const why = async (): Promise<Record<string, unknown>> => {
      const lists = await byState();
      assert.deepEqual(keysOf(lists['state:ready']), []);
      const entries = (lists['state:blocked']?.items ?? []).flatMap((item): [string, unknown][] =>
        item.kind === 'bead' ? [[item.bead.id, item.bead.why]] : [],
      );
      return Object.fromEntries(entries);
    };
    assert.deepEqual(await why(), {
      [mine]: [{ kind: 'person', name: 'ann' }],
      [held]: [{ kind: 'stopped' }],
      [hot]: [{ kind: 'backoff', until: '2026-03-01T12:05:00.000Z' }],
      [asks]: [{ kind: 'consent', what: 'runtime', name: 'claude' }],
      [after]: [{ kind: 'unmerged', beads: [{ id: unmerged, title: 'Unmerged', status: 'closed' }], more: 0 }],
    });
    town.accepted = false;
    assert.deepEqual((await why())[asks], [{ kind: 'consent', what: 'rig', name: 'toy' }]);
  });

  it('groups by epic with progress, and by rig', async () => {
    const epic = await town.add('Big thing', { type: 'epic' });
    const inner = await town.add('Inner', { parent: epic });
    await town.add('Leaf', { parent: inner, status: 'closed' });
    await town.add('Done part', { parent: epic, status: 'closed' });
    await town.add('Alone');
    await town.add('In town', { ledger: 'hq' });
    const tree = await town.board({
      grouping: 'epic',
      open: [`epic:${epic}`, `epic:${inner}`, 'loose'].map((key) => ({ key, limit: 10 })),
    });
    assert.deepEqual(keysOf(tree['']), ['Big thing', 'loose 2']);
    assert.deepEqual(keysOf(tree[`epic:${epic}`]), ['Inner', 'Done part']);
    assert.deepEqual(keysOf(tree[`epic:${inner}`]), ['Leaf']);
    assert.deepEqual(keysOf(tree['loose']).sort(), ['Alone', 'In town']);
    const [top] = tree['']?.items ?? [];
    assert.deepEqual(top?.kind === 'bead' && top.bead.progress, { done: 1, total: 2 });
    const rigs = await town.board({
      grouping: 'rig',
      open: ['rig:toy', 'rig:toy/ready', 'rig:gone', 'state:nonsense', 'x'].map((key) => ({ key, limit: 10 })),
    });
    assert.deepEqual(keysOf(rigs['']), ['rig:toy 3', 'rig:hq 1']);
    assert.deepEqual(keysOf(rigs['rig:toy']), ['rig:toy/ready 3', 'rig:toy/closed 2']);
    assert.deepEqual(keysOf(rigs['rig:toy/ready']), ['Big thing', 'Inner', 'Alone']);
    assert.deepEqual(Object.keys(rigs).sort(), ['', 'rig:toy', 'rig:toy/ready'], 'a list that is gone is not an error');
  });

  it('finds by every word: title, id, label, assignee, type; in a tree with what leads there', async () => {
    const epic = await town.add('Search', { type: 'epic' });
    const hit = await town.add('Index the Titles', {
      parent: epic,
      labels: ['Frontend'],
      assignee: 'ann',
      type: 'bug',
    });
    await town.add('Other', { parent: epic });
    for (const text of ['index titles', hit, 'frontend', 'ann bug', '  TITLES  ']) {
      assert.deepEqual(keysOf((await byState(text))['state:ready']), ['Index the Titles'], text);
    }
    for (const text of ["'; DROP TABLE beads; --", '%', 'index nothing', 'u']) {
      assert.deepEqual(
        keysOf((await byState(text))['']).filter((key) => key.includes('closed')),
        [],
        text,
      );
    }
    const tree = await town.board({
      grouping: 'epic',
      text: 'titles',
      open: [{ key: `epic:${epic}`, limit: 10 }],
    });
    assert.deepEqual([keysOf(tree['']), keysOf(tree[`epic:${epic}`])], [['Search'], ['Index the Titles']]);
  });

  it('gives pages of a large ledger', async () => {
    await town.service.store.batch({ actor: 'ann' }, (tx) => {
      const ids: string[] = [];
      for (let index = 0; index < 3_000; index++) {
        const bead = tx.create('toy', { title: `Bead ${index}`, status: index % 3 === 0 ? 'closed' : 'open' });
        ids.push(bead.id);
        if (index % 4 === 0 && index > 0) tx.addDependency(bead.id, ids[index - 1] as string, 'blocks');
      }
    });
    const lists = await town.board({
      grouping: 'state',
      open: [
        { key: 'state:ready', limit: 100 },
        { key: 'state:blocked', limit: 100 },
        { key: 'state:closed', limit: 20 },
      ],
    });
    assert.equal(lists['state:ready']?.items.length, 100);
    assert.ok((lists['state:ready']?.total ?? 0) > 1_200);
    assert.equal(lists['state:closed']?.items.length, 20);
    assert.equal(lists['state:closed']?.total, 1_000);
  }).timeout(60_000);

  it('refuses what makes no sense', () => {
    const schema = townSchemas.get(BoardWatch.spec.method)!;
    const parse = (input: unknown): unknown => schema.parse(input);
    const board = { grouping: 'state', text: '', open: [] };
    assert.ok(parse({ board }));
    for (const wrong of [
      { grouping: 'colour' },
      { open: [{ key: 'x', limit: 1e9 }] },
      { open: Array.from({ length: 300 }, () => ({ key: 'x', limit: 1 })) },
    ])
      assert.throws(() => parse({ board: { ...board, ...wrong } }), JSON.stringify(wrong));
    for (const spec of [BoardWatch.spec, ...boardRequests]) assert.equal(spec.access, 'read');
  });
});

describe('the page of a bead', () => {
  it('tells who worked on it and how that ended, what is asked of the next, and why nobody begins', async () => {
    const town = await BoardTown.open();
    const bead = await town.add('Work', {
      metadata: { gastown: { branch: 'polecat/nux/x', feedback: 'npm test ended with 1', problem: 'npm test' } },
    });
    const { store, now } = town.service;
    const nux = 'toy/polecats/nux';
    const at = async (actor: string, work: Parameters<typeof store.batch>[1]): Promise<void> => {
      now.value += 60_000;
      await store.batch({ actor }, work);
    };
    await at('deacon', (tx) => {
      tx.update(bead, { status: 'hooked', assignee: nux });
      tx.event({ type: 'slung', bead, agent: nux });
    });
    await at('toy/witness', (tx) => tx.update(bead, { status: 'in_progress' }));
    await at('toy/witness', (tx) => tx.event({ type: 'session_died', bead, agent: nux }));
    await at(nux, (tx) => {
      tx.update(bead, { status: 'in_review' });
      tx.event({ type: 'done', bead, agent: nux });
    });
    const merge = { source: bead, rig: 'toy', branch: 'polecat/nux/x', commit: 'abc', worker: nux };
    const request = await town.add('Merge: Work', { type: 'merge_request', metadata: { merge } });
    await at('toy/refinery', (tx) => {
      tx.close(request, 'Sent back: npm test', { force: true });
      tx.update(bead, { status: 'hooked' });
      tx.event({ type: 'attempt_failed', bead, agent: nux, message: 'npm test' });
    });
    await at('toy/witness', (tx) => tx.update(bead, { status: 'in_progress' }));
    await at('ann', (tx) => tx.update(bead, { status: 'hooked' }));
    await at('toy/witness', (tx) => tx.update(bead, { status: 'in_progress' }));
    const page = await town.call(BeadPage.spec, { id: bead });
    assert.deepEqual(
      page.sessions.map((one) => [one.agent, one.attempt, one.end, one.restarts]),
      [
        [nux, 1, 'sent_back', 1],
        [nux, 2, 'stopped', 0],
        [nux, 2, undefined, 0],
      ],
    );
    assert.equal(page.sessions[0]?.message, 'npm test');
    assert.deepEqual(page.usage, []);
    const used = { model: 'opus', input: 1_000_000, output: 0, cache_read: 0, cache_write: 0 };
    await recordUsage(store, { agent: nux, bead, at: new Date() }, { id: 'c', tokens: [used] });
    assert.deepEqual((await town.call(BeadPage.spec, { id: bead })).usage, [{ by: nux, ...used, cost: 5 }]);
    assert.deepEqual(
      page.merges.map((one) => [one.id, one.status, one.reason, one.worker]),
      [[request, 'closed', 'Sent back: npm test', nux]],
    );
    assert.equal(page.feedback, 'npm test ended with 1');
    assert.ok(page.merges[0]?.events.some((event) => event.type === 'closed'));
  });

  it('says what a ready bead waits for, and refuses one that is not there', async () => {
    const town = await BoardTown.open();
    const bead = await town.add('Loose');
    const kinds = async (id: string): Promise<string[]> =>
      (await town.call(BeadPage.spec, { id })).why.map((reason) => reason.kind);
    assert.deepEqual(await kinds(bead), ['unslung']);
    assert.deepEqual(await kinds(await town.add('Epic', { type: 'epic' })), ['type']);
    await town.convoy(bead);
    assert.deepEqual(await kinds(bead), []);
    town.up = false;
    assert.deepEqual(await kinds(bead), ['paused']);
    await refused(town.call(BeadPage.spec, { id: 'toy-none' }), /toy-none/, 'not-found');
    await refused(town.call(BeadDiff.spec, { id: 'toy-none' }), /toy-none/, 'not-found');
  });
});

describe('the diff of a bead', () => {
  let town: BoardTown;
  let project: string;
  before(async () => {
    town = await BoardTown.open();
    project = makeRepository({ 'a.txt': 'one\n' });
    town.repository = new RigRepository(path.join(tempDir('diff'), '.repo.git'), await inspectSource(project));
    await town.repository.create();
  });
  const git = (...args: string[]): string => sh(town.repository?.directory ?? '', 'git', ...args);
  const withWork = (work: object): Promise<string> => town.add('Work', { metadata: { gastown: work } });
  const diff = async (id: string, maxBytes?: number) =>
    town.call(BeadDiff.spec, { id, ...(maxBytes ? { maxBytes } : {}) });

  it('is the branch against where it began, and after the merge the commit that landed', async () => {
    const commit = commitFiles(project, { 'a.txt': 'one\ntwo\n', 'b.txt': '```\nfence\n' }, 'Work');
    git('fetch', '--quiet', project, `${commit}:refs/heads/polecat/nux/toy-1@x`);
    const branch = await diff(await withWork({ branch: 'polecat/nux/toy-1@x' }));
    assert.deepEqual(
      [branch.kind, branch.files, branch.insertions, branch.deletions, branch.truncated],
      ['branch', 2, 3, 0, false],
    );
    assert.match(branch.text, /^\+two$/m);
    assert.match(branch.text, /^\+```$/m);
    const merged = await diff(await withWork({ branch: 'polecat/nux/gone', merged: commit }));
    assert.deepEqual([merged.kind, merged.head, merged.files], ['merged', commit, 2]);
    const root = git('rev-list', '--max-parents=0', commit);
    assert.match(
      (await diff(await withWork({ merged: root }))).text,
      /^\+one$/m,
      'a first commit is compared with nothing',
    );
  });

  it('is cut at a line where it is too long', async () => {
    const commit = commitFiles(
      project,
      { 'long.txt': Array.from({ length: 50_000 }, (_unused, index) => `line ${index} ü`).join('\n') },
      'Long',
    );
    git('fetch', '--quiet', project, `${commit}:refs/heads/long`);
    const cut = await diff(await withWork({ branch: 'long' }), 5_000);
    assert.equal(cut.truncated, true);
    assert.equal(cut.insertions, 50_003);
    assert.ok(Buffer.byteLength(cut.text) <= 5_000 && cut.text.endsWith('\n'));
  });

  it('says why there is none, and takes no name for an option, a path or another ref', async () => {
    assert.match((await diff(await town.add('Fresh'))).reason ?? '', /no agent/);
    for (const branch of [
      '--output=/tmp/x',
      '../../HEAD',
      'a..b',
      '@{-1}',
      'no such',
      'HEAD',
      'remotes/origin/main',
      '',
    ]) {
      const result = await diff(await withWork({ branch }));
      assert.deepEqual([result.kind, result.text], ['none', ''], branch);
    }
    for (const merged of ['--all', 'HEAD', 'main', '0'.repeat(40)])
      assert.equal((await diff(await withWork({ merged }))).kind, 'none', merged);
    const other = await town.add('Elsewhere', { ledger: 'hq', metadata: { gastown: { branch: 'long' } } });
    assert.match((await diff(other)).reason ?? '', /its rig is not here/);
  });
});

import assert from 'node:assert/strict';
import path from 'node:path';
import { withWork } from '../../../server/src/engine/state/work';
import { RigRepository } from '../../../server/src/git/repository';
import { listSnapshots } from '../../../server/src/git/snapshots';
import { inspectSource } from '../../../server/src/git/source';
import { SnapshotPruning } from '../../../server/src/townServer/maintenance/snapshotPruning';
import { makeRepository, sh, tempDir } from '../../helpers/temp';
import { openService, type Service } from '../beads/service';

const DAY_MS = 24 * 3600_000;

describe('snapshots of worktrees', () => {
  let service: Service;
  let repository: RigRepository;
  let pruning: SnapshotPruning;
  let base: string;
  const git = (...args: string[]): string => sh(repository.directory, 'git', ...args);
  const labels = async (): Promise<string[]> => (await listSnapshots(repository)).map(({ label }) => label).sort();
  const prune = (now = service.now.value): Promise<string[]> => pruning.prune(repository, now);

  beforeEach(async () => {
    service = await openService();
    repository = new RigRepository(
      path.join(tempDir('prune'), '.repo.git'),
      await inspectSource(makeRepository({ 'a.txt': 'a' })),
    );
    await repository.create();
    await repository.fetch();
    base = (await repository.tip())!;
    pruning = new SnapshotPruning(service.store, { keep: 2, maxAgeMs: 30 * DAY_MS });
  });

  const commit = (message: string, parent = base): string =>
    git('commit-tree', '-p', parent, '-m', message, `${base}^{tree}`);

  /** A bead whose agent submitted `tip`, of which `snapshot` is kept. Merged, if `landed` is given. */
  async function work(name: string, tip: string, snapshot = tip, landed?: string): Promise<string> {
    service.now.value += 60_000;
    const { store } = service;
    const id = await store.batch({ actor: 'refinery' }, (tx) => {
      const bead = tx.create('toy', { title: name });
      const request = tx.create('toy', {
        title: `Merge ${name}`,
        type: 'merge_request',
        metadata: {
          merge: { source: bead.id, rig: 'toy', branch: 'b', commit: tip, worker: 'w', candidate: landed },
        },
      });
      if (landed !== undefined) {
        tx.update(bead.id, { metadata: withWork(bead, { merged: landed }) });
        tx.close(request.id, 'merged');
        tx.close(bead.id, 'merged');
      }
      return bead.id;
    });
    git('update-ref', `refs/gastown/snapshots/${id}/try`, snapshot);
    return `${id}/try`;
  }

  /** What was merged one after another: the target holds all of it. */
  async function land(...names: string[]): Promise<string[]> {
    const found: string[] = [];
    let tip = base;
    for (const name of names) {
      tip = commit(`Landed ${name}`, tip);
      git('update-ref', `refs/remotes/origin/${repository.landing}`, tip);
      found.push(await work(name, commit(name), undefined, tip));
    }
    return found;
  }

  it('of merged work are kept for the newest few', async () => {
    const [first, second, third, fourth] = await land('one', 'two', 'three', 'four');
    assert.deepEqual((await prune()).sort(), [first, second].sort());
    assert.deepEqual(await labels(), [third, fourth].sort());
    assert.deepEqual(await prune(), []);
  });

  it('of merged work are kept for a while', async () => {
    const [only] = await land('one');
    assert.deepEqual(await prune(service.now.value + 29 * DAY_MS), []);
    assert.deepEqual(await prune(service.now.value + 31 * DAY_MS), [only]);
  });

  it('of an earlier state of what was merged go with it', async () => {
    const [label] = await land('one');
    const bead = label!.split('/')[0]!;
    git('update-ref', `refs/gastown/snapshots/${bead}/before`, base);
    assert.deepEqual((await prune(service.now.value + 31 * DAY_MS)).sort(), [`${bead}/before`, label]);
  });

  for (const [what, makeIt] of [
    ['that waits to be merged', () => work('open', commit('open'))],
    [
      'with files that nobody committed',
      async () => {
        const [label] = await land('clean');
        git('update-ref', `refs/gastown/snapshots/${label}`, commit('Snapshot of it', git('rev-parse', base)));
        return label!;
      },
    ],
    [
      'with a repository inside',
      async () => {
        const [label] = await land('nested');
        git('update-ref', `refs/gastown/nested/${label}/0`, base);
        return label!;
      },
    ],
    [
      'whose merge the target has lost',
      async () => {
        const landed = commit('Landed');
        git('update-ref', `refs/remotes/origin/${repository.landing}`, commit('Another history'));
        return work('lost', commit('lost'), undefined, landed);
      },
    ],
    [
      'of a bead that was opened again',
      async () => {
        const [label] = await land('again');
        await service.store.batch({ actor: 'ann' }, (tx) => tx.reopen(label!.split('/')[0]!, 'not good'));
        return label!;
      },
    ],
    [
      'of a bead that nobody knows',
      async () => {
        git('update-ref', 'refs/gastown/snapshots/toy-unknown/try', commit('unknown'));
        return 'toy-unknown/try';
      },
    ],
    [
      'of a bead that a person closed',
      async () => {
        const label = await work('closed', commit('closed'));
        await service.store.batch({ actor: 'ann' }, (tx) => tx.close(label.split('/')[0]!, 'no longer wanted'));
        return label;
      },
    ],
  ] as const)
    it(`of work ${what} are never removed, however old and many`, async () => {
      const kept = await makeIt();
      await land('one', 'two', 'three');
      assert.ok(!(await prune(service.now.value + 1000 * DAY_MS)).includes(kept));
      assert.deepEqual(await labels(), [kept]);
    });
});

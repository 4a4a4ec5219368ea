import assert from 'node:assert/strict';
import fc from 'fast-check';
import { matchesPath, patternsMeet } from '../../../server/src/base/pathGlob';
import { dispatch } from '../../../server/src/engine/dispatch/dispatchRule';
import { hook } from '../../../server/src/engine/dispatch/hook';
import { declaredFiles, overlapOf } from '../../../server/src/engine/dispatch/overlaps';
import { StaleAction } from '../../../server/src/engine/loop/context';
import { overlappingWork } from '../../../server/src/engine/mergeQueue/overlap';
import { inTurns, type Turn } from '../../../server/src/engine/mergeQueue/turns';
import type { RigView, TownView, WorkView } from '../../../server/src/engine/state/townView';
import type { Bead } from '../../../server/src/protocol/bead';
import { NO_FILES } from '../../helpers/noFiles';
import { EngineTown } from './engineTown';

const NOW = 1_000_000_000;
const HOUR = 3_600_000;

describe('patterns of paths', () => {
  it('match within a folder, across folders, and all that is in a folder', () => {
    for (const [pattern, path, expected] of [
      ['src/a.ts', 'src/a.ts', true],
      ['src/a.ts', 'src/b.ts', false],
      ['src', 'src/deep/a.ts', true],
      ['src/*.ts', 'src/a.ts', true],
      ['src/*.ts', 'src/deep/a.ts', false],
      ['src/**/*.ts', 'src/a.ts', true],
      ['src/**/*.ts', 'src/x/y/a.ts', true],
      ['src/**/*.ts', 'test/a.ts', false],
      ['**', 'a', true],
      ['./src/?.ts', 'src/a.ts', true],
      ['', 'a', false],
    ] as const)
      assert.equal(matchesPath(pattern, path), expected, `${pattern} ${path}`);
  });

  it('meet where a path can match both (property)', () => {
    const part = fc.constantFrom('a', 'b', '*', '**', 'a*', '?');
    const pattern = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
    const path = fc
      .array(fc.constantFrom('a', 'b', 'ab'), { minLength: 1, maxLength: 5 })
      .map((parts) => parts.join('/'));
    fc.assert(
      fc.property(pattern, pattern, path, (one, other, file) => {
        if (matchesPath(one, file) && matchesPath(other, file)) assert.ok(patternsMeet(one, other), `${one} ${other}`);
        assert.equal(patternsMeet(one, other), patternsMeet(other, one));
      }),
    );
    assert.equal(patternsMeet('src/a', 'test/**'), false);
    assert.equal(patternsMeet('src/*.ts', 'src/a.md'), false);
  });
});

describe('the order of the queue', () => {
  const turn = (id: string, files?: string[], more: Partial<Turn> = {}): Turn => ({
    ...{ id, files, order: 0, priority: 2, createdAt: NOW, convoyCreatedAt: 0, retries: 0 },
    ...more,
  });
  const ids = (queue: readonly Turn[]): string[] => inTurns(queue, NOW + HOUR).map(({ id }) => id);

  it('brings what is disjoint first among equals', () => {
    assert.deepEqual(ids([turn('a', ['x']), turn('b', ['x', 'y']), turn('c', ['z'])]), ['a', 'c', 'b']);
    assert.deepEqual(
      ids([turn('a', ['x']), turn('b', ['x']), turn('c')]),
      ['a', 'c', 'b'],
      'what is not known overlaps with nothing',
    );
  });

  it('leaves priorities, places and those that wait longer alone', () => {
    assert.deepEqual(ids([turn('a', ['x'], { priority: 0 }), turn('b', ['x'], { priority: 0 }), turn('c', ['z'])]), [
      'a',
      'b',
      'c',
    ]);
    const old = { createdAt: NOW - 2 * HOUR };
    assert.deepEqual(ids([turn('a', ['x'], old), turn('b', ['x'], old), turn('c', ['z'])]), ['a', 'b', 'c']);
    assert.deepEqual(ids([turn('a', ['x']), turn('b', ['x']), turn('c', ['z'], { order: 1 })]), ['a', 'b', 'c']);
  });

  it('has each request once, and is passed by nobody that waited an hour less (property)', () => {
    const request = fc.record({
      files: fc.option(fc.subarray(['x', 'y', 'z'])),
      waited: fc.integer({ min: 0, max: 5 }),
      priority: fc.integer({ min: 0, max: 2 }),
    });
    fc.assert(
      fc.property(fc.array(request, { maxLength: 12 }), (list) => {
        const queue = list.map(({ files, waited, priority }, index) =>
          turn(`r${index}`, files ?? undefined, { priority, createdAt: NOW - waited * HOUR }),
        );
        const ordered = inTurns(queue, NOW);
        assert.deepEqual(new Set(ordered), new Set(queue));
        for (const [index, later] of ordered.entries())
          for (const earlier of ordered.slice(0, index)) {
            assert.ok(earlier.priority <= later.priority);
            if (earlier.priority === later.priority) assert.ok(earlier.createdAt - later.createdAt < HOUR);
          }
      }),
    );
  });
});

describe('beads that would touch the same files', () => {
  const rig = (more: Partial<RigView> = {}): RigView =>
    ({
      ...{ name: 'toy', accepted: true, maxWorkers: 4, spawnDelayMs: 0, lastSpawnAt: 0, crashLooping: false },
      ...{ avoidOverlap: true, pool: ['rust', 'nux', 'dag'] },
      ...more,
    }) as unknown as RigView;
  const work = (id: string, more: Partial<WorkView> = {}): WorkView =>
    ({
      ...{ id, rig: 'toy', status: 'open', priority: 2, createdAt: 1, revision: 'r', blocked: false, slung: true },
      ...{ held: false, waitsForStep: false, consented: true, notBefore: 0, submitted: false },
      ...more,
    }) as unknown as WorkView;
  const view = (list: WorkView[], more: Partial<RigView> = {}): TownView =>
    ({ now: NOW, rigs: [rig(more)], work: list, worktrees: [], sessions: [] }) as unknown as TownView;
  const hooked = (town: TownView): string[] =>
    dispatch(town).flatMap((action) => (action.type === 'hook' ? [action.bead] : []));
  const running = work('a', { status: 'in_progress', assignee: 'toy/polecats/rust', touched: ['src/a.ts'] });

  it('wait for work on them, where the rig avoids that', () => {
    const wants = work('b', { files: ['src/*.ts'] });
    assert.deepEqual(hooked(view([running, wants])), []);
    assert.deepEqual(hooked(view([running, wants], { avoidOverlap: false })), ['b']);
    assert.deepEqual(hooked(view([running, work('b', { files: ['docs'] })])), ['b']);
    assert.deepEqual(hooked(view([running, work('b')])), ['b'], 'what says nothing waits for nothing');
    const inReview = { ...running, status: 'in_review' as const };
    assert.deepEqual(hooked(view([inReview, wants])), [], 'it is not merged yet');
    assert.deepEqual(hooked(view([{ ...running, rig: 'lib' }, wants])), ['b'], 'another rig');
  });

  it('are not started together, either', () => {
    assert.deepEqual(hooked(view([work('a', { files: ['src/a.ts'] }), work('b', { files: ['src'] })])), ['a']);
  });

  it('name the work and the files that they wait for', () => {
    const seen = view([running, work('b', { files: ['src/*.ts'] })]);
    assert.deepEqual(overlapOf(seen, rig(), seen.work[1]!), { id: 'a', files: ['src/a.ts'] });
    assert.equal(overlappingWork([], [{ id: 'a', declared: ['x'], touched: ['x'] }]), undefined);
  });

  it('say which files in a list or a text; what does not fit is left out', () => {
    const declared = (files: unknown): string[] => declaredFiles({ metadata: { files } } as unknown as Bead);
    assert.deepEqual(declared(['src/a.ts', 3, ' ', 'x'.repeat(400)]), ['src/a.ts']);
    assert.deepEqual(declared('src/a.ts, docs'), ['src/a.ts', 'docs']);
    for (const nothing of [undefined, 7, {}, null]) assert.deepEqual(declared(nothing), []);
    assert.equal(declared(Array.from({ length: 900 }, (_, index) => `f${index}`)).length, 50);
  });

  it('are looked at once more right before the start: the branches may have moved', async () => {
    const town = await EngineTown.open();
    await town.hooked();
    const { id, updated_at: revision } = await town.create({ title: 'Two', metadata: { files: ['src'] } });
    const read: string[] = [];
    let files: readonly string[] = ['src/a.ts'];
    Object.assign(town.rig, {
      avoidOverlap: true,
      files: {
        ...NO_FILES,
        readBranches: async (branches: readonly string[]) => read.push(...branches) > 0,
        ofBranch: () => files,
      },
    });
    const start = (): Promise<void> =>
      hook({ type: 'hook', bead: id, rig: 'toy', name: 'nux', revision }, town.context);
    await assert.rejects(start(), (error) => error instanceof StaleAction && /same files as toy-/.test(error.message));
    assert.deepEqual(read, ['polecat/rust/one']);
    files = ['docs/a.md'];
    await start();
    assert.equal(town.bead(id).status, 'hooked');
  });
});

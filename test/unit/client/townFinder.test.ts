import assert from 'node:assert/strict';
import path from 'node:path';
import { findTown, sourceKey, type FinderInput, type FolderFacts } from '../../../client/src/connection/townFinder';

const folder = (at: string, more: Partial<FolderFacts> = {}): FolderFacts => ({
  path: at,
  townRoot: undefined,
  repository: undefined,
  ...more,
});
const repository = (root: string, ...remotes: string[]) => folder(root, { repository: { root, remotes } });
const input = (more: Partial<FinderInput>): FinderInput => ({
  trusted: true,
  folders: [],
  towns: [],
  setting: undefined,
  chosen: undefined,
  ...more,
});
const gt = (...rigs: [string, string][]) => ({
  root: '/home/me/gt',
  name: 'gt',
  rigs: rigs.map(([name, source]) => ({ name, source })),
});

describe('the town of a window', () => {
  it('is only one that the person created, in a window without trust', () => {
    const untrusted = (more: Partial<FinderInput>) => findTown(input({ trusted: false, ...more }));
    assert.deepEqual(untrusted({ folders: [folder('/home/me/gt')], towns: [gt()] }), {
      kind: 'town',
      root: '/home/me/gt',
      why: 'folder',
    });
    assert.deepEqual(untrusted({ folders: [repository('/src/toy')], towns: [gt(['toy', '/src/toy'])] }), {
      kind: 'town',
      root: '/home/me/gt',
      why: 'rig',
      rig: 'toy',
    });
    for (const folders of [[], [folder('/x')], [repository('/y')], [folder('/repo/sub', { townRoot: '/repo' })]]) {
      assert.deepEqual(untrusted({ folders, towns: [gt()] }), { kind: 'untrusted' });
    }
  });

  it('is the one that contains the folder', () => {
    for (const at of ['/home/me/gt', '/home/me/gt/toy/polecats/nux/rig']) {
      assert.deepEqual(findTown(input({ folders: [folder(at)], towns: [gt()] })), {
        kind: 'town',
        root: '/home/me/gt',
        why: 'folder',
      });
    }
    assert.equal(findTown(input({ folders: [folder('/home/me/gt-other')], towns: [gt()] })).kind, 'noRepository');
    assert.equal(
      findTown(input({ folders: [folder('/home/me/..gt')], towns: [{ ...gt(), root: '/home/me' }] })).kind,
      'town',
    );
  });

  it('is the one with a rig from the open repository, by path or remote', () => {
    const towns = [gt(['lib', 'https://github.com/me/lib.git'], ['toy', '/src/toy'])];
    assert.deepEqual(findTown(input({ folders: [repository('/src/toy')], towns })), {
      kind: 'town',
      root: '/home/me/gt',
      why: 'rig',
      rig: 'toy',
    });
    assert.deepEqual(findTown(input({ folders: [repository('/elsewhere', 'git@github.com:me/lib')], towns })), {
      kind: 'town',
      root: '/home/me/gt',
      why: 'rig',
      rig: 'lib',
    });
    assert.equal(
      findTown(input({ folders: [repository('/elsewhere', 'git@github.com:me/lib2')], towns })).kind,
      'noTown',
    );
  });

  it('is the one of the setting, then the chosen one, if they are known', () => {
    const towns = [gt(), { root: '/other', name: 'other', rigs: [] }];
    assert.deepEqual(findTown(input({ towns, setting: '/other', chosen: '/home/me/gt' })), {
      kind: 'town',
      root: '/other',
      why: 'setting',
    });
    assert.deepEqual(findTown(input({ towns, chosen: '/home/me/gt' })), {
      kind: 'town',
      root: '/home/me/gt',
      why: 'chosen',
    });
    assert.deepEqual(findTown(input({ towns, chosen: '/gone' })), { kind: 'noFolder' });
  });

  it('is never one that a folder or its settings ship', () => {
    assert.deepEqual(findTown(input({ folders: [folder('/repo/sub', { townRoot: '/repo' })] })), {
      kind: 'unregistered',
      root: '/repo',
    });
    assert.deepEqual(findTown(input({ folders: [repository('/repo')], setting: '/repo/evil' })), {
      kind: 'unregistered',
      root: '/repo/evil',
    });
  });

  it('reports what is missing', () => {
    assert.deepEqual(findTown(input({ towns: [gt()] })), { kind: 'noFolder' });
    assert.deepEqual(findTown(input({ folders: [folder('/x')] })), { kind: 'noRepository' });
    assert.deepEqual(findTown(input({ folders: [folder('/x'), repository('/y')] })), {
      kind: 'noTown',
      repository: '/y',
    });
  });

  it('supports Windows paths', () => {
    const towns = [{ root: 'C:\\gt', name: 'gt', rigs: [] }];
    assert.equal(findTown(input({ folders: [folder('C:\\gt\\toy')], towns }), path.win32).kind, 'town');
    assert.equal(findTown(input({ folders: [folder('D:\\gt\\toy')], towns }), path.win32).kind, 'noRepository');
  });

  it('treats all spellings of a remote as the same', () => {
    const spellings = [
      'https://github.com/me/lib.git',
      'https://token@GitHub.com/me/lib',
      'git@github.com:me/lib.git',
      'ssh://git@github.com:22/me/lib/',
      'github.com:me/lib',
    ];
    assert.deepEqual([...new Set(spellings.map(sourceKey))], ['github.com/me/lib']);
    assert.equal(sourceKey('file:///srv/lib.git'), '/srv/lib');
    assert.equal(sourceKey('/srv/lib.git/'), '/srv/lib');
    assert.equal(sourceKey('C:\\src\\lib'), 'C:\\src\\lib');
  });
});

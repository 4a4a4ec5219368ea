import assert from 'node:assert/strict';
import {
  isExternal,
  parseReference,
  referenceRanges,
  repositoryOf,
  tryParse,
} from '../../../server/src/beads/external/reference';
import { candidatesFor, type KnownProject } from '../../../server/src/beads/external/projects';

describe('references to other projects', () => {
  it('have two forms', () => {
    assert.deepEqual(parseReference('external:lib:login:v2'), {
      text: 'external:lib:login:v2',
      project: 'lib',
      repository: undefined,
      item: 'login:v2',
    });
    assert.deepEqual(parseReference('beads://GitHub.com/Acme/Lib.git/lib-a1b2c'), {
      text: 'beads://GitHub.com/Acme/Lib.git/lib-a1b2c',
      project: 'Lib',
      repository: 'github.com/acme/lib',
      item: 'lib-a1b2c',
    });
    assert.equal(tryParse('beads://host:8443/group/sub/lib/lib-1.2')?.repository, 'host:8443/group/sub/lib');
    for (const bad of [
      'external:',
      'external:lib',
      'external::x',
      'external:l b:x',
      'external:lib: x',
      'beads://',
      'beads://h/o/lib-1',
    ])
      assert.throws(() => parseReference(bad), /invalid external reference/, bad);
    for (const bad of [
      'beads://h/../lib/lib-1',
      'beads://h/o/lib/',
      'beads://h/o/lib/a b',
      `external:lib:${'x'.repeat(500)}`,
    ])
      assert.throws(() => parseReference(bad), /invalid external reference/, bad);
    assert.deepEqual(['external:x', 'beads://x', 'app-1', 'externals-1'].map(isExternal), [true, true, false, false]);
  });

  it('lie in ranges of texts that hold nothing else', () => {
    const inRange = (text: string): boolean => referenceRanges.some(([from, to]) => text >= from && text < to);
    for (const text of ['external:a:b', 'external:~:~', 'beads://h/o/r/i', 'beads://~'])
      assert.equal(inRange(text), true, text);
    for (const text of ['external', 'external-1', 'beads-1', 'beads:/x', 'app-1'])
      assert.equal(inRange(text), false, text);
  });

  it('know a repository by each form of its address', () => {
    for (const address of [
      'https://github.com/acme/lib.git',
      'https://user:secret@GitHub.com/Acme/lib/',
      'ssh://git@github.com:22/acme/lib.git',
      'git@github.com:acme/lib.git',
      'github.com:acme/lib',
    ])
      assert.equal(repositoryOf(address), 'github.com/acme/lib', address);
    for (const address of ['/srv/git/lib.git', 'file:///srv/git/lib.git', 'C:\\work\\lib', 'c:/work/lib', '../lib', ''])
      assert.equal(repositoryOf(address), undefined, address);
  });

  it('find the project by repository, then by name, then by prefix', () => {
    const project = (name: string, repository?: string, prefix?: string): KnownProject => ({
      name,
      directory: `/p/${name}`,
      repository,
      prefix,
    });
    const known = [
      project('lib', 'github.com/other/lib', 'lib-'),
      project('toolkit', 'github.com/acme/lib', 'tk-'),
      project('routed', undefined, 'rt-'),
    ];
    const names = (text: string): string[] => candidatesFor(parseReference(text), known).map(({ name }) => name);
    assert.deepEqual(names('beads://github.com/acme/lib/tk-1'), ['toolkit']);
    assert.deepEqual(names('external:lib:lib-1'), ['lib']);
    assert.deepEqual(names('external:tk:tk-1'), ['toolkit']);
    assert.deepEqual(names('beads://github.com/acme/else/rt-1'), ['routed']);
    assert.deepEqual(names('beads://github.com/acme/routed/x-1'), ['routed']);
    // Another repository is another project, although name and prefix fit.
    assert.deepEqual(names('beads://gitlab.com/acme/lib/lib-1'), []);
    assert.deepEqual(names('external:nothing:tk-1'), []);
  });
});

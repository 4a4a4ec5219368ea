import assert from 'node:assert/strict';
import path from 'node:path';
import { linkTo, readLink } from '../../../client/src/features/links/townLink';
import { binFolders, earlierOnPath, profileLine } from '../../../client/src/features/commandLine/shellPath';

describe('links', () => {
  it('are read as they were written', () => {
    for (const target of [
      { kind: 'bead', id: 'toy-a1.2' },
      { kind: 'agent', id: 'toy/polecats/nux' },
      { kind: 'convoy', id: 'hq-cv-x' },
    ] as const) {
      const link = new URL(linkTo(target, 'vscode', 'gastown.gastown-vscode'));
      assert.equal(link.host, 'gastown.gastown-vscode');
      assert.deepEqual(readLink(decodeURIComponent(link.pathname)), target);
    }
  });

  it('are refused where they name no item', () => {
    for (const bad of [
      '',
      '/',
      '/bead',
      '/bead/',
      '/town/x',
      '/bead/-x',
      '/bead/../x',
      '/agent/a/../../b',
      '/bead/a b',
      '/bead/$(x)',
      `/bead/${'x'.repeat(300)}`,
    ])
      assert.equal(readLink(bad), undefined, bad);
  });
});

describe('folders for gt and bd', () => {
  const every = (): boolean => true;

  it('are those of the home folder on the PATH, with ~/.local/bin first', () => {
    const found = binFolders(
      '/usr/bin:/home/ann/bin/:/home/ann/.local/bin:relative:/home/ann/x/node_modules/.bin:/home/ann/project/.venv/bin:/home/ann/.asdf/shims',
      '/home/ann',
      every,
      path.posix,
    );
    assert.deepEqual(found, [
      { folder: '/home/ann/.local/bin', onPath: true },
      { folder: '/home/ann/bin', onPath: true },
    ]);
  });

  it('include ~/.local/bin also if it is not on the PATH, and exclude read-only ones', () => {
    const found = binFolders('/usr/bin:/home/ann/bin', '/home/ann', (folder) => folder !== '/home/ann/bin', path.posix);
    assert.deepEqual(found, [{ folder: '/home/ann/.local/bin', onPath: false }]);
    assert.deepEqual(
      binFolders('C:\\Windows;C:\\Users\\Ann\\bin', 'C:\\Users\\Ann', every, path.win32).map(({ folder }) => folder),
      ['C:\\Users\\Ann\\.local\\bin', 'C:\\Users\\Ann\\bin'],
    );
  });

  it('are added to the PATH by a line for the profile', () => {
    assert.equal(profileLine('/home/ann/.local/bin', '/home/ann', 'linux'), 'export PATH="$HOME/.local/bin:$PATH"');
    assert.equal(profileLine('/opt/a "b"', '/home/ann', 'linux'), 'export PATH="/opt/a \\"b\\":$PATH"');
    assert.equal(profileLine('/home/ann/$(touch x)', '/home/ann', 'linux'), 'export PATH="$HOME/\\$(touch x):$PATH"');
    assert.match(
      profileLine("C:\\Users\\O'Neil\\bin", 'C:\\Users\\x', 'win32'),
      /;C:\\Users\\O''Neil\\bin', 'User'\)$/,
    );
  });

  it('are reported if another program of the name comes first', () => {
    const there = (file: string): boolean => ['/usr/bin/gt', '/home/ann/.local/bin/gt'].includes(file);
    assert.equal(
      earlierOnPath('/usr/bin:/home/ann/.local/bin', '/home/ann/.local/bin', 'gt', there, path.posix),
      '/usr/bin/gt',
    );
    assert.equal(
      earlierOnPath('/home/ann/.local/bin/:/usr/bin', '/home/ann/.local/bin', 'gt', there, path.posix),
      undefined,
    );
  });
});

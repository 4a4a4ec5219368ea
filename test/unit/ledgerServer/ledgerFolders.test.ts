import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { identify } from '../../../server/src/base/process';
import { ledgerFolders, nameLedger, removeUnusedFolders } from '../../../server/src/ledgerServer/ledgerFolders';
import { stateFolderName } from '../../../server/src/protocol/transport/serverPlace';
import { tempDir } from '../../helpers/temp';

const DAY = 24 * 3_600_000;

describe('what is kept about ledgers', () => {
  const folderOf = (states: string, directory: string): string => {
    const state = path.join(states, stateFolderName(directory));
    fs.mkdirSync(state);
    fs.writeFileSync(path.join(state, 'index'), 'x');
    return state;
  };

  it('is removed when the ledger is gone, and only then', () => {
    const states = tempDir('states');
    const home = tempDir('home');
    const [present, gone, served] = ['present', 'gone', 'served'].map((name) => path.join(home, name, '.beads'));
    fs.mkdirSync(present!, { recursive: true });
    for (const directory of [present!, gone!, served!]) nameLedger(folderOf(states, directory), directory);
    fs.writeFileSync(
      path.join(states, stateFolderName(served!), 'server.json'),
      JSON.stringify({ ...identify(process.pid), socket: '/s', key: 'k'.repeat(64), protocol: 1, build: 1 }),
    );
    const unnamed = folderOf(states, path.join(home, 'unnamed'));
    // One that names another ledger than its own is not believed.
    const forged = folderOf(states, path.join(home, 'forged'));
    fs.writeFileSync(path.join(forged, 'ledger'), gone!);
    fs.writeFileSync(path.join(states, 'a file'), '');

    assert.deepEqual(removeUnusedFolders(states, Date.now()), [path.join(states, stateFolderName(gone!))]);
    assert.deepEqual(
      ledgerFolders(states)
        .map(({ directory }) => directory)
        .sort(),
      [present, served, undefined, undefined].sort(),
    );
    assert.deepEqual(removeUnusedFolders(states, Date.now() + 31 * DAY).sort(), [forged, unnamed].sort());
    assert.ok(fs.existsSync(path.join(states, 'a file')));
  });

  it('is nothing where there is no folder yet', () => {
    assert.deepEqual(removeUnusedFolders(path.join(tempDir('states'), 'none'), 0), []);
  });
});

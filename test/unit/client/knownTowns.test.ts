import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readKnownTowns } from '../../../client/src/connection/knownTowns';
import { configDirectory } from '../../../server/src/base/configDirectory';
import { tempDir } from '../../helpers/temp';

describe('the registry of towns', () => {
  let config: string;
  let problems: string[];
  const read = () => readKnownTowns((problem) => problems.push(problem), { XDG_CONFIG_HOME: config });
  const registry = (text: string): void => {
    mkdirSync(path.join(config, 'gastown'), { recursive: true });
    writeFileSync(path.join(config, 'gastown', 'towns.json'), text);
  };
  const makeTown = (rigs: string | undefined): string => {
    const root = tempDir('town');
    mkdirSync(path.join(root, 'mayor'));
    writeFileSync(path.join(root, 'mayor', 'town.json'), '{}');
    if (rigs !== undefined) writeFileSync(path.join(root, 'mayor', 'rigs.json'), rigs);
    return root;
  };

  beforeEach(() => {
    config = tempDir('config');
    problems = [];
  });

  it('lists the towns that exist, with their rigs', () => {
    const root = makeTown('{"rigs":{"toy":{"git_url":"/src/toy"}}}');
    registry(
      JSON.stringify({
        towns: [
          { root, name: '' },
          { root: '/gone', name: 'gone' },
        ],
      }),
    );
    assert.deepEqual(read(), [{ root, name: path.basename(root), rigs: [{ name: 'toy', source: '/src/toy' }] }]);
    assert.deepEqual(problems, []);
  });

  it('is empty where it does not exist, without a report', () => {
    assert.deepEqual(read(), []);
    assert.deepEqual(problems, []);
  });

  it('is empty where it is broken, and reports the file', () => {
    for (const text of ['{bad', '[]', '{"towns":[{"name":1}]}']) {
      registry(text);
      problems = [];
      assert.deepEqual(read(), []);
      assert.match(problems.join('\n'), /^cannot use .*towns\.json: /);
    }
  });

  it('keeps a town whose rigs cannot be read, and reports that file', () => {
    const root = makeTown('{"rigs":{"toy":{}}}');
    registry(JSON.stringify({ towns: [{ root, name: 'gt' }] }));
    assert.deepEqual(read(), [{ root, name: 'gt', rigs: [] }]);
    assert.match(problems.join('\n'), /rigs\.json/);
  });

  it('is in the configuration folder of the platform', () => {
    assert.equal(configDirectory({ HOME: '/home/me' }, 'linux'), path.join('/home/me', '.config', 'gastown'));
    assert.equal(configDirectory({ APPDATA: '/app' }, 'win32'), path.join('/app', 'gastown'));
  });
});

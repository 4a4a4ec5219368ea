import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { agentOfDirectory, parseAddress, polecatAddress, rigOfDirectory, TownLayout } from '../../../server/src/town/layout';
import { freeName, prefixFrom, rigNameFrom } from '../../../server/src/town/names';
import { detectGates } from '../../../server/src/town/detectGates';
import { gatesHash, runtimeHash, scriptHash, ConsentStore } from '../../../server/src/town/consent';
import { gatesOf, rigSettingsFile } from '../../../server/src/town/config';
import { isRegistered, registeredTowns, registerTown } from '../../../server/src/town/registry';
import { isSafeBranch, polecatBranch, requireSegment } from '../../../server/src/git/names';
import { tempDir } from '../../helpers/temp';

describe('layout', () => {
  it('works with Windows paths', () => {
    const town = new TownLayout('C:\\gt', path.win32);
    assert.equal(town.rig('toy').polecatWorktree('rust'), 'C:\\gt\\toy\\polecats\\rust\\rig');
    assert.equal(agentOfDirectory('C:\\gt', 'C:\\gt\\toy\\polecats\\rust\\rig\\src', path.win32), 'toy/polecats/rust');
    assert.equal(agentOfDirectory('C:\\gt', 'D:\\gt\\toy\\polecats\\rust', path.win32), undefined);
  });
  it('knows whose folder one is in', () => {
    assert.equal(agentOfDirectory('/gt', '/gt/toy/crew/ann'), 'toy/crew/ann');
    assert.equal(agentOfDirectory('/gt', '/gt/toy/refinery/rig'), undefined);
    assert.equal(agentOfDirectory('/gt', '/elsewhere/toy/crew/ann'), undefined);
    assert.equal(rigOfDirectory('/gt', '/gt/toy/polecats/x', ['toy']), 'toy');
    assert.equal(rigOfDirectory('/gt', '/gt/mayor', ['toy']), undefined);
    assert.equal(rigOfDirectory('/gt', '/gtx/toy', ['toy']), undefined);
  });
  it('reads the addresses it writes', () => {
    assert.deepEqual(parseAddress(polecatAddress('toy', 'rust')), { rig: 'toy', role: 'polecats', name: 'rust' });
    assert.equal(parseAddress('mayor'), undefined);
  });
});

describe('names', () => {
  it('gives the lowest free name, then numbers, never a role', () => {
    assert.equal(freeName(new Set(['a']), ['a', 'witness', 'b']), 'b');
    assert.equal(freeName(new Set(['a', 'b', 'polecat-3']), ['a', 'b']), 'polecat-4');
  });
  it('makes rig names and prefixes from what people have', () => {
    assert.equal(rigNameFrom('git@example.org:team/my-tool.git'), 'my_tool');
    assert.equal(rigNameFrom('/home/ann/My Project/'), 'My_Project');
    assert.equal(rigNameFrom('///'), 'rig');
    assert.equal(prefixFrom('gas_town', new Set()), 'gt');
    assert.equal(prefixFrom('toolbox', new Set(['too'])), 'too2');
    assert.notEqual(prefixFrom('hq', new Set()), 'hq');
  });
  it('lets nothing into paths and branches that is not a plain name', () => {
    for (const bad of ['../x', '--force', 'a b', '', 'a/b', '.git', 'ü', 'x'.repeat(65), 'a\nb']) assert.throws(() => requireSegment('rig', bad), /is not a plain name/);
    for (const bad of ['-x', 'a..b', 'a b', 'x.lock', '/a', 'a//b', 'a@{b', '@', '.a', 'a/.b', 'a\u0007b', 'a~1', '']) assert.equal(isSafeBranch(bad), false, bad);
    assert.equal(isSafeBranch(polecatBranch('rust', 'toy-a1.2', new Date(0))), true);
    assert.equal(polecatBranch('rust', '../../x; rm', new Date(1000)), 'polecat/rust/..-..-x--rm@rs');
  });
});

describe('detected gates', () => {
  const files = (entries: Record<string, string>) => (file: string) => Promise.resolve(entries[file]);
  it('come from package.json scripts, without npm\'s placeholder', async () => {
    assert.deepEqual(await detectGates(files({ 'package.json': '{"scripts":{"test":"mocha","lint":"eslint ."},"devDependencies":{"mocha":"1"}}', 'package-lock.json': '{}' })),
      { setup: 'npm ci', test: 'npm test', lint: 'npm run lint' });
    assert.deepEqual(await detectGates(files({ 'package.json': '{"scripts":{"test":"echo \\"Error: no test specified\\" && exit 1"}}' })), {});
    assert.deepEqual(await detectGates(files({ 'package.json': '{broken' })), {});
  });
  it('come from other build files', async () => {
    assert.deepEqual(await detectGates(files({ 'Cargo.toml': '' })), { build: 'cargo build', test: 'cargo test' });
    assert.deepEqual(await detectGates(files({ 'go.mod': '' })), { build: 'go build ./...', test: 'go test ./...' });
    assert.deepEqual(await detectGates(files({ Makefile: 'all:\ntest:\n\techo\n' })), { test: 'make test' });
    assert.deepEqual(await detectGates(files({})), {});
  });
});

describe('settings', () => {
  it('give gates in their order with their limits', () => {
    const rig = new TownLayout(tempDir('settings')).rig('toy');
    fs.mkdirSync(path.dirname(rig.settingsFile), { recursive: true });
    fs.writeFileSync(rig.settingsFile, JSON.stringify({ future: 1, merge_queue: { test_command: 't', setup_command: 's', gate_timeouts: { test: 5 }, other: true } }));
    assert.deepEqual(gatesOf(rigSettingsFile(rig).read()), [{ name: 'setup', command: 's', timeoutSeconds: 600 }, { name: 'test', command: 't', timeoutSeconds: 5 }]);
    rigSettingsFile(rig).update((settings) => { settings.max_workers = 4; });
    const written = JSON.parse(fs.readFileSync(rig.settingsFile, 'utf8')) as { future: number; merge_queue: { other: boolean } };
    assert.equal(written.future, 1);
    assert.equal(written.merge_queue.other, true);
  });
  it('say which file and key is wrong, and leave it alone', () => {
    const rig = new TownLayout(tempDir('settings')).rig('toy');
    fs.mkdirSync(path.dirname(rig.settingsFile), { recursive: true });
    fs.writeFileSync(rig.settingsFile, '{"max_workers": 0}');
    assert.throws(() => rigSettingsFile(rig).read(), /settings.config\.json[\s\S]*max_workers/);
    fs.writeFileSync(rig.settingsFile, '{oops');
    assert.throws(() => rigSettingsFile(rig).read(), /is not JSON/);
    assert.equal(fs.readFileSync(rig.settingsFile, 'utf8'), '{oops');
  });
});

describe('registry and consent', () => {
  const before = process.env.XDG_CONFIG_HOME;
  afterEach(() => { if (before === undefined) delete process.env.XDG_CONFIG_HOME; else process.env.XDG_CONFIG_HOME = before; });

  it('know only towns whose folder is there, by one spelling', () => {
    process.env.XDG_CONFIG_HOME = tempDir('config');
    const root = tempDir('town');
    fs.mkdirSync(path.join(root, 'mayor'));
    fs.writeFileSync(path.join(root, 'mayor', 'town.json'), '{}');
    const link = path.join(tempDir('link'), 'link');
    fs.symlinkSync(root, link);
    registerTown(link, 'x');
    registerTown(root, 'y');
    assert.equal(isRegistered(link), true);
    assert.deepEqual(registeredTowns().map((town) => [town.root, town.name]), [[root, 'y']]);
    fs.rmSync(path.join(root, 'mayor'), { recursive: true });
    assert.equal(isRegistered(root), false);
  });

  it('is about exactly what runs, and is kept outside the town', () => {
    process.env.XDG_CONFIG_HOME = tempDir('config');
    const root = tempDir('town');
    const gates = [{ name: 'test', command: 'npm test', timeoutSeconds: 1 }];
    const hash = gatesHash('toy', gates);
    new ConsentStore(root).accept('rig-commands', hash, 'ann');
    assert.equal(new ConsentStore(root).has(hash), true);
    assert.equal(new ConsentStore(tempDir('other')).has(hash), false);
    assert.deepEqual(fs.readdirSync(root), []);
    assert.equal(new ConsentStore(root).has(gatesHash('toy', [{ ...gates[0]!, command: 'npm test; evil' }])), false);
    assert.notEqual(scriptHash(['ab']), scriptHash(['a', 'b']));
    const runtime = { command: 'x', args: ['a'], env: {}, prompt: 'argument' as const };
    assert.notEqual(runtimeHash('r', runtime), runtimeHash('r', { ...runtime, args: ['a', '--yolo'] }));
  });
});

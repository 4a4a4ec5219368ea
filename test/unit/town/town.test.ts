import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { Lease } from '../../../server/src/base/lease';
import {
  agentOfDirectory,
  fullAddress,
  isAgentName,
  parseAddress,
  polecatAddress,
  rigOfDirectory,
  TownLayout,
} from '../../../server/src/town/layout';
import { rigNameFrom } from '../../../server/src/base/rigName';
import { freeName, isTownFolder, prefixFrom } from '../../../server/src/town/names';
import { detectGates } from '../../../server/src/rigs/detectGates';
import { gatesHash, runtimeHash, scriptHash, ConsentStore } from '../../../server/src/town/consent';
import { gatesOf, rigSettingsFile, townFile, townSettingsFile } from '../../../server/src/town/config';
import { installTown } from '../../../server/src/town/install';
import { isRegistered, markRegistered, registeredTowns, registerTown } from '../../../server/src/town/registry';
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
    for (const folder of ['rig', 'rig/src', ''])
      assert.equal(agentOfDirectory('/gt', path.join('/gt/toy/refinery', folder)), 'toy/refinery', 'gates run here');
    assert.equal(agentOfDirectory('/gt', '/gt/toy/witness/notes'), 'toy/witness');
    assert.equal(agentOfDirectory('/gt', '/gt/toy/mayor/rig'), 'mayor');
    for (const folder of ['/gt', '/gt/toy', '/gt/toy/.repo.git', '/gt/refinery/x'])
      assert.equal(agentOfDirectory('/gt', folder), undefined, folder);
    assert.equal(agentOfDirectory('/gt', '/gt/toy/refinery/reviewer/rig/src'), 'toy/refinery');
    assert.equal(agentOfDirectory('/gt', '/gt/mayor'), 'mayor');
    assert.equal(agentOfDirectory('/gt', '/elsewhere/toy/crew/ann'), undefined);
    assert.equal(rigOfDirectory('/gt', '/gt/toy/polecats/x', ['toy']), 'toy');
    assert.equal(rigOfDirectory('/gt', '/gt/mayor', ['toy']), undefined);
    assert.equal(rigOfDirectory('/gt', '/gtx/toy', ['toy']), undefined);
  });
  it('reads the addresses it writes', () => {
    assert.deepEqual(parseAddress(polecatAddress('toy', 'rust')), { rig: 'toy', role: 'polecats', name: 'rust' });
    assert.equal(parseAddress('mayor'), undefined);
  });
  it('gives each agent its place, and nobody else one', () => {
    const town = new TownLayout('/gt');
    assert.deepEqual(town.locationOf('toy/polecats/rust'), {
      agent: 'toy/polecats/rust',
      role: 'polecat',
      rig: 'toy',
      name: 'rust',
      home: '/gt/toy/polecats/rust',
      cwd: '/gt/toy/polecats/rust/rig',
      ledger: '/gt/toy/.beads',
    });
    assert.equal(town.locationOf('toy/crew/ann')?.cwd, '/gt/toy/crew/ann/rig');
    assert.equal(town.locationOf('toy/refinery')?.cwd, '/gt/toy/refinery/reviewer/rig');
    assert.deepEqual(town.locationOf('mayor'), {
      agent: 'mayor',
      role: 'mayor',
      name: 'mayor',
      home: '/gt/mayor',
      cwd: '/gt/mayor',
      ledger: '/gt/.beads',
    });
    for (const nobody of ['', 'ann', 'deacon', 'toy/witness', '../refinery', 'toy/polecats/../x', 'toy/refinery/a/b'])
      assert.equal(town.locationOf(nobody), undefined, nobody);
    for (const agent of ['toy/polecats/rust', 'toy/crew/ann', 'toy/refinery', 'mayor'])
      assert.equal(agentOfDirectory('/gt', town.locationOf(agent)!.cwd), agent);
  });
  it('takes the short form of a polecat, and of nothing else', () => {
    assert.equal(fullAddress('toy/rust'), 'toy/polecats/rust');
    for (const same of ['toy/polecats/rust', 'toy/crew/ann', 'toy/witness', 'mayor', 'toy', 'toy/'])
      assert.equal(fullAddress(same), same);
  });
  it('knows the names that only the town itself acts under', () => {
    for (const name of [
      'mayor',
      'deacon',
      'toy/witness',
      'toy/refinery',
      'toy/polecats/rust',
      ' toy/crew/ann ',
      'deacon/dogs/boot',
    ])
      assert.equal(isAgentName(name), true, name);
    for (const name of ['Ann', 'Ann Mayor', 'team/ann', '', 'witness']) assert.equal(isAgentName(name), false, name);
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
  it("keeps the town's own folders from rigs, however they are written", () => {
    for (const name of ['hq', 'HQ', 'Mayor', 'settings', 'DAEMON']) assert.equal(isTownFolder(name), true, name);
    assert.equal(isTownFolder('toy'), false);
  });
  it('lets nothing into paths and branches that is not a plain name', () => {
    for (const bad of ['../x', '--force', 'a b', '', 'a/b', '.git', 'ü', 'x'.repeat(65), 'a\nb'])
      assert.throws(() => requireSegment('rig', bad), /is not a valid name/);
    for (const bad of ['-x', 'a..b', 'a b', 'x.lock', '/a', 'a//b', 'a@{b', '@', '.a', 'a/.b', 'a\u0007b', 'a~1', ''])
      assert.equal(isSafeBranch(bad), false, bad);
    assert.equal(isSafeBranch(polecatBranch('rust', 'toy-a1.2', new Date(0))), true);
    assert.equal(polecatBranch('rust', '../../x; rm', new Date(1000)), 'polecat/rust/..-..-x--rm@rs');
  });
});

describe('detected gates', () => {
  const files = (entries: Record<string, string>) => (file: string) => Promise.resolve(entries[file]);
  it("come from package.json scripts, without npm's placeholder", async () => {
    assert.deepEqual(
      await detectGates(
        files({
          'package.json': '{"scripts":{"test":"mocha","lint":"eslint ."},"devDependencies":{"mocha":"1"}}',
          'package-lock.json': '{}',
        }),
      ),
      { setup: 'npm ci', test: 'npm test', lint: 'npm run lint' },
    );
    assert.deepEqual(
      await detectGates(
        files({ 'package.json': '{"scripts":{"test":"echo \\"Error: no test specified\\" && exit 1"}}' }),
      ),
      {},
    );
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
    fs.writeFileSync(
      rig.settingsFile,
      JSON.stringify({
        future: 1,
        merge_queue: { test_command: 't', setup_command: 's', gate_timeouts: { test: 5 }, other: true },
      }),
    );
    assert.deepEqual(gatesOf(rigSettingsFile(rig).read()), [
      { name: 'setup', command: 's', timeoutSeconds: 600 },
      { name: 'test', command: 't', timeoutSeconds: 5 },
    ]);
    rigSettingsFile(rig).update((settings) => {
      settings.max_workers = 4;
    });
    const written = JSON.parse(fs.readFileSync(rig.settingsFile, 'utf8')) as {
      future: number;
      merge_queue: { other: boolean };
    };
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
  afterEach(() => {
    if (before === undefined) delete process.env.XDG_CONFIG_HOME;
    else process.env.XDG_CONFIG_HOME = before;
  });

  it('know only towns whose folder is there, by one spelling', async () => {
    process.env.XDG_CONFIG_HOME = tempDir('config');
    const root = tempDir('town');
    fs.mkdirSync(path.join(root, 'mayor'));
    fs.writeFileSync(path.join(root, 'mayor', 'town.json'), '{}');
    const link = path.join(tempDir('link'), 'link');
    fs.symlinkSync(root, link);
    await registerTown(link, 'x');
    await registerTown(root, 'y');
    assert.equal(isRegistered(link), true);
    assert.deepEqual(
      registeredTowns().map((town) => [town.root, town.name]),
      [[root, 'y']],
    );
    fs.rmSync(path.join(root, 'mayor'), { recursive: true });
    assert.equal(isRegistered(root), false);
  });

  it('keep every town of many that are made at once', async () => {
    process.env.XDG_CONFIG_HOME = tempDir('config');
    const roots = Array.from({ length: 8 }, () => path.join(tempDir('many'), 'town'));
    await Promise.all(roots.map((root) => installTown(root)));
    assert.deepEqual(
      registeredTowns()
        .map((town) => town.root)
        .sort(),
      roots.sort(),
    );
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
    assert.equal(new ConsentStore(root).has(gatesHash('toy', [])), false, 'no gates are a decision of their own');
    assert.notEqual(scriptHash(['ab']), scriptHash(['a', 'b']));
    const runtime = { command: 'x', args: ['a'], env: {}, prompt: 'argument' as const };
    assert.notEqual(runtimeHash('r', runtime), runtimeHash('r', { ...runtime, args: ['a', '--yolo'] }));
  });
});

describe('making a town', () => {
  const before = process.env.XDG_CONFIG_HOME;
  beforeEach(() => {
    process.env.XDG_CONFIG_HOME = tempDir('config');
  });
  afterEach(() => {
    if (before === undefined) delete process.env.XDG_CONFIG_HOME;
    else process.env.XDG_CONFIG_HOME = before;
  });

  it('goes on where it was cut short', async () => {
    const whole = path.join(tempDir('whole'), 'town');
    await installTown(whole);
    // Everything but town.json, which is written last; and the very beginning.
    const late = path.join(tempDir('late'), 'town');
    fs.cpSync(whole, late, { recursive: true });
    fs.rmSync(path.join(late, 'mayor', 'town.json'));
    const early = tempDir('early');
    fs.mkdirSync(path.join(early, 'deacon'));
    for (const root of [late, early]) {
      assert.deepEqual(await installTown(root), { root, created: true });
      assert.equal(isRegistered(root), true);
    }
  });

  it('takes no folder with something else in it', async () => {
    const folder = tempDir('mine');
    fs.mkdirSync(path.join(folder, 'deacon'));
    fs.writeFileSync(path.join(folder, 'thesis.txt'), '');
    await assert.rejects(installTown(folder), /is not empty/);
  });

  it('believes nothing of what a town from elsewhere says about processes', async () => {
    const root = path.join(tempDir('came'), 'town');
    await installTown(root);
    const layout = new TownLayout(root);
    townSettingsFile(layout).update((settings) => {
      settings.up = true;
    });
    fs.mkdirSync(layout.sessionRecords, { recursive: true });
    fs.writeFileSync(layout.sessionRecord('evil'), '{"pid":1}');
    process.env.XDG_CONFIG_HOME = tempDir('other person');
    assert.deepEqual(await installTown(root), { root, created: false });
    assert.equal(fs.existsSync(layout.runtime), false);
    assert.equal(fs.readdirSync(root).filter((name) => name.startsWith('.runtime.from-elsewhere-')).length, 1);
    assert.equal(townSettingsFile(layout).read().up, false);
    assert.equal(townFile(layout).exists(), true);
    // Known once, it keeps what is its own.
    fs.mkdirSync(layout.runtime);
    await installTown(root);
    assert.equal(fs.existsSync(layout.runtime), true);
  });

  it('knows no town that was put where a known one was, and nothing that was accepted there counts', async () => {
    const root = path.join(tempDir('place'), 'town');
    await installTown(root);
    const accepted = gatesHash('toy', []);
    new ConsentStore(root).accept('rig-commands', accepted, 'ann');
    assert.equal(new ConsentStore(root).has(accepted), true);
    // The same from somewhere else: a copy has the mark of its own place, or that of another person.
    const other = path.join(tempDir('other place'), 'town');
    await installTown(other);
    fs.renameSync(root, `${root}.old`);
    fs.cpSync(other, root, { recursive: true });
    townSettingsFile(new TownLayout(root)).update((settings) => {
      settings.up = true;
    });
    assert.equal(isRegistered(root), false);
    assert.deepEqual(await installTown(root), { root, created: false });
    assert.equal(isRegistered(root), true);
    assert.equal(townSettingsFile(new TownLayout(root)).read().up, false);
    assert.equal(new ConsentStore(root).has(accepted), false);
    // Another person's secret makes no mark of ours.
    const config = process.env.XDG_CONFIG_HOME!;
    fs.writeFileSync(path.join(config, 'gastown', 'secret'), 'another\n');
    assert.equal(isRegistered(root), false);
  });

  it('what was accepted on another machine or by another user does not count, although the settings were copied', async () => {
    const root = path.join(tempDir('copied settings'), 'town');
    await installTown(root);
    const hash = gatesHash('toy', []);
    new ConsentStore(root).accept('rig-commands', hash, 'ann');
    const folder = path.join(process.env.XDG_CONFIG_HOME!, 'gastown', 'accepted');
    const file = path.join(folder, fs.readdirSync(folder)[0]!);
    const state = JSON.parse(fs.readFileSync(file, 'utf8')) as Record<string, unknown>;
    fs.writeFileSync(file, JSON.stringify({ ...state, place: 'elsewhere' }));
    assert.equal(new ConsentStore(root).has(hash), false);
    const next = gatesHash('toy', [{ name: 'test', command: 'true', timeoutSeconds: 1 }]);
    new ConsentStore(root).accept('rig-commands', next, 'ann');
    assert.equal(new ConsentStore(root).has(next), true);
    assert.equal(new ConsentStore(root).has(hash), false, 'and does not come back with the next one');
  });

  it('a town that was known before there were marks stays known and gets one', async () => {
    const root = path.join(tempDir('older'), 'town');
    await installTown(root);
    const registry = path.join(process.env.XDG_CONFIG_HOME!, 'gastown', 'towns.json');
    fs.writeFileSync(registry, JSON.stringify({ version: 1, towns: [{ root, name: 'town', added_at: '' }] }));
    assert.equal(isRegistered(root), true);
    await markRegistered(root);
    assert.equal(registeredTowns()[0]!.marked, true);
    assert.equal(isRegistered(root), true);
  });

  it('leaves a town alone whose server still runs', async () => {
    const root = path.join(tempDir('runs'), 'town');
    await installTown(root);
    const lease = Lease.tryAcquire(new TownLayout(root).serverLease);
    process.env.XDG_CONFIG_HOME = tempDir('other person');
    await assert.rejects(installTown(root), /still running/);
    lease?.release();
  });
});

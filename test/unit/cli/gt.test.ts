import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { UserError } from '../../../server/src/base/errors';
import {
  AgentConfigList,
  AgentConfigSet,
  AgentPeek,
  ConsentGive,
  ConvoyCreate,
  CrewList,
  CrewStart,
  EscalationRaise,
  Hook,
  MailCheck,
  MailSend,
  MayorAsk,
  MqGet,
  MqList,
  MqReject,
  RigAdd,
  RigList,
  RigSet,
  Sling,
  TownGetSnapshot,
  TownStop,
  TownUp,
  type AttentionInfo,
  type MergeRequestInfo,
} from '../../../server/src/protocol/town';
import { tempDir } from '../../helpers/temp';
import { bead, convoy, polecat, rig, snapshot, town as townInfo } from '../client/samples';
import { GtTown } from './gtTown';

const hash = 'a1'.repeat(32);
const consent: AttentionInfo = {
  id: 'consent-toy',
  kind: 'consent',
  title: 'Allow Gas Town to run the commands of toy?',
  detail: 'npm test',
  rig: 'toy',
  consent: { kind: 'rig-commands', hash, text: 'test: npm test' },
};

describe('gt', () => {
  let town: GtTown;
  beforeEach(async () => {
    town = new GtTown();
    await town.start();
  });
  afterEach(() => town.stop());

  const ok: GtTown['ok'] = (...args) => town.ok(...args);
  const fails: GtTown['fails'] = (...args) => town.fails(...args);

  it('says who acts: the person, or an agent by its token', async () => {
    town.answer(TownUp.spec, null);
    assert.equal(await ok('up'), '✓ The engine is running\n');
    await town.gt('--actor', 'bob', 'up');
    await town.gtIn(town.root, { GT_SESSION_TOKEN: 'secret' }, ['up']);
    assert.deepEqual(
      town.hellos.map(({ kind, actor, token, cwd }) => [kind, actor, token, cwd]),
      [
        ['cli', 'ann', undefined, town.root],
        ['cli', 'bob', undefined, town.root],
        ['agent', 'ann', 'secret', town.root],
      ],
    );
  });

  it('prints JSON if asked, and errors of the server with their hints', async () => {
    town.answer(TownUp.spec, null);
    assert.deepEqual(JSON.parse(await ok('up', '--json')), { up: true });
    town.answer(TownStop.spec, () => {
      throw new UserError('rust has no session', 'see "gt status"', 'not-found');
    });
    await fails(/^Error: rust has no session\nHint: see "gt status"\n$/, 'stop', 'rust');
    const json = await fails(/./, 'stop', 'rust', '--json');
    assert.deepEqual(JSON.parse(json.err), {
      error: 'rust has no session',
      hint: 'see "gt status"',
      code: 'not-found',
    });
  });

  it('status shows rigs, agents, open convoys and what needs attention, without control characters', async () => {
    town.answer(
      TownGetSnapshot.spec,
      snapshot({
        town: [townInfo({ up: false })],
        rigs: [rig('toy', { accepted: false })],
        agents: [polecat('rust', { bead: 'toy-1', beadTitle: 'A\u001b[2Jwall' })],
        convoys: [convoy('hq-c1', ['toy-1', 'toy-2']), convoy('hq-c2', [], { status: 'closed' })],
        beads: [
          bead('toy-1', { phase: 'working', assignee: 'toy/polecats/rust', attempt: 2 }),
          bead('toy-2', { phase: 'waiting', blockedBy: ['toy-1'] }),
        ],
        attention: [consent],
      }),
    );
    assert.deepEqual((await ok('status')).trimEnd().split('\n'), [
      'gt (/home/me/gt): engine paused, default agent script',
      '',
      'toy [toy-] ← /src/toy, 1 of 2 workers busy, commands not accepted',
      '  ● rust working toy-1 A\ufffd[2Jwall',
      '',
      'hq-c1 Convoy hq-c1 0/2',
      '  ● toy-1 Title of toy-1 (working; toy/polecats/rust; attempt 2)',
      '  · toy-2 Title of toy-2 (waits for toy-1)',
      '',
      'Needs your attention:',
      '  ! Allow Gas Town to run the commands of toy?',
      '  (details: gt attention)',
    ]);
  });

  it('attention says what to do about each item', async () => {
    const item = (kind: AttentionInfo['kind'], more: Partial<AttentionInfo> = {}): AttentionInfo => ({
      id: `${kind}-1`,
      kind,
      title: kind,
      detail: '',
      ...more,
    });
    town.answer(
      TownGetSnapshot.spec,
      snapshot({
        attention: [
          consent,
          item('escalation', { severity: 'high' }),
          item('escalation', { acked: true }),
          item('fast-forward', { rig: 'toy' }),
          item('input', { agent: 'toy/polecats/rust' }),
          item('review', { bead: 'toy-1' }),
          item('mail'),
          item('plan', { convoy: 'hq-c1' }),
          item('problem'),
        ],
      }),
    );
    const steps = [...(await ok('attention')).matchAll(/→ (.*)/g)].map(([, step]) => step);
    assert.deepEqual(steps, [
      'gt accept consent-toy',
      'gt escalate ack escalation-1; when it is resolved: gt escalate close escalation-1',
      'when it is resolved: gt escalate close escalation-1',
      'gt rig fast-forward toy',
      'gt attach toy/polecats/rust, or open its terminal in VS Code',
      'gt mq status toy-1, then: gt mq approve toy-1, or gt mq reject toy-1 -m "…"',
      'gt mail read mail-1, then: gt mail reply mail-1 -m "…", or gt mail ack mail-1',
      'gt convoy status hq-c1, then: gt convoy launch hq-c1',
      'fix the file or folder that it names',
    ]);
    town.answer(TownGetSnapshot.spec, snapshot({}));
    assert.equal(await ok('attention'), 'Nothing needs your attention\n');
  });

  describe('accept', () => {
    beforeEach(() => {
      town.answer(TownGetSnapshot.spec, snapshot({ rigs: [rig('toy')], attention: [consent] }));
      town.answer(ConsentGive.spec, null);
    });

    it('only shows what would run, and how to accept exactly that', async () => {
      for (const args of [
        ['accept', 'consent-toy'],
        ['rig', 'accept', 'toy'],
      ])
        await fails(/this would run:\n {2}test: npm test\nHint: .* --hash a1a1a1a1a1a1a1a1"/, ...args);
      assert.equal(town.last(ConsentGive.spec), undefined);
    });

    it('accepts what it is now, or what was shown with this hash', async () => {
      assert.match(await ok('accept', 'consent-toy', '--yes'), /✓ Accepted \(consent-toy\):\n {2}test: npm test/);
      assert.deepEqual(town.last(ConsentGive.spec), { kind: 'rig-commands', hash });
      await ok('rig', 'accept', 'toy', '--hash', hash.slice(0, 16));
    });

    it('refuses a hash that is another one or too short, ids that there are not, and what asks for nothing', async () => {
      await fails(/has changed since it was shown/, 'accept', 'consent-toy', '--hash', 'b'.repeat(16));
      await fails(/has changed since it was shown/, 'accept', 'consent-toy', '--hash', 'a1a1');
      await fails(/nothing with the id x needs attention/, 'accept', 'x', '--yes');
      await fails(/there is no rig other/, 'rig', 'accept', 'other', '--yes');
      town.answer(TownGetSnapshot.spec, snapshot({ attention: [{ ...consent, kind: 'mail', consent: undefined }] }));
      await fails(/does not ask for consent\nHint: gt mail read/, 'accept', 'consent-toy', '--yes');
      town.answer(TownGetSnapshot.spec, snapshot({ rigs: [rig('toy')] }));
      assert.match(await ok('rig', 'accept', 'toy', '--yes'), /Nothing to accept/);
    });

    it('finds the runtime by its name', async () => {
      const runtime = {
        name: 'mine',
        command: '/opt/mine',
        args: ['--go'],
        env: {},
        prompt: 'argument' as const,
        builtIn: false,
      };
      town.answer(AgentConfigList.spec, [runtime]);
      const asked = {
        ...consent,
        id: 'runtime-mine',
        consent: { kind: 'runtime' as const, hash, text: '/opt/mine', runtime: 'mine' },
      };
      town.answer(TownGetSnapshot.spec, snapshot({ attention: [asked] }));
      await ok('config', 'agent', 'accept', 'mine', '--yes');
      assert.deepEqual(town.last(ConsentGive.spec), { kind: 'runtime', hash });
      await fails(/there is no agent runtime other\nHint: runtimes: mine/, 'config', 'agent', 'accept', 'other');
      assert.equal(await ok('config', 'agent', 'get', 'mine'), 'mine (own): /opt/mine --go\n');
    });
  });

  it('sling takes beads and a rig, or a formula on a bead', async () => {
    town.answer(Sling.spec, ({ beads, rig: name }) => [
      { bead: beads[0]!, rig: name, convoy: 'hq-c1', changed: beads[0] !== 'toy-2' },
    ]);
    assert.equal(
      await ok('sling', 'toy-1', 'toy/rust', '--agent', 'claude', '--model', 'opus'),
      '✓ Slung toy-1 to toy/rust (hq-c1)\n',
    );
    assert.deepEqual(town.last(Sling.spec), { beads: ['toy-1'], rig: 'toy/rust', runtime: 'claude', model: 'opus' });
    assert.equal(await ok('sling', 'toy-2', 'toy'), 'toy-2 is already in progress (hq-c1)\n');
    town.answer(Sling.spec, ({ rig: name }) => [
      { bead: 'toy-3', rig: name, convoy: 'hq-c1', changed: true, pausedBy: 'hq-c1' },
    ]);
    assert.equal(
      await ok('sling', 'toy-3', 'toy'),
      '✓ Slung toy-3 to toy (hq-c1)\n  It starts after: gt convoy resume hq-c1\n',
    );
    town.answer(Sling.spec, ({ beads, rig: name }) =>
      beads.map((bead) => ({ bead, rig: name, convoy: 'hq-c1', changed: true, enginePaused: true })),
    );
    assert.equal(
      await ok('sling', 'toy-3', 'toy-4', 'toy'),
      '✓ Slung toy-3 to toy (hq-c1)\n✓ Slung toy-4 to toy (hq-c1)\n  The engine is paused: nothing starts until: gt up\n',
    );
    await ok('sling', 'shiny', '--on', 'toy-1', 'toy', '--var', 'a=1', '--var', 'b=x=y');
    assert.deepEqual(town.last(Sling.spec), {
      beads: ['toy-1'],
      rig: 'toy',
      formula: 'shiny',
      vars: { a: '1', b: 'x=y' },
    });
    await fails(/name the beads and the rig/, 'sling', 'toy-1');
    await fails(/--on requires one formula/, 'sling', 'shiny', 'other', '--on', 'toy-1', 'toy');
    await fails(/invalid variable format 'a'/, 'sling', 'toy-1', 'toy', '--var', 'a');
  });

  it('counts agree with their nouns', async () => {
    town.answer(ConvoyCreate.spec, ({ title, beads }) => convoy('hq-c1', beads, { title }));
    assert.match(await ok('convoy', 'create', 'Login', 'toy-1', '--launch'), /^✓ Launched hq-c1: Login \(1 bead\)\n/);
    assert.match(
      await ok('convoy', 'create', 'Login', 'toy-1', 'toy-2', '--stage'),
      /^✓ Staged hq-c1: Login \(2 beads\)\n/,
    );
    const request: MergeRequestInfo = {
      id: 'toy-mr1',
      rig: 'toy',
      bead: 'toy-1',
      title: 'Wall',
      worker: 'toy/polecats/rust',
      branch: 'b',
      target: 'main',
      commit: 'c',
      state: 'queued',
      review: 'approved',
      needsPerson: false,
      priority: 2,
      order: 0,
      checks: [],
      first: false,
      score: 900,
      retries: 1,
      createdAt: '2026-01-01T00:00:00Z',
      reviews: [],
      reviewers: [],
      reviewsNeeded: 'all',
      overlaps: [],
    };
    town.answer(MqList.spec, [
      request,
      { ...request, bead: 'toy-2', state: 'reviewing', needsPerson: true, retries: 2 },
    ]);
    assert.deepEqual((await ok('mq', 'list')).trimEnd().split('\n'), [
      'toy-1 Wall (queued; score 900; 1 retry; toy/polecats/rust; onto main)',
      "toy-2 Wall (waits for a person's review; score 900; 2 retries; toy/polecats/rust; onto main)",
    ]);
    town.answer(MqGet.spec, request);
    assert.match(await ok('mq', 'next'), /^toy-1 /);
    town.answer(MqList.spec, []);
    assert.equal(await ok('mq', 'next'), 'Nothing is ready to merge\n');
  });

  it('rig add names the rig after its source and makes a folder absolute', async () => {
    town.answer(RigAdd.spec, ({ name, gates }) =>
      rig(name, {
        accepted: false,
        gates: Object.entries(gates ?? {}).map(([gate, command]) => ({ name: gate, command, timeoutSeconds: 600 })),
      }),
    );
    assert.match(await ok('rig', 'add', './src/toy'), /✓ Added toy [\s\S]*No gates: .*gt rig set toy test=/);
    assert.equal(town.last(RigAdd.spec)?.source, path.join(town.root, 'src', 'toy'));
    assert.match(
      await ok('rig', 'add', 'other', 'https://example.org/toy.git', '--gate', 'test=npm test'),
      /Gates:\n {4}test: npm test\n {2}They run only after you accept them: gt rig accept other/,
    );
    assert.equal(town.last(RigAdd.spec)?.source, 'https://example.org/toy.git');
    await fails(
      /"nothing=x" is not a gate\nHint: write it as name=command; names: setup/,
      'rig',
      'add',
      '.',
      '--gate',
      'nothing=x',
    );
  });

  it('rig set tells settings from gates', async () => {
    town.answer(RigSet.spec, rig('toy', { review: 'person' }));
    assert.match(
      await ok('rig', 'set', 'toy', 'max_workers=4', 'test=a=b', 'lint='),
      /✓ toy: 2 workers, review person/,
    );
    assert.deepEqual(town.last(RigSet.spec), {
      name: 'toy',
      settings: { max_workers: '4' },
      gates: { test: 'a=b', lint: '' },
      targets: {},
    });
    const docs = { paths: ['docs/**', '*.md'], gates: ['lint', 'test'] };
    town.answer(RigSet.spec, rig('toy', { targets: { docs, api: { paths: ['api/'], gates: [] } } as never }));
    assert.match(
      await ok('rig', 'set', 'toy', 'target.docs=docs/**, *.md: lint test', 'target.api=api/:', 'target.web='),
      /docs \(docs\/\*\* \*\.md\): lint, test\n +api \(api\/\): no gates/,
    );
    const targets = { docs, api: { paths: ['api/'], gates: [] }, web: null };
    assert.deepEqual(town.last(RigSet.spec), { name: 'toy', settings: {}, gates: {}, targets });
    await fails(/there is no gate spell\nHint: names of gates: setup/, 'rig', 'set', 'toy', 'target.docs=docs: spell');
    await fails(
      /does not say which gates which files need\nHint: write it as target/,
      'rig',
      'set',
      'toy',
      'target.x=y',
    );
    await fails(/there is no setting colour\nHint: settings: max_workers/, 'rig', 'set', 'toy', 'colour=red');
    await fails(/"x" is not a setting\nHint: write it as key=value/, 'rig', 'set', 'toy', 'x');
  });

  it('refuses what it cannot read, without asking the server', async () => {
    await fails(/"many" is not a number of lines/, 'peek', 'toy/rust', 'many');
    await fails(/describe the problem/, 'escalate');
    await fails(/'loud' is invalid\. one of critical, high/, 'escalate', '-s', 'loud', 'help');
    await fails(/name one recipient/, 'mail', 'send', '-s', 'x');
    await fails(/required option '-s, --subject <text>' not specified/, 'mail', 'send', 'ann');
    await fails(/the reply has no text/, 'mail', 'reply', 'hq-1');
    await fails(/"PATH" is not an environment variable/, 'config', 'agent', 'set', 'mine', '/x', '--env', 'PATH');
    await fails(/describe what you want/, 'mayor', 'ask', ' ');
    await fails(/cannot read nothing\.md/, 'mayor', 'ask', '-F', 'nothing.md');
    await fails(/this needs a terminal/, 'attach', 'toy/rust');
    assert.deepEqual(town.calls, []);
  });

  it('passes on what it read: lines, recipients, texts of files and of standard input', async () => {
    town.answer(AgentPeek.spec, { agent: 'toy/rust', text: 'a\nb', ended: false });
    assert.equal(await ok('peek', 'toy/rust', '5'), 'a\nb\n');
    assert.equal(town.last(AgentPeek.spec)?.lines, 5);
    town.answer(AgentPeek.spec, { agent: 'toy/rust', text: 'gone', ended: true });
    const peeked = await town.gt('peek', 'toy/rust');
    assert.deepEqual([peeked.out, peeked.code], ['gone\n', 0]);
    assert.match(peeked.err, /^toy\/rust has no session; this is the end of its last one:/);
    const mail = {
      id: 'hq-1',
      from: 'ann',
      to: 'overseer',
      subject: 'x',
      body: '',
      priority: 'urgent',
      thread: 'hq-1',
      sentAt: '',
      state: 'unread',
    } as const;
    town.answer(MailSend.spec, mail);
    assert.equal(await ok('mail', 'send', '--human', '-s', 'x', '--urgent'), '✓ Sent hq-1 to overseer\n');
    assert.deepEqual(town.last(MailSend.spec), { to: 'overseer', subject: 'x', body: '', priority: 'urgent' });
    town.answer(MayorAsk.spec, { request: 'hq-r1', up: false, live: false });
    const { out } = await town.gtIn(town.root, {}, ['mayor', 'ask', '-F', '-'], 'from stdin');
    assert.match(out, /✓ Asked the Mayor \(hq-r1\)\n.*engine is paused/);
    assert.equal(town.last(MayorAsk.spec)?.text, 'from stdin');
    fs.writeFileSync(path.join(town.root, 'plan.md'), 'from a file');
    await ok('mayor', 'ask', '-F', 'plan.md');
    assert.equal(town.last(MayorAsk.spec)?.text, 'from a file');
    town.answer(EscalationRaise.spec, ({ text, severity }) => ({
      id: 'hq-e1',
      severity,
      title: text,
      detail: '',
      state: 'open' as const,
      createdAt: '',
    }));
    assert.equal(await ok('escalate', '-s', 'HIGH', 'no', 'database'), '✓ Escalated hq-e1 (high): no database\n');
    town.answer(AgentConfigSet.spec, ({ name, settings }) => ({ ...settings, name, builtIn: false }));
    await ok('config', 'agent', 'set', 'mine', '/x', '--env', 'A=1=2', '--arg=--go');
    assert.deepEqual(town.last(AgentConfigSet.spec)?.settings, {
      command: '/x',
      args: ['--go'],
      env: { A: '1=2' },
      prompt: 'argument',
    });
  });

  it('a check for mail by a hook never fails', async () => {
    const failing = await town.gt('mail', 'check', '--inject');
    assert.deepEqual(failing, { code: 0, out: '', err: '' });
    await fails(/no answer to gastown\/mail\/check/, 'mail', 'check');
    town.answer(MailCheck.spec, { text: 'New mail\n', ids: ['hq-1'] });
    assert.equal(await ok('mail', 'check', '--inject'), 'New mail\n');
    assert.deepEqual(JSON.parse(await ok('mail', 'check', '--inject=block')), {
      decision: 'block',
      reason: 'New mail',
    });
    town.answer(MailCheck.spec, { text: '', ids: [] });
    assert.equal(await ok('mail', 'check', '--inject'), '');
  });

  it('crew finds the rig: named, around the directory, with this member, or the only one', async () => {
    const member = { rig: 'toy', name: 'ann', agent: 'toy/crew/ann', folder: '/x', runtime: 'claude', session: 's' };
    town.answer(CrewStart.spec, ({ rig: name }) => ({ ...member, rig: name }));
    town.answer(RigList.spec, [rig('toy'), rig('lib')]);
    town.answer(CrewList.spec, []);
    await fails(/which rig\?\nHint: name it with --rig: toy, lib/, 'crew', 'start', 'ann');
    await ok('crew', 'start', 'ann', '--rig', 'lib');
    assert.equal(town.last(CrewStart.spec)?.rig, 'lib');
    town.answer(CrewList.spec, [{ ...member, rig: 'lib' }]);
    await ok('crew', 'start', 'ann');
    assert.equal(town.last(CrewStart.spec)?.rig, 'lib');
    fs.mkdirSync(path.join(town.root, 'toy', 'crew'), { recursive: true });
    await town.gtIn(path.join(town.root, 'toy', 'crew'), {}, ['crew', 'start', 'ann']);
    assert.equal(town.last(CrewStart.spec)?.rig, 'toy');
    town.answer(RigList.spec, []);
    town.answer(CrewList.spec, []);
    await fails(/this town has no rig/, 'crew', 'start', 'ann');
  });

  it('a hook may hold a bead or nothing, and a change is sent back with its reason', async () => {
    town.answer(Hook.spec, { agent: 'toy/rust' });
    assert.equal(await ok('hook'), 'toy/rust: nothing\n');
    town.answer(MqReject.spec, { mergeRequest: 'toy-mr1', bead: 'toy-1' });
    assert.equal(await ok('mq', 'reject', 'toy-1', '-m', 'add a test'), '✓ Sent toy-1 back to its author\n');
    assert.equal(town.last(MqReject.spec)?.message, 'add a test');
    await ok('mq', 'reject', 'toy-1');
    assert.equal(town.last(MqReject.spec)?.message, undefined, 'the server says what its author is told');
  });

  describe('finds the town', () => {
    it('by --town, around the directory, by GT_ROOT, or the only one that is known', async () => {
      town.answer(TownUp.spec, null);
      const elsewhere = tempDir('elsewhere');
      const config = process.env.XDG_CONFIG_HOME;
      process.env.XDG_CONFIG_HOME = path.join(elsewhere, 'config');
      try {
        const below = path.join(town.root, 'toy');
        fs.mkdirSync(below, { recursive: true });
        assert.equal((await town.gtIn(below, {}, ['up'])).code, 0);
        assert.equal((await town.gtIn(elsewhere, {}, ['up', '--town', town.root])).code, 0);
        assert.equal((await town.gtIn(elsewhere, { GT_ROOT: town.root }, ['up'])).code, 0);
        const none = await town.gtIn(elsewhere, {}, ['up']);
        assert.equal(none.err, 'Error: you have no town\nHint: create one with "gt install"\n');
        const towns = path.join(elsewhere, 'config', 'gastown', 'towns.json');
        fs.mkdirSync(path.dirname(towns), { recursive: true });
        const known = (roots: string[]): void =>
          fs.writeFileSync(towns, JSON.stringify({ version: 1, towns: roots.map((root) => ({ root, name: 'x' })) }));
        known([town.root]);
        assert.equal((await town.gtIn(elsewhere, {}, ['up'])).code, 0);
        const second = path.join(elsewhere, 'second');
        fs.mkdirSync(path.join(second, 'mayor'), { recursive: true });
        fs.writeFileSync(path.join(second, 'mayor', 'town.json'), '{}');
        known([town.root, second]);
        assert.match((await town.gtIn(elsewhere, {}, ['up'])).err, /more than one town\nHint: name one with --town: /);
      } finally {
        if (config === undefined) delete process.env.XDG_CONFIG_HOME;
        else process.env.XDG_CONFIG_HOME = config;
      }
    });
  });
});

import assert from 'node:assert/strict';
import {
  ConvoyCheck,
  ConvoyClose,
  ConvoyCreate,
  ConvoyGet,
  ConvoyLand,
  ConvoyLaunch,
  ConvoyList,
  ConvoyPause,
  ConvoyRemove,
  ConvoyRename,
  ConvoyResume,
  ConvoyStranded,
  ConvoyUnwatch,
  ConvoyWatch,
  type ConvoyStatus,
} from '../../../server/src/protocol/town';
import { ConvoyStage, type StagedPlan } from '../../../server/src/protocol/convoyPlan';
import { bead, convoy } from '../client/samples';
import { GtTown } from './gtTown';

const lines = (...text: string[]): string => `${text.join('\n')}\n`;

describe('gt convoy', () => {
  let town: GtTown;
  beforeEach(async () => {
    town = new GtTown();
    await town.start();
  });
  afterEach(() => town.stop());

  const ok = (...args: string[]): Promise<string> => town.ok('convoy', ...args);
  const notified = (): readonly string[] | undefined => town.last(ConvoyCreate.spec)?.notify;

  it('create says how the work starts', async () => {
    town.answer(ConvoyCreate.spec, ({ title, beads, stage, launch }) =>
      convoy('hq-cv-1', beads, {
        title,
        status: stage ? 'staged_ready' : 'open',
        launchedAt: launch ? '2026-01-01T00:00:00Z' : undefined,
      }),
    );
    assert.equal(
      await ok('create', 'Login', 'toy-1', 'toy-2'),
      lines(
        '✓ Created hq-cv-1: Login (2 beads)',
        '  Not launched. Start all of its beads: gt convoy launch hq-cv-1; one of them: gt sling <bead> <rig>',
      ),
    );
    assert.equal(await ok('create', 'Login', 'toy-1', '--launch'), lines('✓ Launched hq-cv-1: Login (1 bead)'));
    assert.equal(
      await ok('create', 'Login', 'toy-1', '--stage'),
      lines('✓ Staged hq-cv-1: Login (1 bead)', '  Staged: nothing starts until: gt convoy launch hq-cv-1'),
    );
    assert.equal(
      await ok('create', 'Login'),
      lines('✓ Created hq-cv-1: Login (0 beads)', '  It tracks no beads yet: gt convoy add hq-cv-1 <bead>'),
    );
  });

  it('says that nothing starts while the engine is paused', async () => {
    const launched = {
      ...convoy('hq-cv-1', ['toy-1'], { launchedAt: '2026-01-01T00:00:00Z' }),
      enginePaused: true as const,
    };
    town.answer(ConvoyCreate.spec, launched);
    town.answer(ConvoyLaunch.spec, launched);
    town.answer(ConvoyGet.spec, { ...launched, tracked: [], waves: [], errors: [], warnings: [], notify: [] });
    const hint = /\n {2}The engine is paused: nothing starts until: gt up\n$/;
    assert.match(await ok('create', 'Login', 'toy-1', '--launch'), hint);
    assert.match(await ok('launch', 'hq-cv-1'), hint);
    assert.match(await ok('status', 'hq-cv-1'), hint);
    town.answer(ConvoyGet.spec, { ...launched, done: 1, tracked: [], waves: [], errors: [], warnings: [], notify: [] });
    assert.doesNotMatch(await ok('status', 'hq-cv-1'), /paused/, 'all of it is done');
  });

  it('create tells whom it is to notify, in every form', async () => {
    town.answer(ConvoyCreate.spec, ({ title, beads }) => convoy('hq-cv-1', beads, { title }));
    const cases: [string[], string[]][] = [
      [[], []],
      [['--notify'], ['ann']],
      [['--notify', 'overseer'], ['overseer']],
      [['--notify=mayor/'], ['mayor/']],
      [
        ['--notify', 'mayor/', '--notify', '--human'],
        ['mayor/', 'overseer'],
      ],
      [['--notify', '--human'], ['overseer']],
      [['--human'], ['overseer']],
      [
        ['--notify', 'mayor/', '--notify', 'toy/joe', '--notify'],
        ['mayor/', 'toy/joe', 'ann'],
      ],
    ];
    for (const [options, expected] of cases) {
      await ok('create', 'Feature X', 'toy-1', ...options);
      assert.deepEqual(notified(), expected, options.join(' '));
      assert.deepEqual(town.last(ConvoyCreate.spec)?.beads, ['toy-1']);
    }
    await ok('create', '--notify', 'mayor/', 'Feature X', 'toy-1', 'toy-2', '--owned');
    const { beads, owned } = town.last(ConvoyCreate.spec)!;
    assert.deepEqual([beads, owned, notified()], [['toy-1', 'toy-2'], true, ['mayor/']]);
  });

  it('status shows one convoy, in the layout of the original', async () => {
    const before = process.env.TZ;
    process.env.TZ = 'Etc/GMT+8';
    try {
      const status: ConvoyStatus = {
        ...convoy('hq-cv-abc', ['gt-xyz', 'bd-abc', 'bd-ghi', 'gt-jkl'], {
          title: 'Deploy v2.0',
          done: 2,
          createdAt: '2025-12-30T18:15:00Z',
          launchedAt: undefined,
        }),
        tracked: [
          bead('gt-xyz', { title: 'Update API endpoint', phase: 'merged' }),
          bead('bd-abc', { title: 'Fix validation', type: 'bug', phase: 'closed' }),
          bead('bd-ghi', { title: 'Update docs' }),
          bead('gt-jkl', { title: 'Deploy to prod', phase: 'working', assignee: 'gt/polecats/nux', attempt: 2 }),
        ],
        waves: [],
        errors: [],
        warnings: [
          {
            category: 'outside',
            bead_ids: ['bd-ghi'],
            message: 'bd-ghi waits for x, which this convoy does not track',
            suggested_fix: 'gt convoy add <convoy> x',
          },
        ],
        notify: ['mayor', 'overseer'],
        pause: { by: 'ann', at: '2025-12-30T19:15:00Z', reason: 'the API changes' },
      };
      town.answer(ConvoyGet.spec, { ...status, paused: true });
      assert.equal(
        await ok('status', 'hq-cv-abc'),
        lines(
          '🚚 hq-cv-abc: Deploy v2.0',
          '',
          '  Status:    ‖ open (not launched, paused)',
          '  Progress:  2/4 completed',
          '  Created:   2025-12-30T10:15:00-08:00',
          '  Paused:    2025-12-30T11:15:00-08:00 by ann: the API changes',
          '  Notify:    mayor, overseer',
          '',
          '  Tracked Issues:',
          '    ✓ gt-xyz: Update API endpoint [task]',
          '    ✓ bd-abc: Fix validation [bug]',
          '    ○ bd-ghi: Update docs [task]',
          '    ● gt-jkl: Deploy to prod [task] (working; gt/polecats/nux; attempt 2)',
          '  ! bd-ghi waits for x, which this convoy does not track (gt convoy add <convoy> x)',
          '  Paused: none of its beads starts. Resume: gt convoy resume hq-cv-abc',
        ),
      );
      const { pause: _pause, ...closed } = status;
      const end = { status: 'closed', landedAt: '2025-12-30T20:15:00Z', notify: [], warnings: [] } as const;
      town.answer(ConvoyGet.spec, { ...closed, ...end, notify: [], warnings: [], cancelled: 'not needed' });
      assert.match(
        await ok('show', 'hq-cv-abc'),
        /Status: {4}✓ closed \(before its work was done\)[\s\S]*Closed: {4}2025-12-30T12:15:00-08:00\n {2}Reason: {4}not needed/,
      );
    } finally {
      if (before === undefined) delete process.env.TZ;
      else process.env.TZ = before;
    }
  });

  it('status without a convoy shows all that are open', async () => {
    town.answer(ConvoyList.spec, [
      convoy('hq-cv-1', ['toy-1', 'toy-2'], { title: 'Login', done: 1 }),
      convoy('hq-cv-2', ['toy-3'], { title: 'Later', status: 'staged_warnings' }),
    ]);
    for (const command of ['status', 'show'])
      assert.equal(
        await ok(command),
        lines(
          '🚚 hq-cv-1: Login  ● open  1/2 completed',
          '🚚 hq-cv-2: Later  ○ staged_warnings  0/1 completed',
          '',
          'Beads of one: gt convoy status <convoy>',
        ),
      );
    assert.deepEqual(town.last(ConvoyList.spec), { all: false });
    town.answer(ConvoyList.spec, []);
    assert.equal(await ok('status'), 'No open convoys\n');
  });

  it('a list shows the beads of each as a tree', async () => {
    const login = convoy('hq-cv-1', ['toy-1', 'toy-2'], { title: 'Login', done: 1 });
    town.answer(ConvoyList.spec, [login]);
    town.answer(ConvoyGet.spec, {
      ...{ ...login, waves: [], errors: [], warnings: [], notify: ['toy/crew/joe'], nudge: ['toy/crew/joe'] },
      tracked: [bead('toy-1', { title: 'Form', phase: 'closed' }), bead('toy-2', { title: 'Page' })],
    });
    assert.match(
      await ok('list', '--tree'),
      /^hq-cv-1 1\/2 open.* Login\n├── \S toy-1: Form \[task\].*\n└── \S toy-2: Page \[task\].*\n$/,
    );
    assert.match(await ok('status', 'hq-cv-1'), /Notify: +toy\/crew\/joe \(also in its terminal\)/);
    town.answer(ConvoyList.spec, []);
    assert.equal(await ok('list', '--tree'), 'No convoys\n');
  });

  it('list takes a status, and refuses one that is none', async () => {
    town.answer(ConvoyList.spec, [convoy('hq-cv-1', ['toy-1'], { title: 'Login', status: 'closed', owned: true })]);
    assert.equal(await ok('list', '--status=closed'), 'hq-cv-1 0/1 closed (owned) Login\n');
    assert.equal(town.last(ConvoyList.spec)?.status, 'closed');
    const { code, err } = await town.gt('convoy', 'list', '--status', 'landed');
    assert.equal(code, 1);
    assert.match(err, /open, closed, staged/);
  });

  it('stage shows the plan, and fails where it has errors', async () => {
    const plan: StagedPlan = {
      status: 'staged_warnings',
      convoy_id: 'hq-cv-1',
      title: 'Login',
      restaged: false,
      launched: false,
      errors: [],
      warnings: [{ category: 'cross-rig', bead_ids: ['lib-1'], message: 'it lands in several rigs' }],
      waves: [
        { number: 1, tasks: [{ id: 'toy-1', title: 'API', type: 'task', rig: 'toy' }] },
        { number: 2, tasks: [{ id: 'lib-1', title: 'Form', type: 'bug', rig: 'lib', blocked_by: ['toy-1'] }] },
      ],
      forecast: { minutes: 95, cost: 1.234, cost_unknown: 1, samples: 3, unknown: ['lib-1'] },
      tree: [],
    };
    town.answer(ConvoyStage.spec, plan);
    assert.equal(
      await ok('stage', 'toy-1', 'lib-1'),
      lines(
        '✓ Staged hq-cv-1: Login (2 beads, staged_warnings)',
        '  Wave 1:',
        '    toy-1: API [task] in toy',
        '  Wave 2:',
        '    lib-1: Form [bug] in lib, after toy-1',
        '  ! it lands in several rigs',
        '  Time: at least 1h 35m (median of 3 finished beads); nothing like lib-1 has been finished yet',
        '  Cost: about $1.23 (medians of finished beads), and 1 bead whose cost is unknown',
        '  Launch: gt convoy launch hq-cv-1 --force',
      ),
    );
    town.answer(ConvoyStage.spec, {
      ...plan,
      status: 'staged_ready',
      warnings: [],
      forecast: { samples: 0, unknown: [] },
    });
    assert.match(
      await ok('stage', 'toy-1', '--title', 'Login'),
      / {2}Time: unknown\n {2}Launch: gt convoy launch hq-cv-1\n$/,
    );
    assert.deepEqual(town.last(ConvoyStage.spec), { ids: ['toy-1'], title: 'Login', launch: false, force: false });
    const failed: StagedPlan = {
      ...plan,
      status: 'error',
      convoy_id: '',
      errors: [
        { category: 'no-rig', bead_ids: ['x'], message: 'x belongs to no rig', suggested_fix: 'gt sling x <rig>' },
      ],
    };
    town.answer(ConvoyStage.spec, failed);
    const { code, out } = await town.gt('convoy', 'stage', 'x');
    assert.equal(code, 1);
    assert.match(out, /^✗ Not staged: Login has 1 error\n[\s\S]* {2}✗ x belongs to no rig \(gt sling x <rig>\)\n/);
    const json = await town.gt('convoy', 'stage', 'x', '--json');
    assert.deepEqual([json.code, JSON.parse(json.out)], [1, failed]);
  });

  it('the other commands say what they did', async () => {
    const info = convoy('hq-cv-1', ['toy-1'], { title: 'Login' });
    const end = { ...info, running: ['toy-1'], waiting: ['toy-2'] };
    for (const spec of [
      ConvoyRemove.spec,
      ConvoyRename.spec,
      ConvoyLaunch.spec,
      ConvoyPause.spec,
      ConvoyResume.spec,
      ConvoyWatch.spec,
      ConvoyUnwatch.spec,
    ])
      town.answer(spec, info);
    town.answer(ConvoyClose.spec, end);
    town.answer(ConvoyLand.spec, end);
    town.answer(ConvoyCheck.spec, [info]);
    const outputs: [string[], RegExp][] = [
      [['remove', 'hq-cv-1', 'toy-2'], /^✓ hq-cv-1 tracks 1 bead\n$/],
      [['rename', 'hq-cv-1', 'Login'], /^✓ Renamed hq-cv-1: Login\n$/],
      [['launch', 'hq-cv-1', '--force'], /^✓ Launched hq-cv-1: Login\n$/],
      [['pause', 'hq-cv-1', '-m', 'why'], /^✓ Paused hq-cv-1: Login\n.*gt convoy resume hq-cv-1\n$/],
      [['resume', 'hq-cv-1'], /^✓ Resumed hq-cv-1: Login\n$/],
      [
        ['close', 'hq-cv-1', '-r', 'why'],
        /^✓ Closed hq-cv-1: Login\n {2}Still in progress: toy-1\n {2}Left open: toy-2/,
      ],
      [['land', 'hq-cv-1', '-f'], /^✓ Landed hq-cv-1: Login \(1 bead\)\n/],
      [['land', 'hq-cv-1', '--dry-run'], /^Would land hq-cv-1: Login/],
      [['check'], /^✓ Landed hq-cv-1: Login\n$/],
      [['check', 'hq-cv-1', '--dry-run'], /^Would land hq-cv-1: Login\n$/],
      [['watch', 'hq-cv-1'], /^✓ You will be notified when hq-cv-1 lands\n$/],
      [['watch', 'hq-cv-1', '--addr', 'mayor/'], /^✓ mayor\/ will be notified when hq-cv-1 lands\n$/],
      [['unwatch', 'hq-cv-1'], /^✓ You will not be notified when hq-cv-1 lands\n$/],
    ];
    for (const [words, expected] of outputs) assert.match(await ok(...words), expected, words.join(' '));
    assert.deepEqual(town.last(ConvoyClose.spec), { id: 'hq-cv-1', reason: 'why' });
    assert.deepEqual(town.last(ConvoyPause.spec), { id: 'hq-cv-1', reason: 'why' });
    town.answer(ConvoyCheck.spec, []);
    assert.equal(await ok('check'), 'No convoy is done\n');
    town.answer(ConvoyStranded.spec, [{ id: 'hq-cv-1', title: 'Login', kind: 'stuck', reasons: ['toy-1: failed'] }]);
    assert.equal(await ok('stranded'), 'hq-cv-1 Login (stuck)\n  toy-1: failed\n');
  });
});

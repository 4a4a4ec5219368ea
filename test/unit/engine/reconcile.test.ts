import assert from 'node:assert/strict';
import fc from 'fast-check';
import { reconcile } from '../../../server/src/engine/loop/reconcile';
import { dispatch } from '../../../server/src/engine/dispatch/dispatchRule';
import { actionKey } from '../../../server/src/engine/loop/action';
import type { RigView, TownView, WorkView } from '../../../server/src/engine/state/townView';
import type { SessionView } from '../../../server/src/sessions/types';

const NOW = 1_000_000;

function rig(changes: Partial<RigView> = {}): RigView {
  return {
    name: 'toy',
    accepted: true,
    maxWorkers: 2,
    spawnDelayMs: 0,
    lastSpawnAt: 0,
    maxAttempts: 3,
    maxRestarts: 5,
    review: 'off',
    mergeStrategy: 'squash',
    unacceptedReviewers: [],
    reviewTimeoutMs: 60_000,
    maxReviewRounds: 3,
    stallMs: 600_000,
    crashLooping: false,
    crashLoopReported: false,
    mergeWindow: { size: 4, failed: false },
    maxBatch: 16,
    gateRuns: 1,
    mergeMode: 'batch',
    pool: ['rust', 'nux', 'dag'],
    ...changes,
  };
}

function work(id: string, changes: Partial<WorkView> = {}): WorkView {
  return {
    id,
    rig: 'toy',
    status: 'open',
    priority: 2,
    createdAt: 1,
    revision: `r-${id}`,
    blocked: false,
    slung: true,
    held: false,
    waitsForStep: false,
    attempt: 0,
    deaths: 0,
    notBefore: 0,
    stallHandledAt: 0,
    consented: true,
    submitted: changes.status === 'in_review',
    ...changes,
  };
}

function hooked(id: string, name: string, changes: Partial<WorkView> = {}): WorkView {
  return work(id, { status: 'hooked', assignee: `toy/polecats/${name}`, attempt: 1, ...changes });
}

function session(bead: string, name: string, changes: Partial<SessionView> = {}): SessionView {
  return {
    id: `s-${bead}`,
    agent: `toy/polecats/${name}`,
    role: 'polecat',
    rig: 'toy',
    name,
    bead,
    startedAt: NOW,
    look: { lastOutputAt: NOW, saidNothing: false },
    ...changes,
  };
}

function view(changes: Partial<TownView>): TownView {
  return {
    now: NOW,
    awakeSince: 0,
    up: true,
    rigs: [rig()],
    work: [],
    merges: [],
    withdrawnMerges: [],
    abandonedPullRequests: [],
    sessions: [],
    worktrees: [],
    convoys: [],
    gates: [],
    escalations: [],
    inFlight: new Set(),
    ...changes,
  };
}

const kinds = (town: TownView): string[] => reconcile(town).map((action) => `${action.type} ${actionKey(action)}`);

describe('reconcile: dispatch', () => {
  it('gives ready beads to free workers, by priority and age, and names them from the pool', () => {
    const town = view({ work: [work('a', { priority: 3 }), work('b', { createdAt: 9 }), work('c', { createdAt: 5 })] });
    assert.deepEqual(kinds(town), ['hook hook:toy'], 'one at a time: names must not be given out twice');
    const actions = dispatch(town);
    assert.deepEqual(
      actions.map((action) => action.type === 'hook' && [action.bead, action.name]),
      [
        ['c', 'rust'],
        ['b', 'nux'],
      ],
    );
  });

  const idle: [string, Partial<TownView>][] = [
    ['an engine that is down', { up: false, work: [work('a')] }],
    ['a rig whose commands nobody accepted', { rigs: [rig({ accepted: false })], work: [work('a')] }],
    ['beads that wait for others', { work: [work('a', { blocked: true })] }],
    ['beads that nobody slung', { work: [work('a', { slung: false })] }],
    ['beads that a person stopped', { work: [work('a', { held: true })] }],
    ['scripts and runtimes that nobody accepted', { work: [work('a', { consented: false })] }],
    ['backoff that is not over', { work: [work('a', { notBefore: NOW + 1 })] }],
    [
      'a start that is too soon after the last',
      { rigs: [rig({ spawnDelayMs: 500, lastSpawnAt: NOW - 100 })], work: [work('a')] },
    ],
    ['a rig that it does not know', { work: [work('a', { rig: 'other' })] }],
  ];
  for (const [what, changes] of idle) it(`does nothing for ${what}`, () => assert.deepEqual(kinds(view(changes)), []));

  it('counts live sessions and hooked work against max_workers', () => {
    assert.deepEqual(
      kinds(
        view({
          work: [work('a'), hooked('b', 'rust'), hooked('c', 'nux')],
          sessions: [session('b', 'rust'), session('c', 'nux')],
        }),
      ),
      [],
    );
    const town = view({
      work: [work('a'), hooked('b', 'rust'), hooked('c', 'nux', { notBefore: NOW + 5 })],
      sessions: [session('b', 'rust')],
    });
    assert.deepEqual(kinds(town), []);
  });

  it('does not give a name away that a worktree, a session or a bead in review has', () => {
    const town = view({
      rigs: [rig({ maxWorkers: 9 })],
      work: [work('a'), work('b', { status: 'in_review', assignee: 'toy/polecats/nux' })],
      worktrees: [{ rig: 'toy', name: 'rust', bead: 'x', finished: false }],
    });
    assert.deepEqual(
      reconcile(town).map((action) => action.type === 'hook' && action.name),
      ['dag'],
    );
  });

  it('waits for the polecat that was asked for', () => {
    const busy = view({
      work: [work('a', { wantedName: 'rust' }), hooked('b', 'rust')],
      sessions: [session('b', 'rust')],
    });
    assert.deepEqual(kinds(busy), []);
    assert.deepEqual(
      reconcile(view({ work: [work('a', { wantedName: 'zed' })] })).map(
        (action) => action.type === 'hook' && action.name,
      ),
      ['zed'],
    );
  });
});

describe('reconcile: sessions', () => {
  it('starts one for hooked work that has none, revisions before new beads', () => {
    const town = view({
      rigs: [rig({ maxWorkers: 1 })],
      work: [work('new', { priority: 0 }), hooked('old', 'rust', { attempt: 2 })],
    });
    assert.deepEqual(kinds(town), ['start-session bead:old']);
  });

  it('writes a death down before anything else happens to the bead', () => {
    const town = view({
      work: [hooked('a', 'rust')],
      sessions: [session('a', 'rust', { exit: { kind: 'killed', code: null } })],
    });
    assert.deepEqual(kinds(town), ['record-death bead:a']);
    assert.deepEqual(kinds({ ...town, up: false }), ['record-death bead:a']);
  });

  it('ends a session whose bead moved on, after its farewell, and then forgets it', () => {
    const moved = work('a', { status: 'in_review', assignee: 'toy/polecats/rust' });
    assert.deepEqual(kinds(view({ work: [moved], sessions: [session('a', 'rust', { doneAt: NOW - 100 })] })), []);
    assert.deepEqual(kinds(view({ work: [moved], sessions: [session('a', 'rust', { doneAt: NOW - 1000 })] })), [
      'end-session session:s-a',
    ]);
    assert.deepEqual(kinds(view({ sessions: [session('a', 'rust')] })), ['end-session session:s-a']);
    assert.deepEqual(kinds(view({ sessions: [session('a', 'rust', { exit: { kind: 'stopped', code: null } })] })), [
      'forget-session session:s-a',
    ]);
  });

  it("waits with an agent's next session until its last one is gone", () => {
    const again = hooked('a', 'rust', { attempt: 2 });
    assert.deepEqual(kinds(view({ work: [again], sessions: [session('a', 'rust', { doneAt: NOW - 100 })] })), []);
    assert.deepEqual(
      kinds(
        view({
          work: [again],
          sessions: [session('a', 'rust', { doneAt: NOW - 100, exit: { kind: 'ended', code: null } })],
        }),
      ),
      ['forget-session session:s-a'],
    );
    assert.deepEqual(kinds(view({ work: [again] })), ['start-session bead:a']);
  });

  it('does not start more than max_workers while starts are under way', () => {
    const town = view({
      rigs: [rig({ maxWorkers: 1 })],
      work: [hooked('a', 'rust'), hooked('b', 'nux')],
      inFlight: new Set(['bead:a']),
    });
    assert.deepEqual(kinds(town), []);
  });
});

describe('reconcile: strays', () => {
  it('sends a bead in review back whose merge request is gone', () => {
    const lost = work('a', { status: 'in_review', assignee: 'toy/polecats/rust', submitted: false });
    assert.deepEqual(kinds(view({ work: [lost] })), ['resubmit bead:a']);
    assert.deepEqual(kinds(view({ work: [{ ...lost, submitted: true }] })), []);
  });
});

describe('reconcile: merging and landing', () => {
  const merge = {
    id: 'm1',
    rig: 'toy',
    source: 'a',
    revision: 'r',
    createdAt: NOW,
    priority: 2,
    convoyCreatedAt: 0,
    retries: 0,
    notBefore: 0,
    order: 0,
    hasOpenSteps: false,
    hasPullRequest: false,
    isTaken: false,
    isInterrupted: false,
    isSuspected: false,
  };

  it('merges one batch at a time, the best score first', () => {
    const town = view({ merges: [merge, { ...merge, id: 'm2', priority: 0 }] });
    assert.deepEqual(
      reconcile(town).map((action) => action.type === 'merge' && action.requests),
      [
        [
          { mergeRequest: 'm2', revision: 'r' },
          { mergeRequest: 'm1', revision: 'r' },
        ],
      ],
    );
    assert.deepEqual(kinds({ ...town, inFlight: new Set(['merge:toy']) }), []);
  });

  describe('with parts', () => {
    const rigs = [{ ...view({}).rigs[0]!, gateRuns: 3 }];
    const docs = { ...merge, id: 'docs', parts: ['docs'] };
    const web = { ...merge, id: 'web', parts: ['web'], createdAt: NOW + 1 };
    const all = { ...merge, id: 'all', createdAt: NOW + 2 };

    it('starts a batch for each lane, as many as gates may run', () => {
      assert.deepEqual(kinds(view({ rigs, merges: [docs, web] })), [
        'merge merge:toy ["docs"]',
        'merge merge:toy ["web"]',
      ]);
      const single = [{ ...rigs[0]!, gateRuns: 1 }];
      assert.deepEqual(kinds(view({ rigs: single, merges: [docs, web] })), ['merge merge:toy ["docs"]']);
    });

    it('starts nothing that meets what runs', () => {
      const running = (...keys: string[]): string[] =>
        kinds(view({ rigs, merges: [docs, web, all], inFlight: new Set(keys) }));
      assert.deepEqual(running('merge:toy ["docs"]'), ['merge merge:toy ["web"]']);
      assert.deepEqual(running('merge:toy'), [], 'such as a direct landing');
      assert.deepEqual(running('merge:toy ["docs"]', 'merge:toy ["web"]'), []);
    });

    it('leaves what is taken alone, even if its parts have changed since', () => {
      const taken = { ...web, isTaken: true };
      const inFlight = new Set(['merge:toy ["docs"]']);
      assert.deepEqual(kinds(view({ rigs, merges: [taken, { ...web, id: 'web2' }], inFlight })), []);
    });

    it('waits until the files of a change are read', () => {
      assert.deepEqual(kinds(view({ rigs, merges: [{ ...merge, isUnread: true }] })), []);
    });

    it('prepares the next batch of the lane that is tested', () => {
      const next = ['a', 'b', 'c'].map((id, index) => ({ ...docs, id, createdAt: NOW + 3 + index }));
      const town = view({
        rigs,
        merges: [{ ...docs, isTaken: true }, ...next],
        inFlight: new Set(['merge:toy ["docs"]']),
      });
      assert.deepEqual(kinds(town), ['prepare-batch prepare:merge:toy ["docs"] a b c']);
      const others = new Set(['merge:toy ["docs"]', 'merge:toy ["web"]', 'prepare:merge:toy ["web"] x y z']);
      assert.deepEqual(kinds({ ...town, inFlight: others }), [], 'no gate run is left');
    });
  });

  it('lands a convoy when all it tracks is closed, and never an empty one', () => {
    const convoy = {
      id: 'c',
      revision: 'r',
      status: 'open',
      owned: false,
      tracked: [
        { id: 'a', closed: true },
        { id: 'b', closed: true },
      ],
    };
    assert.deepEqual(kinds(view({ convoys: [convoy] })), ['land-convoy convoy:c']);
    assert.deepEqual(kinds(view({ convoys: [{ ...convoy, tracked: [] }] })), []);
    assert.deepEqual(kinds(view({ convoys: [{ ...convoy, tracked: [{ id: 'a', closed: false }] }] })), []);
    assert.deepEqual(kinds(view({ convoys: [{ ...convoy, status: 'staged_ready' }] })), []);
    assert.deepEqual(kinds(view({ convoys: [{ ...convoy, owned: true }] })), []);
  });

  it('removes a worktree only when its bead is finished and nobody is in it', () => {
    const worktree = { rig: 'toy', name: 'rust', bead: 'a', finished: true };
    assert.deepEqual(kinds(view({ worktrees: [worktree] })), ['remove-worktree worktree:toy/rust']);
    assert.deepEqual(kinds(view({ worktrees: [{ ...worktree, finished: false }] })), []);
    assert.deepEqual(kinds(view({ worktrees: [{ ...worktree, bead: undefined }] })), []);
    assert.equal(
      kinds(view({ worktrees: [worktree], sessions: [session('a', 'rust')] })).includes(
        'remove-worktree worktree:toy/rust',
      ),
      false,
    );
  });
});

describe('reconcile: properties', () => {
  const beads = fc.array(
    fc.record({
      status: fc.constantFrom('open', 'hooked', 'in_progress', 'in_review'),
      name: fc.constantFrom('rust', 'nux', 'dag', 'x', 'y'),
      priority: fc.nat(4),
      blocked: fc.boolean(),
      held: fc.boolean(),
      slung: fc.boolean(),
      live: fc.boolean(),
    }),
    { maxLength: 12 },
  );

  it('is deterministic, never exceeds max_workers and never gives one hook to two beads', () => {
    fc.assert(
      fc.property(beads, fc.integer({ min: 1, max: 4 }), (entries, maxWorkers) => {
        const used = new Set<string>();
        const items = entries.map((entry, index) => {
          const mine = entry.status !== 'open' && !used.has(entry.name);
          if (mine) used.add(entry.name);
          return work(`b${index}`, {
            ...entry,
            status: mine ? entry.status : 'open',
            assignee: mine ? `toy/polecats/${entry.name}` : undefined,
          });
        });
        const sessions = items
          .filter((item, index) => entries[index]!.live && ['hooked', 'in_progress'].includes(item.status))
          .slice(0, maxWorkers)
          .map((item) => session(item.id, item.assignee!.split('/')[2]!));
        const town = view({ rigs: [rig({ maxWorkers })], work: items, sessions });
        const actions = reconcile(town);
        assert.deepEqual(reconcile(town), actions);
        const starts = actions.filter((action) => action.type === 'start-session');
        assert.ok(sessions.length + starts.length <= maxWorkers);
        const hooks = actions.filter((action) => action.type === 'hook');
        const names = [...hooks.map((hook) => hook.name), ...used];
        assert.equal(new Set(names).size, names.length);
        assert.ok(hooks.length === 0 || sessions.length + hooks.length <= maxWorkers);
      }),
      { numRuns: 500 },
    );
  });
});

describe('reconcile: reviews', () => {
  const request = {
    id: 'm1',
    rig: 'toy',
    source: 'a',
    revision: 'r',
    createdAt: NOW,
    priority: 2,
    convoyCreatedAt: 0,
    retries: 0,
    notBefore: 0,
    order: 0,
    hasOpenSteps: false,
    hasPullRequest: false,
    isTaken: false,
    isInterrupted: false,
    isSuspected: false,
  };
  const waiting = { state: 'waiting' as const, patch: 'p', states: {} };
  const asked = (state: object) => ({ ...waiting, states: { agent: { unanswered: 0, ...state } } });
  const reviewed = (review: RigView['review'], merges: TownView['merges'], more: Partial<TownView> = {}): string[] =>
    kinds(view({ rigs: [rig({ review })], merges, ...more }));
  const reviewer = (changes: Partial<SessionView> = {}): SessionView => ({
    id: 's',
    agent: 'toy/refinery',
    role: 'refinery',
    rig: 'toy',
    name: 'refinery',
    bead: 'm1',
    startedAt: NOW - 10,
    ...changes,
  });

  it('are requested while a batch is tested, but not of what lands directly', () => {
    const inFlight = new Set(['merge:toy']);
    assert.deepEqual(reviewed('script', [request], { inFlight }), ['request-review request-merge:toy']);
    assert.deepEqual(reviewed('script', [{ ...request, isTaken: true }], { inFlight }), []);
  });

  it('are requested first; only what is approved is merged', () => {
    assert.deepEqual(reviewed('script', [request]), ['request-review request-merge:toy']);
    assert.deepEqual(reviewed('off', [request]), ['merge merge:toy']);
    assert.deepEqual(reviewed('person', [{ ...request, review: waiting }]), []);
    assert.deepEqual(reviewed('person', [{ ...request, review: { ...waiting, state: 'approved' } }]), [
      'merge merge:toy',
    ]);
  });
  it('are asked of a script, of one agent at a time, or of a person where agents do not answer', () => {
    assert.deepEqual(reviewed('script', [{ ...request, review: waiting }]), ['review-by-script review:toy:script']);
    assert.deepEqual(reviewed('agent', [{ ...request, review: waiting }]), ['review-by-agent review:toy:agent']);
    assert.deepEqual(reviewed('agent', [{ ...request, review: asked({ person: true }) }]), []);
    assert.deepEqual(
      reviewed('agent', [{ ...request, review: asked({ shown: 'p' }) }], { sessions: [reviewer()] }),
      [],
    );
    assert.deepEqual(
      kinds(
        view({
          rigs: [rig({ review: 'agent', unacceptedReviewers: ['agent'] })],
          merges: [{ ...request, review: waiting }],
        }),
      ),
      [],
    );
  });
  it('end the sessions of reviewers that hang, were shown another change or have answered', () => {
    const shown = [{ ...request, review: asked({ shown: 'p' }) }];
    assert.deepEqual(reviewed('agent', shown, { sessions: [reviewer({ exit: { kind: 'exited', code: 0 } })] }), [
      'record-review-timeout session:s',
    ]);
    assert.deepEqual(reviewed('agent', shown, { sessions: [reviewer({ startedAt: NOW - 60_001 })] }), [
      'record-review-timeout session:s',
    ]);
    for (const [kind, stopped] of [
      ['stopped', true],
      ['killed', false],
    ] as const) {
      const town = view({
        rigs: [rig({ review: 'agent' })],
        merges: shown,
        sessions: [reviewer({ exit: { kind, code: null } })],
      });
      assert.deepEqual(
        reconcile(town).map((action) => action.type === 'record-review-timeout' && action.stopped),
        [stopped],
        kind,
      );
    }
    assert.deepEqual(
      reviewed('agent', [{ ...request, review: asked({ shown: 'other' }) }], { sessions: [reviewer()] }),
      ['end-session session:s'],
    );
    assert.deepEqual(
      reviewed('agent', [], { sessions: [reviewer({ doneAt: NOW - 10 })] }),
      [],
      'it may print its farewell',
    );
    assert.deepEqual(reviewed('agent', [], { sessions: [reviewer({ doneAt: NOW - 1000 })] }), [
      'end-session session:s',
    ]);
    assert.deepEqual(reviewed('agent', [], { sessions: [reviewer({ exit: { kind: 'ended', code: null } })] }), [
      'forget-session session:s',
    ]);
  });
  it('start with what a person wants first', () => {
    const approved = { ...waiting, state: 'approved' as const };
    const merges = [
      { ...request, priority: 0, review: approved },
      { ...request, id: 'm2', priority: 4, order: -1, review: approved },
    ];
    assert.deepEqual(
      reconcile(view({ rigs: [rig({ review: 'person' })], merges })).map(
        (action) => action.type === 'merge' && action.requests.map(({ mergeRequest }) => mergeRequest),
      ),
      [['m2', 'm1']],
    );
  });
});

describe('reconcile: supervision', () => {
  const silentFor = (ms: number, more: Partial<SessionView> = {}, town: Partial<TownView> = {}): string[] =>
    kinds(
      view({
        work: [work('a', { status: 'in_progress', assignee: 'toy/polecats/rust', attempt: 1 })],
        now: NOW + ms,
        sessions: [session('a', 'rust', more)],
        ...town,
      }),
    );

  it('handles stalled agents, and leaves alone those that wait for input, were handled already, or were suspended with the machine', () => {
    assert.deepEqual(silentFor(599_000), []);
    assert.deepEqual(silentFor(600_001), ['handle-stall session:s-a']);
    assert.deepEqual(silentFor(600_001, { asks: 'asks for a login' }), []);
    assert.deepEqual(silentFor(600_001, {}, { awakeSince: NOW + 300_000 }), []);
    assert.deepEqual(
      kinds(
        view({
          work: [work('a', { status: 'in_progress', assignee: 'toy/polecats/rust', stallHandledAt: NOW + 300_000 })],
          now: NOW + 600_001,
          sessions: [session('a', 'rust')],
        }),
      ),
      [],
    );
  });
  it('takes one that never said a word for stuck at its start', () => {
    assert.deepEqual(silentFor(119_000, { look: { lastOutputAt: NOW, saidNothing: true } }), []);
    assert.deepEqual(silentFor(120_001, { look: { lastOutputAt: NOW, saidNothing: true } }), [
      'handle-stall session:s-a',
    ]);
  });
  it('leaves alone what it cannot look at', () => {
    assert.deepEqual(silentFor(10_000_000, { look: undefined }), []);
  });
  it('starts no sessions during a crash loop, and escalates once', () => {
    assert.deepEqual(
      kinds(view({ rigs: [rig({ crashLooping: true, crashLoopReported: true })], work: [work('a')] })),
      [],
    );
    const town = view({ rigs: [rig({ crashLooping: true })], work: [work('a'), hooked('b', 'nux')] });
    assert.deepEqual(kinds(town), ['escalate person:crash-loop-toy']);
  });
});

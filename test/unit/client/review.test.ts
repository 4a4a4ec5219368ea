import assert from 'node:assert/strict';
import { readArgument } from '../../../client/src/ui/command';
import type { ServerConnection } from '../../../client/src/connection/serverConnection';
import { TownStore } from '../../../client/src/state/townStore';
import { aboutMarkdown, changeSize, reviewTitle, shownFiles } from '../../../client/src/features/review/aboutChange';
import { ReviewRequests } from '../../../client/src/features/review/reviewRequests';
import {
  changeUri,
  draftUri,
  readChangeArgument,
  readChangeUri,
  type ChangeRef,
} from '../../../client/src/features/review/changeUri';
import { Drafts, requestText } from '../../../client/src/features/review/drafts';
import { sendVerdict } from '../../../client/src/features/review/verdict';
import { attentionRows } from '../../../client/src/features/attention/attentionRows';
import { UserError } from '../../../server/src/base/errors';
import type { Params, RequestSpec, Result } from '../../../server/src/protocol/request';
import {
  MqApprove,
  MqGet,
  MqReject,
  type AttentionInfo,
  type ChangedFile,
  type MergeRequestInfo,
} from '../../../server/src/protocol/town';
import { snapshot } from './samples';

const ref: ChangeRef = {
  bead: 'toy-a',
  request: 'toy-m',
  rig: 'toy',
  title: 'Add *stars*',
  base: '1'.repeat(40),
  commit: '2'.repeat(40),
  patch: 'p1',
};

const info = (more: Partial<MergeRequestInfo> = {}): MergeRequestInfo => ({
  id: 'toy-m',
  rig: 'toy',
  bead: 'toy-a',
  title: 'Add *stars*',
  worker: 'toy/polecats/nux',
  branch: 'b',
  target: 'main',
  commit: 'c',
  order: 0,
  checks: [],
  state: 'reviewing',
  review: 'waiting',
  patch: 'p1',
  needsPerson: true,
  priority: 2,
  first: false,
  score: 1,
  retries: 0,
  createdAt: '2026-01-01T00:00:00Z',
  reviews: [],
  reviewers: [],
  reviewsNeeded: 'all',
  overlaps: [],
  ...more,
});

/** The workspace state of a window. */
function memento() {
  const kept = new Map<string, unknown>();
  return {
    get: <T>(key: string, other?: T): T => (kept.has(key) ? structuredClone(kept.get(key)) : other) as T,
    update: async (key: string, value: unknown): Promise<void> => void kept.set(key, structuredClone(value)),
  };
}

/** A server that answers by method, and records its requests. */
function server(
  answers: Record<string, () => unknown>,
): Pick<ServerConnection, 'call'> & { asked: { method: string; params: unknown }[] } {
  const asked: { method: string; params: unknown }[] = [];
  return {
    asked,
    async call<S extends RequestSpec>(spec: S, params: Params<S>): Promise<Result<S>> {
      asked.push({ method: spec.method, params });
      return answers[spec.method]?.() as Result<S>;
    },
  };
}

const fails = (message: string, code: 'conflict' | 'not-found' | 'unavailable') => (): never => {
  throw new UserError(message, undefined, code);
};

describe('the documents of a change', () => {
  it('are identified by their URIs, different for each version', () => {
    const uri = changeUri(ref, 'base', 'src/a b.ts');
    assert.deepEqual(readChangeUri(uri), { ref, side: 'base', path: 'src/a b.ts' });
    assert.notDeepEqual(changeUri({ ...ref, commit: '3'.repeat(40) }, 'base', 'src/a b.ts'), uri);
    assert.deepEqual(readChangeUri(draftUri(ref))?.ref, ref);
  });

  it('have no other URIs', () => {
    for (const query of [
      '',
      '{}',
      'x',
      JSON.stringify({ ...ref, side: 'base', commit: '--upload-pack=x' }),
      JSON.stringify({ ...ref, side: 'other' }),
    ]) {
      assert.equal(readChangeUri({ scheme: 'gastown-change', path: '/a', query }), undefined);
    }
    assert.equal(readChangeUri({ ...changeUri(ref, 'base', 'a'), scheme: 'file' }), undefined);
    assert.equal(readChangeUri(undefined), undefined);
  });

  it('pass their bead and change to commands in the editor title', () => {
    class Uri {
      constructor(
        readonly scheme: string,
        readonly path: string,
        readonly query: string,
      ) {}
    }
    const { scheme, path, query } = changeUri(ref, 'whole', 'toy-a');
    const argument = readArgument(new Uri(scheme, path, query), { groupId: 0 }, [readChangeArgument]);
    assert.deepEqual(argument.target, { kind: 'bead', id: 'toy-a' });
    assert.deepEqual(argument.params['change'], ref);
  });
});

describe('the page about a change', () => {
  const files: ChangedFile[] = [
    { path: 'a.ts', status: 'modified', added: 2, removed: 1 },
    { path: 'logo.png', status: 'added' },
  ];

  it("has the author's note, earlier reviews, and files that cannot be shown", () => {
    const text = aboutMarkdown(
      info({
        checks: [
          { gate: 'lint', passed: true, at: '', seconds: 1.26 },
          { gate: 'test', passed: false, at: '' },
        ],
        reviewers: [
          { name: 'codex', state: 'approved', by: 'toy/refinery/codex' },
          { name: 'person', state: 'reviewing' },
        ],
        note: '# I did\nit',
        reviews: [{ by: 'ann', verdict: 'rejected', message: 'Name it', at: '2026-01-01T00:00:00Z' }],
      }),
      { base: ref.base, commit: ref.commit, files },
    );
    for (const part of [
      '# Add \\*stars\\*',
      '[toy-a](toy-a.md) by toy/polecats/nux: 2 files, +2 −1',
      '## Checks\n\n- ✓ lint (1.3 s)\n- ✗ test (cached)',
      '## Reviewers\n\nAll of them have to approve.\n\n- ✓ codex (toy/refinery/codex): approved\n- · person: still reviewing',
      '> ### I did\n> it',
      '## Earlier reviews\n\n**ann** rejected',
      '> Name it',
      '- logo.png (binary, added)',
    ]) {
      assert.ok(text.includes(part), `${part}\nis missing in\n${text}`);
    }
    assert.deepEqual(
      shownFiles(files).map((file) => file.path),
      ['a.ts'],
    );
    assert.equal(changeSize(files), '2 files, +2 −1');
  });

  it('cannot be forged by text from elsewhere', () => {
    const text = aboutMarkdown(info({ title: 'x](command:evil)\n# Forged', note: '[a](command:evil) <img src=x>' }), {
      base: '',
      commit: '',
      files: [{ path: '[b](command:evil)', status: 'added' }],
    });
    assert.doesNotMatch(text, /(?<!\\)\]\(command:|<img/);
    assert.deepEqual(text.split('\n').filter((line) => /^#/.test(line)).length, 3);
  });

  it('has the review round in its title', () => {
    const rejected = { by: 'ann', verdict: 'rejected', message: 'no', at: '' } as const;
    assert.equal(reviewTitle(info({ title: 'A\nB' })), 'Review A B');
    assert.equal(
      reviewTitle(info({ title: 'A', reviews: [rejected, { ...rejected, verdict: 'approved' }] })),
      'Review A (round 2)',
    );
  });
});

describe('the draft about a change', () => {
  it('is a text with a list of comments on lines, by file', () => {
    const comment = (path: string, line: number, text: string, more = {}) => ({
      id: `${path}${line}`,
      path,
      side: 'change' as const,
      line,
      endLine: line,
      text,
      ...more,
    });
    assert.equal(
      requestText({
        text: ' Almost.\n',
        comments: [
          comment('b.ts', 3, 'Why?\nReally'),
          comment('b.ts', 1, 'Name', { endLine: 2 }),
          comment('a.ts', 9, 'Keep', { side: 'base' }),
        ],
      }),
      'Almost.\n\n- a.ts:9 (before the change): Keep\n- b.ts:1-2: Name\n- b.ts:3: Why?\n  Really',
    );
    assert.equal(requestText({ text: '', comments: [] }), '');
  });

  it('survives a reload, and starts the draft of the next version', () => {
    const memory = memento();
    const first = new Drafts(memory);
    first.setText(ref, 'Half a thou');
    const comment = first.addComment(ref, { path: 'a.ts', side: 'change', line: 1, endLine: 1, text: 'x' });
    const again = new Drafts(memory);
    assert.equal(again.of(ref).text, 'Half a thou');
    assert.notEqual(
      again.addComment(ref, { path: 'a.ts', side: 'change', line: 2, endLine: 2, text: 'y' }).id,
      comment.id,
    );
    again.removeComment(ref, comment.id);
    const next = { ...ref, commit: '3'.repeat(40), patch: 'p2' };
    again.startFromPrevious(next);
    assert.equal(again.of(next).text, 'Half a thou\n\n- a.ts:2: y');
    again.setText(next, 'Mine');
    again.startFromPrevious(next);
    assert.equal(again.of(next).text, 'Mine', 'what was written about it is its own');
    assert.equal(
      again.of({ ...ref, base: '4'.repeat(40), commit: '5'.repeat(40) }).text,
      'Half a thou',
      'the same patch on another base',
    );
    assert.equal(new Drafts({ get: () => 'nonsense', update: async () => undefined }).of(ref).text, '');
  });

  it('is kept for the last 50 changes', () => {
    const drafts = new Drafts(memento());
    const version = (number: number): ChangeRef => ({ ...ref, patch: `p${number}` });
    for (let number = 0; number < 60; number++) drafts.setText(version(number), `text ${number}`);
    assert.equal(drafts.of(version(9)).text, '');
    assert.equal(drafts.of(version(10)).text, 'text 10');
  });

  it('is sent with the patch-id that was seen, and deleted once the server has it', async () => {
    const drafts = new Drafts(memento());
    const cleared: ChangeRef[] = [];
    drafts.onDidClear((one) => cleared.push(one));
    drafts.setText(ref, 'Name it');
    const link = server({});
    assert.equal(await sendVerdict(link, drafts, ref, 'reject'), 'given');
    assert.deepEqual(link.asked, [
      { method: MqReject.spec.method, params: { id: 'toy-m', message: 'Name it', patch: 'p1' } },
    ]);
    assert.equal(drafts.of(ref).text, '');
    assert.equal(cleared.length, 1);
    drafts.setText(ref, 'Not for this');
    await sendVerdict(link, drafts, ref, 'land', '');
    assert.deepEqual(link.asked[1], {
      method: MqApprove.spec.method,
      params: { id: 'toy-m', message: '', patch: 'p1', first: true },
    });
  });

  it('is kept when sending fails', async () => {
    const drafts = new Drafts(memento());
    drafts.setText(ref, 'Long\nwords');
    const broken = server({ [MqReject.spec.method]: fails('the server is gone', 'unavailable') });
    await assert.rejects(sendVerdict(broken, drafts, ref, 'reject'), /server is gone/);
    const merging = server({
      [MqReject.spec.method]: fails('it is being merged', 'conflict'),
      [MqGet.spec.method]: () => info(),
    });
    await assert.rejects(
      sendVerdict(merging, drafts, ref, 'reject'),
      /being merged/,
      'the same change: no other one is to be opened',
    );
    const gone = server({
      [MqReject.spec.method]: fails('no open merge request', 'not-found'),
      [MqGet.spec.method]: fails('none', 'not-found'),
    });
    await assert.rejects(sendVerdict(gone, drafts, ref, 'reject'), /no open merge request/);
    assert.equal(drafts.of(ref).text, 'Long\nwords');
  });

  it('is never sent about another version', async () => {
    const drafts = new Drafts(memento());
    drafts.setText(ref, 'Words');
    for (const code of ['conflict', 'not-found'] as const) {
      const link = server({
        [MqApprove.spec.method]: fails('it has changed', code),
        [MqGet.spec.method]: () => info({ id: 'toy-n', patch: 'p2' }),
      });
      assert.equal(await sendVerdict(link, drafts, ref, 'approve'), 'changed');
      assert.deepEqual(
        link.asked.map((one) => one.method),
        [MqApprove.spec.method, MqGet.spec.method],
      );
    }
    assert.equal(drafts.of(ref).text, 'Words');
  });
});

describe('a requested review', () => {
  const item = (id: string): AttentionInfo => ({
    id,
    kind: 'review',
    title: `${id} waits for your review`,
    detail: '',
    bead: 'toy-a',
    mergeRequest: 'toy-m',
  });

  it('is notified once, also after a reload', () => {
    const memory = memento();
    const asked: string[] = [];
    const window = (): { store: TownStore; done: () => void } => {
      const store = new TownStore();
      const reviews = new ReviewRequests(store, memory, ({ id }) => asked.push(id));
      return { store, done: () => reviews.dispose() };
    };
    const first = window();
    first.store.reset(snapshot({ attention: [item('r1')] }));
    first.store.apply({ from: 1, to: 2, changes: { attention: { upsert: [item('r1'), item('r2')], remove: [] } } });
    first.done();
    window().store.reset(snapshot({ attention: [item('r1'), item('r2'), item('r3')] }));
    assert.deepEqual(asked, ['r1', 'r2', 'r3']);
  });

  it('is a row with actions', () => {
    const store = new TownStore();
    store.reset(snapshot({ attention: [item('r1')] }));
    const [row] = attentionRows(store);
    assert.equal(row?.context, 'attention.review');
    assert.equal(row?.click, 'gastown.openAttention');
  });
});

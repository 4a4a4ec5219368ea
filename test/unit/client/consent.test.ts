import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { Consent } from '../../../client/src/features/consent/consent';
import { TownStore } from '../../../client/src/state/townStore';
import type { Question } from '../../../client/src/ui/dialogs';
import { UserError } from '../../../server/src/base/errors';
import type { AttentionInfo, ConsentKind } from '../../../server/src/protocol/town';
import { rig, snapshot } from './samples';

const item = (kind: ConsentKind, text: string, more: Partial<AttentionInfo> = {}): AttentionInfo => ({
  id: `consent-${kind}`,
  kind: 'consent',
  title: `A title about ${kind}`,
  detail: '',
  rig: 'toy',
  consent: { kind, hash: `hash-${kind}`, text, ...(kind === 'runtime' ? { runtime: 'claude' } : {}) },
  ...more,
});

describe('asking before something runs for the first time', () => {
  let store: TownStore;
  let asked: Question[];
  let texts: string[];
  let given: unknown[];
  let answer: boolean;
  let consent: Consent;

  beforeEach(() => {
    store = new TownStore();
    store.reset(snapshot({ rigs: [rig('toy', { accepted: false })] }));
    [asked, texts, given, answer] = [[], [], [], true];
    consent = new Consent({
      store,
      connection: {
        call: async (_spec, params) => {
          given.push(params);
          return null as never;
        },
      },
      dialogs: {
        confirm: async (message, detail, action) => {
          asked.push({ message, detail, actions: [action] });
          return answer;
        },
      },
      documents: { showText: async (_title, text) => void texts.push(text) },
    });
  });

  const add = (...items: AttentionInfo[]): void => {
    store.apply({
      from: store.revision,
      to: store.revision + 1,
      changes: { attention: { upsert: items, remove: [] } },
    });
  };

  it('names what is asked, shows the exact text, and accepts it by its hash', async () => {
    for (const [kind, question] of [
      ['rig-commands', 'Allow Gas Town to run these commands?'],
      ['script', 'Allow this script to run?'],
      ['runtime', 'Allow claude to run without permission prompts?'],
    ] as const) {
      assert.ok(await consent.ask(item(kind, 'test: npm test\u202e')));
      assert.equal(asked.at(-1)?.message, question);
      assert.match(asked.at(-1)?.detail ?? '', /test: npm test\\u\{202e\}/);
      assert.deepEqual(given.at(-1), { kind, hash: `hash-${kind}` });
    }
  });

  it('accepts nothing that the person refuses', async () => {
    answer = false;
    assert.equal(await consent.ask(item('script', 'rm -rf build')), false);
    assert.deepEqual(given, []);
  });

  it('shows a long text in an editor, whole', async () => {
    const script = Array.from({ length: 200 }, (_unused, line) => `echo ${line}`).join('\n');
    await consent.ask(item('script', script));
    assert.deepEqual(texts, [script]);
    assert.match(asked[0]?.detail ?? '', /The whole text \(200 lines\) is in the editor/);
  });

  it('waits for the item of a new rig, which may arrive after the rig', async () => {
    const waiting = consent.askForRig(rig('toy', { accepted: false }));
    add(item('rig-commands', 'test: make', { rig: 'other' }));
    add(item('rig-commands', 'test: npm test', { id: 'mine' }));
    assert.ok(await waiting);
    assert.match(asked[0]?.detail ?? '', /npm test/);
  });

  it('starts an agent again once its runtime is allowed, and not where it is refused', async () => {
    let starts = 0;
    const start = async (): Promise<string> => {
      if (++starts % 2 === 1) throw new UserError('not allowed yet', undefined, 'consent');
      return 'started';
    };
    add(item('runtime', 'claude --yes'));
    assert.equal(await consent.startAllowed('claude', start), 'started');
    answer = false;
    assert.equal(await consent.startAllowed('claude', start), undefined);
    assert.equal(starts, 3);
  });

  it('passes on other failures, and a missing approval of which there is no item', async () => {
    const fail = (code: 'consent' | 'unavailable') => async (): Promise<never> => {
      throw new UserError('it failed', undefined, code);
    };
    await assert.rejects(consent.startAllowed('claude', fail('unavailable')), /it failed/);
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const waiting = assert.rejects(consent.startAllowed('gemini', fail('consent')), /it failed/);
      add(item('runtime', 'claude --yes'));
      await new Promise((done) => setImmediate(done));
      mock.timers.tick(60_000);
      await waiting;
    } finally {
      mock.timers.reset();
    }
    await assert.rejects(consent.ask({ ...item('script', ''), consent: undefined }), /does not ask for your approval/);
  });
});

import assert from 'node:assert/strict';
import type { BeadStore } from '../../../server/src/beads/store';
import { registerMailHandlers } from '../../../server/src/engine/mail/requests';
import { sendMail } from '../../../server/src/engine/mail/mail';
import { Dispatcher, type CallContext } from '../../../server/src/protocol/dispatcher';
import type { Params, RequestSpec } from '../../../server/src/protocol/request';
import { townSchemas } from '../../../server/src/protocol/schemas';
import {
  MailAck,
  MailInbox,
  MailRead,
  MailReply,
  MailSend,
  MayorAnswer,
  MayorPlan,
} from '../../../server/src/protocol/town';
import { guardMail } from '../../../server/src/townServer/access/mailGuard';
import { hqStore } from '../../helpers/ledger';

const rust = 'toy/polecats/rust';
const nux = 'toy/polecats/nux';
const agent = (name: string): CallContext => ({ actor: name, agent: name, kind: 'agent' });
const ann: CallContext = { actor: 'ann', kind: 'person' };

describe('who reads and answers mail', () => {
  let store: BeadStore;
  let mail: string;
  let call: <S extends RequestSpec>(spec: S, params: Params<S>, caller: CallContext) => Promise<unknown>;
  beforeEach(async () => {
    store = await hqStore();
    const dispatcher = new Dispatcher(townSchemas);
    const addresses = { isRig: () => true, crew: () => [], polecats: () => ['rust', 'nux'], isPerson: () => true };
    registerMailHandlers({
      dispatcher,
      store,
      addresses,
      sessions: { all: () => [], takesNudges: () => false, nudge: () => Promise.resolve() },
      hookedBead: () => undefined,
      mayorMayEnd: () => undefined,
    });
    for (const spec of [MayorPlan.spec, MayorAnswer.spec])
      dispatcher.on(spec as typeof MayorAnswer.spec, async ({ request }) => ({ request, mail: 'hq-1' }));
    guardMail(dispatcher, store, addresses);
    call = async (spec, params, caller) => {
      const entry = dispatcher.get(spec.method)!;
      return entry.run(entry.parse(params), caller);
    };
    mail = await store.batch(
      ann,
      (tx) => sendMail(tx, { from: 'ann', to: rust, subject: 'hello', body: 'there', priority: 'normal' }).id,
    );
  });
  afterEach(() => store.close());

  const ways: [string, (caller: CallContext) => Promise<unknown>][] = [
    ['inbox', (caller) => call(MailInbox.spec, { address: 'toy/rust' }, caller)],
    ['read', (caller) => call(MailRead.spec, { id: mail }, caller)],
    ['reply', (caller) => call(MailReply.spec, { id: mail, body: 'yes' }, caller)],
    [
      'a mail in the same thread',
      (caller) => call(MailSend.spec, { to: 'ann', subject: 'x', body: 'y', replyTo: mail }, caller),
    ],
    ['ack', (caller) => call(MailAck.spec, { ids: [mail] }, caller)],
  ];
  for (const [way, use] of ways)
    it(`${way}: its recipient and people, no other agent`, async () => {
      const before = JSON.stringify(store.get(mail));
      for (const other of [nux, 'mayor'])
        await assert.rejects(use(agent(other)), /this mail belongs to another recipient/, other);
      assert.equal(JSON.stringify(store.get(mail)), before, 'a refused call changes nothing');
      await use(ann);
      await use(agent(rust));
    });

  it('an agent sees its own inbox without naming it', async () => {
    const inbox = (caller: CallContext) => call(MailInbox.spec, {}, caller) as Promise<{ id: string }[]>;
    assert.deepEqual(
      (await inbox(agent(rust))).map(({ id }) => id),
      [mail],
    );
    assert.deepEqual(await inbox(agent(nux)), []);
  });

  it('what the Mayor is asked is answered by the Mayor or a person', async () => {
    for (const [spec, params] of [
      [MayorAnswer.spec, { request: mail, message: 'no' }],
      [MayorPlan.spec, { request: mail, convoy: 'hq-2' }],
    ] as const) {
      await assert.rejects(call(spec, params as never, agent(rust)), /only the Mayor answers requests to the Mayor/);
      await call(spec, params as never, agent('mayor'));
      await call(spec, params as never, ann);
    }
  });
});

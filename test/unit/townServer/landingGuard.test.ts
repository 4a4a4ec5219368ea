import assert from 'node:assert/strict';
import { Dispatcher, type CallContext } from '../../../server/src/protocol/dispatcher';
import type { Params, RequestSpec } from '../../../server/src/protocol/request';
import { townSchemas } from '../../../server/src/protocol/schemas';
import {
  DirectLand,
  MayorMayLand,
  MqProcess,
  MqReorder,
  MqRetry,
  TownMergeStrategy,
} from '../../../server/src/protocol/town';
import { authorize } from '../../../server/src/townServer/access/authorize';
import { guardLandings } from '../../../server/src/townServer/access/landingGuard';

const agent = (name: string): CallContext => ({ actor: name, agent: name, kind: 'agent' });
const ann: CallContext = { actor: 'ann', kind: 'person' };

describe('who may land work directly', () => {
  let allowed: boolean;
  let call: <S extends RequestSpec>(spec: S, params: Params<S>, caller: CallContext) => Promise<unknown>;
  beforeEach(() => {
    allowed = false;
    const dispatcher = new Dispatcher(townSchemas);
    dispatcher.on(DirectLand.spec, async () => ({ bead: 'landed' }) as never);
    dispatcher.on(MayorMayLand.spec, async ({ allowed: value = allowed }) => ({ allowed: (allowed = value) }));
    dispatcher.on(TownMergeStrategy.spec, async ({ strategy = 'squash' }) => ({ strategy }));
    guardLandings(dispatcher, () => allowed);
    call = async (spec, params, caller) => {
      const entry = dispatcher.get(spec.method)!;
      return entry.run(entry.parse(params), caller);
    };
  });
  const land = (caller: CallContext): Promise<unknown> => call(DirectLand.spec, { agent: 'toy/rust' }, caller);

  it('is a person, and the Mayor where the town allows it, and no other agent', async () => {
    assert.deepEqual(await land(ann), { bead: 'landed' });
    await assert.rejects(land(agent('mayor')), /the Mayor may not land work directly in this town/);
    await call(MayorMayLand.spec, { allowed: true }, ann);
    assert.deepEqual(await land(agent('mayor')), { bead: 'landed' });
    for (const name of ['toy/polecats/rust', 'toy/refinery', 'toy/crew/joe'])
      await assert.rejects(land(agent(name)), /an agent does not land work directly/);
  });

  it('is said by a person only; everybody may look', async () => {
    await assert.rejects(call(MayorMayLand.spec, { allowed: true }, agent('mayor')), /only a person may say/);
    assert.deepEqual(await call(MayorMayLand.spec, {}, agent('mayor')), { allowed: false });
  });

  it('and how, is set by a person only; everybody may look', async () => {
    const set = (caller: CallContext) => call(TownMergeStrategy.spec, { strategy: 'local' }, caller);
    await assert.rejects(set(agent('toy/polecats/rust')), /only a person may set the merge strategy/);
    assert.deepEqual(await set(ann), { strategy: 'local' });
    assert.deepEqual(await call(TownMergeStrategy.spec, {}, agent('toy/polecats/rust')), { strategy: 'squash' });
  });

  it('goes with the rest of the queue: only a person retries, moves and runs it', () => {
    const caller = { kind: 'agent' as const, actor: 'mayor', agent: 'mayor' };
    for (const spec of [MqRetry.spec, MqReorder.spec, MqProcess.spec])
      assert.throws(() => authorize(spec, caller), /only a person may do this/);
  });
});

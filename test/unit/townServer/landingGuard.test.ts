import assert from 'node:assert/strict';
import { Dispatcher, type CallContext } from '../../../server/src/protocol/dispatcher';
import type { Params, RequestSpec } from '../../../server/src/protocol/request';
import { townSchemas } from '../../../server/src/protocol/schemas';
import { DirectLand, LandingSettings, MqProcess, MqReorder, MqRetry } from '../../../server/src/protocol/town';
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
    dispatcher.on(LandingSettings.spec, async ({ mayorMayLand = allowed, ...given }) => {
      allowed = mayorMayLand;
      return { mergeStrategy: 'squash', featureBranch: false, ...given, mayorMayLand } as const;
    });
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
    await call(LandingSettings.spec, { mayorMayLand: true }, ann);
    assert.deepEqual(await land(agent('mayor')), { bead: 'landed' });
    for (const name of ['toy/polecats/rust', 'toy/refinery', 'toy/crew/joe'])
      await assert.rejects(land(agent(name)), /an agent may not land work directly/);
  });

  it('is set by a person only, like all that says how work lands; everybody may look', async () => {
    for (const given of [{ mayorMayLand: true }, { mergeStrategy: 'local' }, { featureBranch: false }] as const) {
      await assert.rejects(call(LandingSettings.spec, given, agent('mayor')), /only a person may set how work lands/);
      await call(LandingSettings.spec, given, ann);
    }
    const settings = { mayorMayLand: true, mergeStrategy: 'squash', featureBranch: false };
    assert.deepEqual(await call(LandingSettings.spec, {}, agent('toy/polecats/rust')), settings);
  });

  it('goes with the rest of the queue: only a person retries, moves and runs it', () => {
    const caller = { kind: 'agent' as const, actor: 'mayor', agent: 'mayor' };
    for (const spec of [MqRetry.spec, MqReorder.spec, MqProcess.spec])
      assert.throws(() => authorize(spec, caller), /only a person may do this/);
  });
});

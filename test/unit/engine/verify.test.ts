import assert from 'node:assert/strict';
import { UserError } from '../../../server/src/base/errors';
import { verifyWork } from '../../../server/src/engine/mergeQueue/verify';
import type { CallContext } from '../../../server/src/protocol/dispatcher';
import { EngineTown, RUST } from './engineTown';

describe('gt verify', () => {
  let town: EngineTown;
  let bead: string;
  const keys: string[] = [];
  const rust: CallContext = { actor: RUST, agent: RUST, kind: 'agent' };
  const allow = (preVerified: boolean): void =>
    void Object.assign(town.rig, {
      mergeQueue: { mode: 'batch', strategy: 'squash', flakyRetries: 0, checksBeforeReview: true, preVerified },
      gates: [{ name: 'test', command: 'true', timeoutSeconds: 1 }],
      submittable: async () => ({ commit: 'tip' }),
    });
  const verify = (caller = rust) => {
    const exclusive = <T>(key: string, work: () => Promise<T>): Promise<T> => {
      keys.push(key);
      return work();
    };
    return verifyWork({ context: town.context, engine: { exclusive } }, caller);
  };

  beforeEach(async () => {
    town = await EngineTown.open();
    bead = (await town.hooked()).id;
    keys.length = 0;
  });
  afterEach(() => town.store.close());

  it('runs the gates of the rig on what its polecat has committed, beside the merge queue', async () => {
    allow(true);
    const runs: unknown[] = [];
    town.rig.runGates = async (commit, run) => {
      runs.push([commit, run]);
      return { passed: true };
    };
    assert.deepEqual(await verify(), { bead, commit: 'tip', gates: ['test'] });
    assert.deepEqual([runs, keys], [[['tip', { mergeRequest: bead, target: 'verify' }]], ['verify:toy']]);
    town.rig.runGates = async () => ({ passed: false, gate: 'test', problem: 'failed with exit code 1', output: 'no' });
    const failed = { gate: 'test', problem: 'failed with exit code 1', output: 'no' };
    assert.deepEqual(await verify(), { bead, commit: 'tip', gates: ['test'], failed });
  });

  it('is refused where the rig does not allow it, to anybody else, without work, and for what is not committed', async () => {
    allow(false);
    const refused = (message: RegExp) => (error: unknown) => error instanceof UserError && message.test(error.message);
    await assert.rejects(verify(), refused(/toy runs its gates in the merge queue only/));
    allow(true);
    await assert.rejects(verify({ actor: 'ann', kind: 'person' }), refused(/for a polecat/));
    await assert.rejects(verify({ actor: 'mayor', agent: 'mayor', kind: 'agent' }), refused(/for a polecat/));
    Object.assign(town.rig, {
      submittable: async () => {
        throw new UserError('something is not committed');
      },
    });
    await assert.rejects(verify(), refused(/not committed/));
    await town.close(bead);
    await assert.rejects(verify(), refused(/no work/));
  });
});

import assert from 'node:assert/strict';
import { costOfBead, priced, usageOf } from '../../../server/src/engine/history/costs';
import { recordUsage } from '../../../server/src/engine/history/recordUsage';
import { usageRecords, workRecords } from '../../../server/src/engine/history/workHistory';
import { workOf } from '../../../server/src/engine/state/work';
import { UsageSum } from '../../../server/src/agents/usage/usageSum';
import type { TokenUsage } from '../../../server/src/protocol/usage';
import { openService, type Service } from '../beads/service';

const RUST = 'toy/polecats/rust';
const REVIEWER = 'toy/reviewers/claude';
const at = new Date('2026-01-02T00:00:00Z');

function used(model: string, more: Partial<TokenUsage> = {}): TokenUsage {
  return { model, input: 1_000_000, output: 0, cache_read: 0, cache_write: 0, ...more };
}

describe('the tokens that agents use', () => {
  let service: Service;
  beforeEach(async () => (service = await openService(['hq', 'toy'])));
  afterEach(() => service.store.close());

  const create = (id: string, more: object = {}): Promise<void> =>
    service.store.batch({ actor: 'ann' }, (tx) => void tx.create('toy', { id, title: id, type: 'task', ...more }));
  const record = (bead: string, id: string, tokens: TokenUsage[], agent = RUST): Promise<void> =>
    recordUsage(service.store, { agent, bead, at }, { id, tokens });
  const get = (id: string) => service.store.get(id)!;

  it('are kept by conversation: one that was resumed is counted once', async () => {
    await create('toy-1', { assignee: RUST });
    await record('toy-1', 'c1', [used('opus')]);
    await record('toy-1', 'c1', [used('opus', { output: 5 })]);
    await record('toy-1', 'c2', [used('opus'), used('haiku')]);
    assert.deepEqual(usageOf(get('toy-1')), [used('opus', { input: 2_000_000, output: 5 }), used('haiku')]);
    const { updated_at: before } = get('toy-1');
    await record('toy-1', 'c2', [used('opus'), used('haiku')]);
    assert.equal(get('toy-1').updated_at, before, 'what is known is not written again');
  });

  it('of a reviewer belong to the bead of the change, and not to its worker', async () => {
    await create('toy-1', { assignee: RUST });
    await create('toy-m', {
      type: 'merge_request',
      metadata: { merge: { source: 'toy-1', rig: 'toy', branch: 'b', commit: 'c', worker: RUST } },
    });
    await record('toy-m', 'c1', [used('opus')], REVIEWER);
    await record('toy-1', 'c2', [used('haiku')]);
    const beads = [{ bead: get('toy-1'), rig: 'toy' }];
    assert.deepEqual(
      usageRecords(beads, undefined, {}).map(({ by, usage }) => [by, usage[0]?.model]),
      [
        [REVIEWER, 'opus'],
        [RUST, 'haiku'],
      ],
    );
    const [work] = workRecords(beads, undefined, { languages: new Map(), prices: {} });
    assert.deepEqual(work?.usage, [used('haiku')]);
    assert.deepEqual(usageRecords(beads, '2026-01-02T00:00:01Z', {}), []);
    assert.equal(usageRecords(beads, '2026-01-02T00:00:00Z', {}).length, 2);
  });

  it('of beads that are gone, or that nobody works on, are left out', async () => {
    await record('toy-none', 'c1', [used('opus')]);
    await create('toy-c', { type: 'epic' });
    await record('toy-c', 'c1', [used('opus')]);
    assert.equal(workOf(get('toy-c')).usage, undefined);
    await create('toy-1');
    await service.store.batch({ actor: 'ann' }, (tx) => tx.delete('toy-1'));
    await record('toy-1', 'c1', [used('opus')]);
    await create('toy-2', { metadata: { gastown: { attempt: 2, usage: { c1: { by: 7 } } } } });
    assert.deepEqual([workOf(get('toy-2')).usage, workOf(get('toy-2')).attempt], [undefined, 2], 'only that is lost');
  });

  it('cost what their model does: its own price, else that of the longest pattern', () => {
    const prices = {
      'opus-4': { input: 5, output: 25, cache_read: 0.5, cache_write: 6.25 },
      'opus-*': { input: 15, output: 75 },
      '*': { input: 1, output: 2 },
    };
    const million = { output: 1_000_000, cache_read: 1_000_000, cache_write: 1_000_000 };
    const costs = (usage: TokenUsage[]) => priced(usage, prices).map(({ cost }) => cost);
    assert.deepEqual(costs([used('opus-4', million), used('opus-3', million), used('other')]), [36.75, 120, 1]);
    assert.deepEqual(priced([used('opus-4')], {}), [used('opus-4')], 'without a price there is no cost');
  });

  it('of more models than any agent uses are summed up', () => {
    const sum = new UsageSum();
    for (let index = 0; index < 1_000; index++) sum.add(`model-${index}`, { ...used('x'), output: 1 });
    const result = sum.result();
    assert.equal(result.length, 21);
    assert.deepEqual([result[20]?.model, result[20]?.output], ['others', 980]);
  });

  it('of a bead cost nothing that is known, if one of its models has no price', async () => {
    await create('toy-1');
    assert.equal(costOfBead(get('toy-1'), { opus: { input: 5, output: 25 } }), undefined);
    await record('toy-1', 'c1', [used('opus'), used('haiku')]);
    assert.equal(costOfBead(get('toy-1'), { opus: { input: 5, output: 25 } }), undefined);
    assert.equal(costOfBead(get('toy-1'), { '*u*': { input: 5, output: 25 } }), 10);
  });
});

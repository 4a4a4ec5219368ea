import assert from 'node:assert/strict';
import { countText, dollarText } from '../../../server/src/base/amounts';
import { ModelPrices, UsageList, type UsageRecord } from '../../../server/src/protocol/history';
import type { PricedUsage } from '../../../server/src/protocol/usage';
import { GtTown } from './gtTown';

const used = (model: string, input: number, cost?: number): PricedUsage => ({
  ...{ model, input, output: 10, cache_read: 0, cache_write: 0 },
  ...(cost === undefined ? {} : { cost }),
});
const record = (by: string, bead: string, usage: PricedUsage[]): UsageRecord => ({
  ...{ bead, title: `Title of ${bead}`, rig: bead.split('-')[0]!, by, at: '2026-01-02T00:00:00Z' },
  usage,
});

describe('gt costs', () => {
  let town: GtTown;
  beforeEach(async () => {
    town = new GtTown();
    await town.start();
    town.answer(UsageList.spec, [
      record('toy/polecats/rust', 'toy-1', [used('opus', 2_000, 1.5), used('mini', 1_000)]),
      record('toy/polecats/rust', 'toy-2', [used('opus', 500, 0.25)]),
      record('lib/reviewers/claude', 'lib-1', [used('mini', 3_000_000)]),
    ]);
  });
  afterEach(() => town.stop());
  const costs = (...args: string[]): Promise<string> => town.ok('costs', ...args);

  it('sums by agent, the most expensive first, and says what has no price', async () => {
    assert.equal(
      await costs(),
      [
        'toy/polecats/rust: 3.5k tokens in, 30 out, $1.75 without 1 conversation whose model has no price',
        'lib/reviewers/claude: 3M tokens in, 10 out, cost unknown: no price',
        '',
        'Total: 3M tokens in, 40 out, $1.75 without 2 conversations whose model has no price',
        '',
      ].join('\n'),
    );
    assert.deepEqual(town.last(UsageList.spec), {});
  });

  it('sums by rig, role, model or bead', async () => {
    const groups = async (by: string): Promise<string[]> =>
      (JSON.parse(await costs(by, '--json')) as { groups: { group: string }[] }).groups.map(({ group }) => group);
    assert.deepEqual(await groups('--by-rig'), ['toy', 'lib']);
    assert.deepEqual(await groups('--by-role'), ['worker', 'reviewer']);
    assert.deepEqual(await groups('--by-model'), ['opus', 'mini']);
    assert.deepEqual(await groups('--by-bead'), [
      'toy-1 Title of toy-1',
      'toy-2 Title of toy-2',
      'lib-1 Title of lib-1',
    ]);
    await town.fails(/give only one of --by-rig/, 'costs', '--by-rig', '--by-model');
  });

  it('asks for the days that are wanted', async () => {
    const sinceOf = async (...args: string[]): Promise<number> => {
      await costs(...args);
      return Date.parse(town.last(UsageList.spec)!.since!);
    };
    const now = Date.now();
    const today = await sinceOf('--today');
    assert.ok(today <= now && new Date(today).getHours() === 0);
    const week = await sinceOf('--week');
    assert.ok(week >= now - 7 * 24 * 3600_000 && week <= Date.now() - 7 * 24 * 3600_000);
    await town.fails(/give only one of --today and --week/, 'costs', '--today', '--week');
    town.answer(UsageList.spec, []);
    assert.equal(await costs(), 'No tokens are recorded\n');
  });

  it('writes counts and amounts in a few digits', () => {
    assert.deepEqual([0, 999, 1_000, 12_345, 999_949, 999_950, 1_234_567].map(countText), [
      ...['0', '999', '1k', '12.3k', '999.9k', '1M', '1.2M'],
    ]);
    assert.deepEqual([0, 0.0042, 0.1, 1.234].map(dollarText), ['$0.00', '$0.0042', '$0.10', '$1.23']);
  });

  it('uses the prices that were set', async () => {
    town.answer(ModelPrices.spec, {
      'opus-*': { input: 5, output: 25, cache_read: 0.5 },
      mini: { input: 1, output: 2 },
    });
    const price = (...args: string[]): Promise<string> => town.ok('config', 'price', ...args);
    assert.equal(
      await price(),
      'opus-*: input $5, output $25, cache read $0.5 for a million tokens\nmini: input $1, output $2 for a million tokens\n',
    );
    assert.match(await price('mini'), /^mini: .*\n$/);
    assert.equal(await price('other'), 'other has no price of its own\n');
    assert.deepEqual(town.last(ModelPrices.spec), { model: 'other' });
    await price('opus-*', '5', '25', '--cache-read', '0.5', '--cache-write', '6.25');
    assert.deepEqual(town.last(ModelPrices.spec), {
      model: 'opus-*',
      price: { input: 5, output: 25, cache_read: 0.5, cache_write: 6.25 },
    });
    await price('mini', '--remove');
    assert.deepEqual(town.last(ModelPrices.spec), { model: 'mini', price: null });
    await town.fails(/invalid price "free"/, 'config', 'price', 'mini', 'free', '1');
    await town.fails(/invalid price "-1"/, 'config', 'price', 'mini', '1', '1', '--cache-read=-1');
    await town.fails(/a price has two parts/, 'config', 'price', 'mini', '1');
    await town.fails(/--remove takes a model and no price/, 'config', 'price', '--remove');
    await town.fails(/--remove takes a model and no price/, 'config', 'price', 'mini', '1', '2', '--remove');
    town.answer(ModelPrices.spec, {});
    assert.equal(await price(), 'No prices\n');
  });
});

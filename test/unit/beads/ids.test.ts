import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { UserError } from '../../../server/src/base/errors';
import {
  checkGivenId,
  depthOfId,
  hashPart,
  idLength,
  commonPrefix,
  newHashId,
  nextChildId,
  normalisePrefix,
  parentOfId,
  PrefixTable,
} from '../../../server/src/beads/model/ids';

describe('ids', () => {
  const seed = {
    title: 'Fix login',
    description: 'Details',
    creator: 'jira-import',
    created: BigInt(Date.parse('2024-01-02T03:04:05.006Z')) * 1_000_000n,
    nonce: '0',
  };

  it('hash as the reference does', () => {
    assert.deepEqual(
      [3, 4, 5, 6, 7, 8].map((length) => hashPart(seed, length)),
      ['vju', '8d8e', 'bi3tk', '8bi3tk', 'r5sr6bm', '8r5sr6bm'],
    );
  });

  it('have exactly the length asked for (property)', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 3, max: 8 }), (title, length) => {
        assert.match(hashPart({ ...seed, title }, length), new RegExp(`^[0-9a-z]{${length}}$`));
      }),
    );
  });

  it('grow with the ledger, from five', () => {
    assert.deepEqual([0, 5_898, 5_899, 35_389, 35_390, 212_340, 9_999_999].map(idLength), [5, 5, 6, 6, 7, 8, 8]);
  });

  it('avoid what is taken and give up with a clear error', () => {
    const taken = new Set<string>();
    const options = { count: 0, taken: (id: string) => taken.has(id), random: () => 0.5 };
    for (let round = 0; round < 5; round++) taken.add(newHashId('bd', seed, options));
    assert.equal(taken.size, 5);
    assert.throws(
      () => newHashId('bd', seed, { ...options, taken: () => true }),
      /failed to generate unique ID after trying lengths 5-8 with 10 nonces each/,
    );
  });

  it('never look like an address of memory, which programs hide in logs', () => {
    const randoms = [...Array(50_000).keys()].map((index) => index / 50_000);
    const hashOf = (random: number): string =>
      hashPart({ ...seed, nonce: `0:${Math.floor(random * 2 ** 48).toString(36)}` }, 5);
    const found = randoms.find((random) => /^0x[0-9a-f]+$/.test(hashOf(random)));
    assert.ok(found !== undefined, 'one of them gives such a hash');
    const id = newHashId('bd', seed, { count: 0, taken: () => false, random: () => found });
    assert.notEqual(id, `bd-${hashOf(found)}`);
    assert.match(id, /^bd-[0-9a-z]{5}$/);
  });

  it('carry an infix', () => {
    assert.match(
      newHashId('my-app', seed, { count: 0, infix: 'wisp', taken: () => false, random: Math.random }),
      /^my-app-wisp-[0-9a-z]{5}$/,
    );
  });

  it('number children above every number ever given', () => {
    assert.equal(nextChildId('bd-a', []), 'bd-a.1');
    assert.equal(nextChildId('bd-a', ['bd-a.1', 'bd-a.9', 'bd-a.9.30', 'bd-a.x']), 'bd-a.10');
    assert.equal(nextChildId('bd-a.1.2', []), 'bd-a.1.2.1');
    assert.throws(
      () => nextChildId('bd-a.1.2.3', []),
      /maximum hierarchy depth \(3\) exceeded for parent bd-a\.1\.2\.3/,
    );
  });

  it('are hierarchical only if the last part is all digits', () => {
    assert.equal(parentOfId('bd-a.1.2'), 'bd-a.1');
    assert.equal(parentOfId('my.app-a1'), undefined);
    assert.equal(depthOfId('bd-a.1.2'), 2);
  });

  it('that are given must be safe in paths and branches', () => {
    for (const id of ['bd-a1', 'my-app-x.1', 'hq-mol-ab_c']) checkGivenId(id);
    for (const id of [
      '',
      'nohyphen',
      '../../x-y',
      'bd-a..b',
      '-bd-a',
      'bd-a b',
      'bd-a/b',
      `bd-${'x'.repeat(200)}`,
      'bd-é',
    ]) {
      assert.throws(() => checkGivenId(id), UserError, id);
    }
  });
});

describe('prefixes', () => {
  it('are those of most beads, without the infixes of some', () => {
    assert.equal(commonPrefix([]), undefined);
    assert.equal(commonPrefix(['nothing']), undefined);
    assert.equal(commonPrefix(['my-app-3f', 'my-app-3f.1', 'my-app-x.1.2', 'other-1']), 'my-app');
    assert.equal(commonPrefix(['bd-mol-1', 'bd-mol-2', 'bd-mol-3', 'bd-1', 'x-1']), 'bd');
    assert.equal(commonPrefix(['b-1', 'a-1']), 'a', 'the same each time');
  });

  it('lose the hyphen that ends them', () => {
    assert.equal(normalisePrefix('bd-'), 'bd');
    assert.equal(normalisePrefix('my-app'), 'my-app');
    for (const prefix of ['', '-', 'a b', '../x', 'a/b'])
      assert.throws(() => normalisePrefix(prefix), UserError, prefix);
  });

  it('route to the longest one that matches', () => {
    const table = new PrefixTable();
    table.set('my', 'one');
    table.set('my-app', 'two');
    table.set('hq', 'hq');
    assert.equal(table.ledgerOf('my-app-x1'), 'two');
    assert.equal(table.ledgerOf('my-x1'), 'one');
    assert.equal(table.ledgerOf('my-application-x1'), 'one');
    assert.equal(table.ledgerOf('hq-wisp-abc.1'), 'hq');
    assert.equal(table.ledgerOf('other-x'), undefined);
    assert.equal(table.ledgerOf('my'), undefined);
    assert.equal(table.ledgerOfPrefix('my-app-'), 'two');
    assert.throws(() => table.set('my', 'three'), /already belongs to one/);
    table.removeLedger('two');
    assert.equal(table.ledgerOf('my-app-x1'), 'one');
  });
});

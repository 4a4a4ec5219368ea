import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { hmacSha256, randomHex, sha256 } from '../../server/src/base/hmac';

describe('HMAC-SHA256 without node:crypto', () => {
  it('hashes what node hashes, at every length around a block', () => {
    for (let length = 0; length <= 200; length++) {
      const data = Buffer.alloc(length, length);
      assert.equal(
        Buffer.from(sha256(data)).toString('hex'),
        createHash('sha256').update(data).digest('hex'),
        `${length} bytes`,
      );
    }
  });

  it('signs as node does, whatever key and text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.string({ unit: 'binary', maxLength: 300 }), (bytes, text) => {
        const key = Buffer.from(bytes);
        assert.equal(hmacSha256(key, text), createHmac('sha256', key).update(text).digest('hex'));
      }),
    );
  });

  it('gives the code of RFC 4231, case 2', () => {
    assert.equal(
      hmacSha256(Buffer.from('Jefe'), 'what do ya want for nothing?'),
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
  });

  it('random numbers have the length that was asked for, and differ', async () => {
    const numbers = await Promise.all(Array.from({ length: 50 }, () => randomHex(32)));
    assert.ok(numbers.every((text) => /^[0-9a-f]{64}$/.test(text)));
    assert.equal(new Set(numbers).size, 50);
  });
});

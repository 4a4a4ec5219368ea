import assert from 'node:assert/strict';
import { UserError, asUserError, messageOf } from '../../../server/src/base/errors';
import { userErrorOf, wireError } from '../../../server/src/protocol/wireError';

const systemError = (code: string, more: Partial<NodeJS.ErrnoException> = {}): Error =>
  Object.assign(new Error(`${code}: raw words, write`), { code, syscall: 'write', ...more });

describe('errors of the machine', () => {
  for (const [code, message, hint] of [
    ['ENOSPC', /^\/town\/file: no space left on the disk$/, /Free some space/],
    ['EDQUOT', /no space left on the disk/, /Free some space/],
    ['EROFS', /is read-only/, /another folder/],
    ['EACCES', /permission denied/, /owner and the permissions/],
    ['EPERM', /permission denied/, /owner and the permissions/],
    ['EMFILE', /too many open files/, /ulimit/],
    ['EIO', /the disk reports an error/, /Check the disk/],
  ] as const)
    it(`${code} is a sentence with what to do, here and at the other end of a connection`, () => {
      const error = systemError(code, { path: '/town/file' });
      assert.match(messageOf(error), message);
      const told = userErrorOf(wireError(error));
      for (const one of [told, asUserError(error)]) {
        assert.match(one!.message, message);
        assert.match(one!.hint!, hint);
        assert.equal(one!.code, 'unavailable');
      }
      assert.doesNotMatch(messageOf(systemError(code)), /E[A-Z]{4,}|undefined/);
    });

  it('others stay what they are: defects, and programs and sockets that say something else', () => {
    for (const error of [
      new Error('a defect'),
      systemError('ENOENT'),
      systemError('EACCES', { syscall: 'connect' }),
      systemError('EACCES', { syscall: 'spawn claude' }),
    ]) {
      assert.equal(asUserError(error), undefined);
      assert.equal(messageOf(error), error.message);
    }
    const refused = new UserError('no', 'do that', 'refused');
    assert.equal(asUserError(refused), refused);
  });
});

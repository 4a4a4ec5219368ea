import assert from 'node:assert/strict';
import { Draft } from '../../../server/src/sessions/host/draft';

/** Whether a draft is open after these inputs. */
function isOpenAfter(...inputs: string[]): boolean {
  const draft = new Draft();
  for (const input of inputs) draft.typed(input);
  return draft.isOpen;
}

describe('a line that a user has begun in a terminal', () => {
  it('is a draft until it is sent or deleted', () => {
    assert.equal(isOpenAfter(), false);
    assert.equal(isOpenAfter('h', 'i'), true);
    for (const end of ['\r', '\n', '\u0003', '\u0004', '\u0015', '\u001b[13u', '\u001b[99;5u'])
      assert.equal(isOpenAfter('hi', end), false, JSON.stringify(end));
    assert.equal(isOpenAfter('hi\r', 'more'), true);
  });

  it('stays one with a pasted line break, a new line in it and a single deletion', () => {
    assert.equal(isOpenAfter('\u001b[200~one\rtwo\u001b[201~'), true);
    assert.equal(isOpenAfter('\u001b[200~one\r\u001b[201~'), true);
    assert.equal(isOpenAfter('\u001b[200~one\u001b[201~', '\r'), false);
    assert.equal(isOpenAfter('one', '\u001b\r'), true);
    assert.equal(isOpenAfter('one', '\u007f'), true);
  });

  it('is not begun by keys that write nothing, nor by what the terminal answers by itself', () => {
    for (const keys of [
      '\u001b',
      '\u001b[A',
      '\u001bOP',
      '\t',
      '\u007f',
      '\u001b[?1;2c',
      '\u001b[24;80R',
      '\u001b[57352u',
    ])
      assert.equal(isOpenAfter(keys), false, JSON.stringify(keys));
    assert.equal(isOpenAfter('\u001b[97u'), true);
  });
});

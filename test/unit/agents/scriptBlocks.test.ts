import assert from 'node:assert/strict';
import fc from 'fast-check';
import { scriptBlocks } from '../../../server/src/base/scriptBlocks';
import { UserError } from '../../../server/src/base/errors';

describe('script blocks', () => {
  it('are the sh blocks of a text, in order', () => {
    const text =
      'Do:\n\n```sh\necho 1\n\necho 2\n```\nand\n```bash\nno\n```\n```\nno\n```\n``` sh extra\necho 3\n```\n';
    assert.deepEqual(scriptBlocks(text), ['echo 1\n\necho 2\n', 'echo 3\n']);
    assert.deepEqual(scriptBlocks('nothing'), []);
    assert.deepEqual(scriptBlocks(''), []);
    assert.deepEqual(scriptBlocks('```shell\nno\n```\n```sh-session\nno\n```\n```SH\nno\n```'), []);
  });

  it('lose nothing but the carriage returns of CRLF', () => {
    assert.deepEqual(scriptBlocks('```sh\r\necho a\r\n\techo b  \r\n```\r\n'), ['echo a\n\techo b  \n']);
  });

  it('may hold fences that are shorter or of the other kind', () => {
    assert.deepEqual(scriptBlocks('````sh\ncat <<E\n```\nE\n````'), ['cat <<E\n```\nE\n']);
    assert.deepEqual(scriptBlocks('~~~sh\necho\n```\n~~~~\n'), ['echo\n```\n']);
    assert.deepEqual(scriptBlocks('```sh\n``` not a fence\n```'), ['``` not a fence\n']);
  });

  it('are not what another block shows', () => {
    assert.deepEqual(scriptBlocks('````markdown\n```sh\nrm -rf x\n```\n````\n'), []);
    assert.deepEqual(scriptBlocks('~~~\n```sh\nno\n```\n~~~\n```sh\nyes\n```'), ['yes\n']);
    assert.deepEqual(scriptBlocks('```sh `x`\nno\n'), []);
  });

  it('may be indented, in a list', () => {
    assert.deepEqual(scriptBlocks('- step\n\n  ```sh\n  if x; then\n    y\n  fi\n  ```\n'), ['if x; then\n  y\nfi\n']);
    assert.deepEqual(scriptBlocks('1. a\n    ```sh\n  less\n    same\n    ```'), ['less\nsame\n']);
  });

  it('that are empty are left out', () => {
    assert.deepEqual(scriptBlocks('```sh\n```\n```sh\n  \n\n```'), []);
  });

  it('that are not closed are an error, also when something else swallowed them', () => {
    assert.throws(
      () => scriptBlocks('x\n```sh\necho\n'),
      (error: UserError) => error instanceof UserError && /line 2/.test(error.message),
    );
    assert.throws(() => scriptBlocks('````sh\necho\n```\n'), UserError);
    assert.throws(() => scriptBlocks('```js\nx\n~~~sh\necho\n'), UserError);
    assert.deepEqual(scriptBlocks('```js\nnever closed'), []);
  });

  it('whatever a block holds comes out as it went in', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string().filter((line) => !/[\r\n]/.test(line)),
          { minLength: 1 },
        ),
        (lines) => {
          const longest = Math.max(
            2,
            ...lines.map((line) =>
              /`+/g.exec(line) ? Math.max(...[...line.matchAll(/`+/g)].map((match) => match[0].length)) : 0,
            ),
          );
          const fence = '`'.repeat(longest + 1);
          const expected = lines.some((line) => line.trim() !== '') ? [`${lines.join('\n')}\n`] : [];
          assert.deepEqual(scriptBlocks(`before\n${fence}sh\n${lines.join('\n')}\n${fence}\nafter`), expected);
        },
      ),
    );
  });
});

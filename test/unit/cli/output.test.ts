import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { indent, oneLine, printable } from '../../../server/src/cli/shared/output';
import { tempDir } from '../../helpers/temp';

const program = path.resolve('out/test/ledger/bdProcess.js');

function bd(args: string[], stdout: 'pipe' | number) {
  return spawn(process.execPath, [program, ...args], {
    cwd: tempDir('output'),
    env: { PATH: process.env.PATH, HOME: '/nowhere', BD_ACTOR: 'ann' },
    stdio: ['ignore', stdout, 'pipe'],
  });
}

describe('output of a command line', () => {
  it('reaches a pipe whole, however slowly it is read, and a file', async () => {
    const child = bd(['help', 'create'], 'pipe');
    let text = '';
    for await (const chunk of child.stdout!.setEncoding('utf8')) {
      text += chunk as string;
      await new Promise((done) => setImmediate(done));
    }
    assert.match(text, /^bd create - [\s\S]*\n$/);
    const file = path.join(tempDir('output'), 'page');
    const fd = fs.openSync(file, 'w');
    await new Promise((done) => bd(['help', 'create'], fd).once('close', done));
    fs.closeSync(fd);
    assert.equal(fs.readFileSync(file, 'utf8'), text);
  });

  it('ends without an error where nobody reads it', async () => {
    const child = bd(['help'], 'pipe');
    child.stdout!.destroy();
    let errors = '';
    child.stderr!.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk));
    assert.deepEqual(await new Promise((done) => child.once('close', (code) => done([code, errors]))), [0, '']);
  });

  it('has an exit code and an error where a command fails', async () => {
    const child = bd(['nothing'], 'pipe');
    let errors = '';
    child.stderr!.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk));
    assert.equal(await new Promise((done) => child.once('close', done)), 1);
    assert.match(errors, /^Error: unknown command 'nothing'\nHint: /);
  });

  it('has no control characters of what others wrote', () => {
    assert.equal(printable('a\u001b[2Jb\tc\nd\r'), 'a\ufffd[2Jb\tc\nd');
    assert.equal(oneLine('a\n b\u0007'), 'a b\ufffd');
    assert.equal(indent('a\nb\n\n', 2), '  a\n  b');
  });
});

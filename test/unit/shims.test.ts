import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { execFileSync } from 'node:child_process';
import { shellQuote, shellShim, windowsShim, writeShims } from '../../server/src/base/shims';

describe('shims', () => {
  let base: string;
  beforeEach(() => (base = fs.mkdtempSync(path.join(os.tmpdir(), `gastown-test it's "a" $HOME \`x\` \\ `))));
  afterEach(() => fs.rmSync(base, { recursive: true }));

  it('pass arguments and exit code through, whatever is in the paths', () => {
    fs.writeFileSync(
      path.join(base, 'gt.js'),
      'console.log(JSON.stringify([process.argv.slice(2), process.env.ELECTRON_RUN_AS_NODE ?? null]))',
    );
    fs.writeFileSync(path.join(base, 'bd.js'), 'process.exit(9)');
    const bin = path.join(base, 'bin');
    writeShims({ directory: bin, programs: base });
    assert.equal(fs.statSync(path.join(bin, 'gt')).mode & 0o777, 0o755);
    const args = ['a b', '$(touch x)', "'", '"', '*', ''];
    assert.deepEqual(JSON.parse(execFileSync(path.join(bin, 'gt'), args, { encoding: 'utf8' })), [args, null]);
    assert.throws(
      () => execFileSync(path.join(bin, 'bd'), { stdio: 'ignore' }),
      (error: { status?: number }) => error.status === 9,
    );
  });

  it('tell Electron to be node', () => {
    fs.writeFileSync(path.join(base, 'gt.js'), 'console.log(process.env.ELECTRON_RUN_AS_NODE)');
    const bin = path.join(base, 'bin');
    writeShims({ directory: bin, programs: base, electron: true });
    assert.equal(execFileSync(path.join(bin, 'gt'), { encoding: 'utf8' }), '1\n');
  });

  it('are written again only when they would be different', () => {
    const bin = path.join(base, 'bin');
    writeShims({ directory: bin, programs: base });
    const file = path.join(bin, 'gt');
    const inode = fs.statSync(file).ino;
    writeShims({ directory: bin, programs: base });
    assert.equal(fs.statSync(file).ino, inode);
    fs.chmodSync(file, 0o644);
    writeShims({ directory: bin, programs: base });
    assert.equal(fs.statSync(file).mode & 0o777, 0o755);
    writeShims({ directory: bin, programs: '/elsewhere' });
    assert.match(fs.readFileSync(file, 'utf8'), /\/elsewhere\/gt\.js/);
  });

  it('quote for sh and for cmd.exe', () => {
    assert.equal(shellQuote("it's"), `'it'\\''s'`);
    const target = { node: 'C:\\Program Files\\Code\\Code.exe', electron: true, program: 'C:\\100%\\gt.js' };
    assert.equal(
      windowsShim(target),
      '@echo off\r\nrem Written by Gas Town, and rewritten by it.\r\nsetlocal\r\nset "ELECTRON_RUN_AS_NODE=1"\r\n"C:\\Program Files\\Code\\Code.exe" "C:\\100%%\\gt.js" %*\r\n',
    );
    assert.throws(() => windowsShim({ ...target, program: 'a"b' }));
    assert.match(
      shellShim({ node: '/n', electron: false, program: '/p' }),
      /^#!\/bin\/sh\n.*\nexec '\/n' '\/p' "\$@"\n$/,
    );
  });
});

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { UserError } from '../../../server/src/base/errors';
import { lastOutput } from '../../../server/src/sessions/host/lastOutput';
import { OutputLog, pruneLogs } from '../../../server/src/sessions/host/outputLog';
import { loadBackend } from '../../../server/src/sessions/host/pty';
import { resolveCommand } from '../../../server/src/sessions/host/resolveCommand';
import { isTerminalReply } from '../../../server/src/sessions/terminalReplies';

describe('session host parts', () => {
  let base: string;
  beforeEach(() => (base = fs.mkdtempSync(path.join(os.tmpdir(), 'gastown-test-'))));
  afterEach(() => fs.rmSync(base, { recursive: true, force: true }));

  it('a command is found on the PATH that was given, never in the current folder', () => {
    fs.mkdirSync(path.join(base, 'bin'));
    fs.writeFileSync(path.join(base, 'bin', 'tool'), '', { mode: 0o755 });
    fs.writeFileSync(path.join(base, 'tool'), '', { mode: 0o755 });
    fs.writeFileSync(path.join(base, 'plain'), '', { mode: 0o644 });
    const bin = path.join(base, 'bin');
    assert.equal(resolveCommand('tool', { PATH: `/none::.:${bin}` }, base), path.join(bin, 'tool'));
    assert.equal(resolveCommand('./tool', {}, base), path.join(base, 'tool'));
    assert.throws(() => resolveCommand('tool', { PATH: ':.' }, base), UserError);
    assert.throws(() => resolveCommand('plain', { PATH: base }, base), /not found on PATH/);
    assert.throws(() => resolveCommand('./plain', {}, base), /not an executable/);
    assert.throws(() => resolveCommand(bin, {}, base), UserError);
  });

  it('the last output of a session is its log as a terminal shows it', async () => {
    const file = path.join(base, 'one.log');
    assert.equal(await lastOutput(file), undefined);
    fs.writeFileSync(file, 'first\r\n\u001b[31mred\u001b[0m\r\n50 %\r100 %\r\n\u001b[6n');
    assert.equal(await lastOutput(file), 'first\nred\n100 %');
    fs.writeFileSync(file, Array.from({ length: 50_000 }, (_, line) => `line ${line}\r\n`).join(''));
    const lines = (await lastOutput(file))!.split('\n');
    assert.deepEqual([lines.length, lines.at(-1)], [199, 'line 49999']);
  });

  it('without a terminal library programs run on pipes, in a group of their own', async () => {
    const backend = await loadBackend(() => Promise.reject(new Error('no binary\nlong help')));
    assert.equal(backend.degraded, true);
    assert.equal(backend.reason, 'no binary');
    const pty = backend.spawn({
      file: '/bin/sh',
      args: ['-c', 'read x; echo "$x"; echo bad >&2; exit 5'],
      cwd: base,
      env: {},
      cols: 80,
      rows: 24,
    });
    let text = '';
    pty.onData((data) => (text += data));
    const exit = new Promise<unknown>((resolve) => pty.onExit(resolve));
    pty.write('in\r');
    pty.resize(10, 10);
    assert.deepEqual(await exit, { code: 5, signal: null });
    assert.deepEqual(text.split('\r\n').sort(), ['', 'bad', 'in']);
    assert.throws(
      () => backend.spawn({ file: '/no/such', args: [], cwd: base, env: {}, cols: 80, rows: 24 }),
      /could not be started/,
    );
  });

  it('a log is rotated once and never stops a session', () => {
    const file = path.join(base, 'logs', 's.log');
    const log = new OutputLog(file, 100);
    for (let index = 0; index < 30; index++) log.append(`${index} 0123456\n`);
    assert.ok(fs.statSync(file).size <= 100 && fs.statSync(`${file}.1`).size <= 100);
    assert.match(fs.readFileSync(file, 'utf8'), /29 0123456\n$/);
    log.append('x'.repeat(1000));
    assert.equal(fs.readFileSync(file, 'utf8').length, 1000);
    log.close();
    log.append('after the end');
    fs.writeFileSync(path.join(base, 'file'), '');
    const impossible = new OutputLog(path.join(base, 'file', 's.log'));
    impossible.append('nothing happens');
    impossible.close();
  });

  it('old logs are removed', () => {
    for (let index = 0; index < 10; index++) {
      const file = path.join(base, `${index}.log`);
      fs.writeFileSync(file, '');
      fs.utimesSync(file, index, index);
    }
    fs.writeFileSync(path.join(base, 'other.txt'), '');
    pruneLogs(base, 3);
    assert.deepEqual(fs.readdirSync(base).sort(), ['7.log', '8.log', '9.log', 'other.txt']);
    pruneLogs(path.join(base, 'none'));
  });

  it('answers of a terminal are told from what a person types', () => {
    for (const reply of [
      '\u001b[?1;2c',
      '\u001b[>0;276;0c',
      '\u001b[24;80R',
      '\u001b[0n',
      '\u001b[?2026;2$y',
      '\u001b]11;rgb:0000/0000/0000\u0007',
      '\u001b]4;1;rgb:ffff/0000/0000\u001b\\',
      '\u001bP1$r0m\u001b\\',
      '\u001b[8;24;80t',
      '\u001b[?0u',
      '\u001b[?1;2c\u001b[1;1R',
    ])
      assert.ok(isTerminalReply(reply), JSON.stringify(reply));
    for (const typed of [
      '',
      'a',
      'c',
      '\u001b',
      '\u001b[A',
      '\u001b[1;5C',
      '\u001bOP',
      '\u001b[200~x\u001b[201~',
      '\u001b[3~',
      '\u001b[<0;1;1M',
      '\u001b[I',
      '\r',
      '\u001b[?1;2cx',
    ]) {
      assert.ok(!isTerminalReply(typed), JSON.stringify(typed));
    }
  });
});

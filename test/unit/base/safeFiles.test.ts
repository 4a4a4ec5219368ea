import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { UserError } from '../../../server/src/base/errors';
import * as safe from '../../../server/src/base/safeFiles';
import * as folders from '../../../server/src/base/safeFolders';
import * as paths from '../../../server/src/base/safePaths';
import { tempDir } from '../../helpers/temp';

const isRefused = (words: string) => (error: unknown) =>
  error instanceof UserError && error.code === 'refused' && error.message.includes(words);

describe('files of folders that somebody else may have made', () => {
  let folder: string;
  let victim: string;
  const at = (...names: string[]): string => path.join(folder, ...names);
  beforeEach(() => {
    const home = tempDir('safe-files');
    folder = path.join(home, 'clone');
    victim = path.join(home, 'victim.txt');
    fs.mkdirSync(folder);
    fs.writeFileSync(victim, 'mine');
    fs.symlinkSync('../victim.txt', at('link'));
    fs.symlinkSync('..', at('up'));
    fs.symlinkSync('nowhere', at('dangling'));
  });
  afterEach(() => {
    assert.equal(fs.readFileSync(victim, 'utf8'), 'mine');
    assert.deepEqual(fs.readdirSync(path.dirname(folder)).sort(), ['clone', 'victim.txt']);
  });

  const operations: readonly [name: string, run: (file: string) => unknown][] = [
    ['readFileBytes', safe.readFileBytes],
    ['readHead', (file) => safe.readHead(file, 4)],
    ['readFileParts', (file) => safe.readFileParts(file, [{ start: 0, length: 4 }])],
    ['openForUpdate', safe.openForUpdate],
    ['openForRewrite', safe.openForRewrite],
    ['openForAppend', safe.openForAppend],
    ['appendText', (file) => safe.appendText(file, 'x')],
    ['writeFileAtomic', (file) => safe.writeFileAtomic(file, 'x')],
    ['makeFolder', folders.makeFolder],
    ['makePrivateFolder', folders.makePrivateFolder],
    ['listFolder', folders.listFolder],
    ['isPresent', paths.isPresent],
  ];
  for (const [name, run] of operations)
    it(`${name} follows no link, whether it is the file or a folder above it`, () => {
      assert.throws(() => run(at('link')), isRefused(`${at('link')}: it is a symbolic link to ../`));
      assert.throws(() => run(at('up', 'victim.txt')), isRefused(at('up')));
      assert.throws(() => run(at('up', 'new', 'file')), isRefused(at('up')));
      assert.throws(() => run(at('dangling')), isRefused(at('dangling')));
      assert.deepEqual(fs.readdirSync(folder).sort(), ['dangling', 'link', 'up']);
    });

  it('removing and moving touch a link itself and nothing behind it', () => {
    assert.throws(() => safe.removeFile(at('up', 'victim.txt')), isRefused(at('up')));
    assert.throws(() => folders.removeFolder(at('up', 'clone')), isRefused(at('up')));
    assert.throws(() => safe.moveFile(at('link'), at('up', 'moved')), isRefused(at('up')));
    safe.moveFile(at('link'), at('moved'));
    safe.removeFile(at('moved'));
    folders.removeFolder(at('up'));
    assert.deepEqual(fs.readdirSync(folder), ['dangling']);
  });

  it('the last of a log that is a link reads as nothing', () => {
    assert.equal(safe.readTail(at('link'), 10).length, 0);
    fs.writeFileSync(at('log'), '0123456789');
    assert.equal(safe.readTail(at('log'), 4).toString(), '6789');
    const parts = safe.readFileParts(at('log'), [
      { start: 2, length: 3 },
      { start: 8, length: 9 },
    ]);
    assert.deepEqual(parts.map(String), ['234', '89']);
    assert.deepEqual(safe.readFileParts(at('none'), [{ start: 0, length: 1 }]), []);
  });

  it('a pipe, a folder and a device are not files, and none of them is waited for', function () {
    if (process.platform === 'win32') this.skip();
    execFileSync('mkfifo', [at('pipe')]);
    fs.mkdirSync(at('folder'));
    for (const name of ['pipe', 'folder'])
      for (const run of [safe.readFileBytes, safe.openForUpdate, safe.openForAppend, safe.openForRewrite])
        assert.throws(() => run(at(name)), isRefused(`${at(name)}: it is not a regular file`));
    assert.throws(() => safe.readFileBytes('/dev/zero'), isRefused('/dev/zero: it is not a regular file'));
  });

  it('what is not a file is not replaced by one', function () {
    if (process.platform === 'win32') this.skip();
    execFileSync('mkfifo', [at('pipe')]);
    for (const write of [safe.writeFileAtomic, safe.writeCacheFile])
      assert.throws(() => write(at('pipe'), Buffer.from('x')), isRefused(`${at('pipe')}: it is not a regular file`));
    assert.ok(fs.statSync(at('pipe')).isFIFO());
    assert.deepEqual(fs.readdirSync(folder).sort(), ['dangling', 'link', 'pipe', 'up'], 'no temporary file is left');
  });

  it('the size is known before anything is read, and files that grow or lie about it have an end too', function () {
    fs.writeFileSync(at('huge'), '');
    fs.truncateSync(at('huge'), 2 ** 40);
    assert.throws(() => safe.readFileBytes(at('huge')), isRefused(`${at('huge')}: it is larger than 32 MB`));
    if (process.platform !== 'linux') this.skip();
    assert.throws(() => safe.readFileBytes(`/proc/${process.pid}/pagemap`, 1000), isRefused('larger than 1000 bytes'));
  });

  it('a temporary file has a name that nobody can guess, and replaces nothing', () => {
    assert.notEqual(safe.temporaryName('a'), safe.temporaryName('a'));
    fs.symlinkSync('../victim.txt', at('made.tmp'));
    assert.throws(() => safe.createExclusively(at('made.tmp')), /EEXIST/);
  });

  it('what others may not read is 0600 in a folder of 0700, also where it was there before', function () {
    if (process.platform === 'win32') this.skip();
    fs.mkdirSync(at('logs'), { mode: 0o755 });
    fs.writeFileSync(at('logs', 'old.log'), 'old', { mode: 0o644 });
    folders.makePrivateFolder(at('logs'));
    fs.closeSync(safe.openForRewrite(at('logs', 'old.log')));
    safe.appendText(at('logs', 'new.log'), 'new');
    const modes = ['.', 'old.log', 'new.log'].map((name) => fs.statSync(at('logs', name)).mode & 0o777);
    assert.deepEqual(modes, [0o700, 0o600, 0o600]);
  });

  it('one folder has one spelling, also where part of it does not exist yet', () => {
    assert.equal(paths.canonicalPath(at('up', 'clone', 'new', 'town')), at('new', 'town'));
    assert.equal(paths.canonicalPath(at('up')), path.dirname(folder));
  });
});

describe('a file that the user named', () => {
  it('is replaced as a whole, behind links too, and keeps its mode', () => {
    const folder = tempDir('named-file');
    const [file, link] = [path.join(folder, 'report.json'), path.join(folder, 'latest')];
    safe.writeNamed(file, 'first');
    fs.chmodSync(file, 0o640);
    fs.symlinkSync('report.json', link);
    safe.writeNamed(link, 'second');
    assert.deepEqual([fs.readFileSync(file, 'utf8'), fs.statSync(file).mode & 0o777], ['second', 0o640]);
    assert.equal(fs.readlinkSync(link), 'report.json');
    assert.throws(() => safe.writeNamed(folder, 'x'), /EISDIR/);
    assert.deepEqual(fs.readdirSync(folder).sort(), ['latest', 'report.json']);
  });

  it('may be a pipe, which is written to and stays', async function () {
    if (process.platform === 'win32') this.skip();
    const pipe = path.join(tempDir('named-pipe'), 'pipe');
    execFileSync('mkfifo', [pipe]);
    const reader = spawn('cat', [pipe], { stdio: ['ignore', 'pipe', 'inherit'] });
    let read = '';
    reader.stdout.setEncoding('utf8').on('data', (text: string) => (read += text));
    // Opening it waits for the reader.
    safe.writeNamed(pipe, 'all of it');
    await new Promise((resolve) => reader.on('close', resolve));
    assert.equal(read, 'all of it');
    assert.ok(fs.statSync(pipe).isFIFO());
  });
});

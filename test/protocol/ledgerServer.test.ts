import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { identify, isAlive } from '../../server/src/base/process';
import { Lease } from '../../server/src/base/lease';
import { BeadCreate } from '../../server/src/protocol/bead';
import { LedgerWarnings } from '../../server/src/protocol/ledgerServer';
import { connectServer } from '../../server/src/protocol/transport/connect';
import { readEndpoint } from '../../server/src/protocol/transport/endpointFile';
import { LedgerProject } from '../helpers/ledgerProject';
import { sh, waitUntil } from '../helpers/temp';

const serverJs = path.resolve('dist', 'server.js');
/** `nobody`: what permissions stop, they do not stop for root. */
const ORDINARY = process.getuid?.() === 0 ? 65_534 : undefined;

describe('the server of a ledger outside of a town', function () {
  this.timeout(120_000);
  let project: LedgerProject;
  let isDisposed = false;
  const use = async (made: Promise<LedgerProject>): Promise<LedgerProject> => {
    project = await made;
    isDisposed = false;
    return project;
  };
  afterEach(async () => {
    if (!isDisposed) await project?.dispose();
    isDisposed = true;
  });

  it('starts with the first command, serves the next ones, and is not started where it is not wanted', async () => {
    await use(LedgerProject.make());
    const { person, folder } = project;
    for (const env of [{ BEADS_NO_DAEMON: '1' }, { BD_NO_DAEMON: 'true' }, { BEADS_AUTO_START_DAEMON: 'false' }])
      assert.equal((await project.run(['create', JSON.stringify(env)], env)).code, 0);
    for (const flag of ['--no-daemon', '--sandbox']) await project.ok(flag, 'create', `with ${flag}`);
    assert.equal(project.server(), undefined);
    fs.appendFileSync(path.join(project.directory, 'config.yaml'), 'auto-start-daemon: false\n');
    await project.ok('create', 'by its settings');
    assert.equal(project.server(), undefined);
    const settings = path.join(project.directory, 'config.yaml');
    fs.writeFileSync(settings, fs.readFileSync(settings, 'utf8').replace('auto-start-daemon: false\n', ''));
    const id = await project.create('with it');
    const { pid } = project.requireServer();
    assert.equal((JSON.parse(await project.ok('show', id, '--json')) as { title: string }[])[0]?.title, 'with it');
    assert.equal((await project.titles()).length, 7);
    assert.equal(project.requireServer().pid, pid);
    assert.equal(fs.statSync(project.place.endpointFile).mode & 0o777, 0o600);
    assert.equal(fs.statSync(path.dirname(project.place.endpointFile)).mode & 0o777, 0o700);
    // The same answers, and the same errors, as without it.
    for (const args of [
      ['show', id],
      ['list'],
      ['ready', '--json'],
      ['show', 'none'],
      ['update', id, '--status', 'odd'],
    ]) {
      const [withServer, without] = [await project.run(args), await project.run(args, { BEADS_NO_DAEMON: '1' })];
      assert.deepEqual(withServer, without, args.join(' '));
    }
    // A session of a town does not use the person's server.
    await person.ok('bd', ['list'], { cwd: folder, env: { GT_SESSION_TOKEN: 'x' } });
  });

  it('is one, however many commands start it at once', async () => {
    await use(LedgerProject.make());
    const made = await Promise.all(Array.from({ length: 10 }, (_, index) => project.create(`bead ${index}`)));
    assert.equal(new Set(made).size, 10);
    assert.equal((await project.titles()).length, 10);
    assert.equal(project.log.match(/ serving /g)?.length, 1, project.log);
  });

  it('writes issues.jsonl soon, and at once for bd sync', async () => {
    await use(LedgerProject.make());
    const id = await project.create('soon');
    await waitUntil('the file has it', () => project.file().includes(id));
    const ids = await Promise.all(Array.from({ length: 5 }, (_, index) => project.create(`now ${index}`)));
    await project.ok('sync', '--flush-only');
    for (const each of ids) assert.ok(project.file().includes(each));
  });

  it('ends when nobody needs it, and leaves no file that says where it listens', async () => {
    await use(LedgerProject.make());
    const child = spawn(process.execPath, [serverJs, ...project.place.arguments, '--idle', '300'], {
      env: project.person.env,
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await waitUntil('it serves', () => project.server() !== undefined);
    const { socket } = project.requireServer();
    await project.create('one');
    assert.equal(await ended, 0);
    assert.equal(readEndpoint(project.place.endpointFile), undefined);
    assert.equal(fs.existsSync(socket), false);
    assert.equal(Lease.holder(project.place.programLease), undefined);
    assert.match(project.file(), /"one"/);
  });

  it('hands over to a newer build, whose requests go on', async () => {
    await use(LedgerProject.make());
    await project.create('before');
    const old = project.requireServer();
    const hello = { kind: 'cli' as const, actor: 'ann', build: Date.now() + 1e9 };
    // The program that takes over is of this build, too, so that the client gives up after a few rounds.
    const client = await connectServer(project.place, hello, { serverJs });
    const bead = await client.call(BeadCreate.spec, { title: 'newer' });
    client.close();
    await LedgerProject.waitForEnd(old);
    assert.deepEqual(await project.titles(), ['before', 'newer']);
    assert.ok(bead.id.startsWith('t-'));
  });

  it('lets go of the ledger for a command that opens it itself, also one that looks for servers elsewhere', async () => {
    await use(LedgerProject.make());
    await project.create('through the server');
    const first = project.requireServer();
    await project.ok('--no-daemon', 'create', 'directly');
    await LedgerProject.waitForEnd(first);
    assert.deepEqual(await project.titles(), ['directly', 'through the server']);
    const second = project.requireServer();
    const elsewhere = path.join(project.person.home, 'other cache');
    const answer = await project.run(['create', 'from elsewhere'], { XDG_CACHE_HOME: elsewhere });
    assert.deepEqual([answer.code, answer.stderr], [0, '']);
    await LedgerProject.waitForEnd(second);
    assert.deepEqual(await project.titles(), ['directly', 'from elsewhere', 'through the server']);
    const [state] = fs.readdirSync(path.join(elsewhere, 'gastown', 'ledgers'));
    const other = path.join(elsewhere, 'gastown', 'ledgers', state!, 'server.json');
    assert.equal(readEndpoint(other), undefined);
    await project.ok('doctor', '--fix');
    assert.equal(project.server(), undefined);
  });

  it('sees at once what others change in the files', async () => {
    await use(LedgerProject.make());
    const { folder } = project;
    const id = await project.create('first');
    await project.ok('sync', '--flush-only');
    sh(folder, 'git', 'init', '--quiet', '--initial-branch=main');
    sh(folder, 'git', 'add', '--all');
    sh(folder, 'git', 'commit', '--quiet', '-m', 'one');
    sh(folder, 'git', 'checkout', '--quiet', '-b', 'other');
    await project.ok('update', id, '--title', 'renamed');
    await project.create('second');
    await project.ok('sync', '--flush-only');
    sh(folder, 'git', 'commit', '--quiet', '--all', '-m', 'two');
    const { pid } = project.requireServer();
    sh(folder, 'git', 'checkout', '--quiet', 'main');
    // A line that is missing is not a deletion. To look at a branch changes nothing in it.
    assert.deepEqual(await project.titles(), ['first', 'second']);
    assert.equal(sh(folder, 'git', 'status', '--short'), '');
    sh(folder, 'git', 'checkout', '--quiet', 'other');
    assert.deepEqual(await project.titles(), ['renamed', 'second']);
    sh(folder, 'git', 'checkout', '--quiet', 'main');
    sh(folder, 'git', 'merge', '--quiet', 'other');
    assert.deepEqual(await project.titles(), ['renamed', 'second']);
    const line = JSON.stringify({ id: 't-hand', title: 'by hand', status: 'open', priority: 2, issue_type: 'task' });
    fs.appendFileSync(path.join(project.directory, 'issues.jsonl'), `${line}\n`);
    assert.deepEqual(await project.titles(), ['by hand', 'renamed', 'second']);
    assert.equal(project.requireServer().pid, pid);
    fs.appendFileSync(path.join(project.directory, 'config.yaml'), 'status.custom: "odd"\n');
    await project.ok('update', 't-hand', '--status', 'odd');
    await project.ok('rename-prefix', 'new-');
    assert.match(await project.create('under the new prefix'), /^new-/);
  });

  it('a file with conflict markers is read like without a server, and is one again once it is repaired', async () => {
    await use(LedgerProject.make());
    await project.create('mine');
    await project.ok('sync', '--flush-only');
    const file = path.join(project.directory, 'issues.jsonl');
    const whole = project.file();
    fs.writeFileSync(file, `<<<<<<< ours\n${whole}=======\n${whole.replace('mine', 'yours')}>>>>>>> theirs\n`);
    const [withServer, without] = [await project.run(['list']), await project.run(['list'], { BEADS_NO_DAEMON: '1' })];
    assert.deepEqual(withServer, without);
    assert.match(withServer.stderr, /conflict markers/);
    fs.writeFileSync(file, whole);
    await project.create('more');
    assert.deepEqual(await project.titles(), ['mine', 'more']);
  });

  it('answers nothing while it reads a changed file: every answer is about the file as it is', async () => {
    await use(LedgerProject.make());
    await project.create('mine');
    await project.ok('sync', '--flush-only');
    const whole = project.file();
    const file = path.join(project.directory, 'issues.jsonl');
    const client = await connectServer(project.place, { kind: 'cli', actor: 'ann' }, { serverJs });
    try {
      const isAboutDamage = async (): Promise<boolean> =>
        /conflict/.test((await client.call(LedgerWarnings.spec, {}))[0] ?? '');
      for (let round = 0; round < 15; round++) {
        fs.writeFileSync(file, whole.repeat(1 + (round % 2)));
        assert.equal(await isAboutDamage(), false);
        fs.writeFileSync(file, `<<<<<<< ours\n${whole}=======\n>>>>>>> theirs\n`);
        const answers = [isAboutDamage()];
        // They arrive at each moment of the reading.
        for (let more = 0; more < 20; more++) {
          await new Promise((resolve) => setImmediate(resolve));
          answers.push(isAboutDamage());
        }
        assert.ok((await Promise.all(answers)).every(Boolean), `round ${round}`);
      }
    } finally {
      client.close();
    }
  });

  it('ends when its ledger is removed, and a new one in its place is empty', async () => {
    await use(LedgerProject.make());
    await project.create('gone');
    await project.ok('sync', '--flush-only');
    const server = project.requireServer();
    fs.rmSync(project.directory, { recursive: true });
    await project.person.ok('bd', ['init', '--prefix', 't', '--quiet'], { cwd: project.folder });
    assert.deepEqual(await project.titles(), []);
    await LedgerProject.waitForEnd(server);
    const next = project.requireServer();
    fs.rmSync(project.directory, { recursive: true });
    await LedgerProject.waitForEnd(next);
    assert.equal(fs.existsSync(project.directory), false);
    assert.equal(fs.existsSync(path.dirname(project.place.endpointFile)), false);
  });

  it('is started again over what a killed one left, and finds its place again', async () => {
    await use(LedgerProject.make());
    await project.create('one');
    const server = project.requireServer();
    process.kill(server.pid, 'SIGKILL');
    await LedgerProject.waitForEnd(server);
    assert.ok(fs.existsSync(server.socket));
    await project.create('two');
    assert.equal(fs.existsSync(server.socket), false);
    const { pid } = project.requireServer();
    fs.writeFileSync(project.place.endpointFile, '{"socket":"/nowhere"');
    await project.create('three');
    assert.equal(project.requireServer().pid, pid);
    assert.deepEqual(await project.titles(), ['one', 'three', 'two']);
  });

  it('says which process does not answer, and goes on once it is ended', async () => {
    await use(LedgerProject.make());
    await project.create('one');
    const server = project.requireServer();
    process.kill(server.pid, 'SIGSTOP');
    const { code, stderr } = await project.run(['list']);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`process ${server.pid} has this ledger open and does not answer`));
    process.kill(server.pid, 'SIGKILL');
    assert.deepEqual(await project.titles(), ['one']);
  });

  it("works without a server, and says so, where the socket's folder is not this user's", async () => {
    await use(LedgerProject.make(ORDINARY));
    const { person } = project;
    const runtime = path.join(person.home, 'other run');
    fs.mkdirSync(path.join(runtime, 'real'), { recursive: true });
    const uid = ORDINARY ?? process.getuid?.() ?? 0;
    fs.symlinkSync(path.join(runtime, 'real'), path.join(runtime, `gastown-${uid}`));
    person.own();
    const { code, stderr, stdout } = await project.run(['create', 'x', '--silent'], { XDG_RUNTIME_DIR: runtime });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /works without a server, which did not start: .*is not a folder/);
    assert.deepEqual(fs.readdirSync(path.join(runtime, 'real')), []);
    assert.match(await project.ok('show', stdout.trim()), /x/);
  });

  it('is not started for a ledger that this user cannot write or does not own', async function () {
    if (ORDINARY === undefined) {
      console.log('      skipped: only root can give a ledger to another user');
      this.skip();
    }
    await use(LedgerProject.make(ORDINARY));
    await project.ok('--no-daemon', 'create', 'readable');
    fs.chmodSync(project.directory, 0o555);
    assert.deepEqual(await project.titles(), ['readable']);
    assert.equal(project.server(), undefined);
    assert.match((await project.run(['create', 'kept in the journal'])).stderr, /issues.jsonl was not updated/);
    fs.chmodSync(project.directory, 0o777);
    fs.chownSync(project.directory, 0, 0);
    assert.deepEqual(await project.titles(), ['kept in the journal', 'readable']);
    assert.equal(project.server(), undefined);
  });

  it('believes nothing that a clone brings about servers, and signals nobody for it', async () => {
    await use(LedgerProject.make());
    const bystander = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    const { pid } = bystander;
    assert.ok(pid !== undefined);
    await waitUntil('the bystander runs', () => isAlive(identify(pid)));
    try {
      const lock = path.join(project.directory, '.lock');
      fs.mkdirSync(lock);
      // As a repository could ship it: nobody knows the start of a process, or this boot, beforehand.
      const forged = { pid, start: '1', nonce: 'x', note: 'server /elsewhere', space: 'x y', host: 'h' };
      fs.writeFileSync(path.join(lock, '7'), JSON.stringify(forged));
      for (const name of ['server.json', '.runtime/server.json']) {
        fs.mkdirSync(path.dirname(path.join(project.directory, name)), { recursive: true });
        fs.writeFileSync(
          path.join(project.directory, name),
          JSON.stringify({ socket: '/tmp/evil.sock', key: 'a'.repeat(64), pid, start: '1', protocol: 1, build: 1e15 }),
        );
      }
      fs.writeFileSync(path.join(project.directory, 'bd.sock'), '');
      await project.create('mine');
      await project.ok('--no-daemon', 'create', 'mine too');
      assert.deepEqual(await project.titles(), ['mine', 'mine too']);
      assert.equal(bystander.exitCode ?? bystander.signalCode, null);
    } finally {
      bystander.kill('SIGKILL');
    }
  });
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { CliTown, Person } from '../helpers/cliTown';
import { makeRepository, sh } from '../helpers/temp';
import type { ConvoyInfo } from '../../server/src/protocol/town';

const TOKEN = 'ghp-S3CRET-t0ken';

/** Git over http (`git http-backend`) for whoever gives the token; hooks of the repository run. */
async function serve(root: string): Promise<http.Server> {
  const expected = `Basic ${Buffer.from(`ann:${TOKEN}`).toString('base64')}`;
  const server = http.createServer((request, response) => {
    if (request.headers.authorization !== expected) {
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="git"' });
      return response.end();
    }
    const url = new URL(request.url!, 'http://host');
    const child = spawn('git', ['http-backend'], {
      env: {
        PATH: process.env.PATH,
        GIT_PROJECT_ROOT: root,
        GIT_HTTP_EXPORT_ALL: '1',
        GIT_PROTOCOL: request.headers['git-protocol'] as string | undefined,
        PATH_INFO: decodeURIComponent(url.pathname),
        QUERY_STRING: url.search.slice(1),
        REQUEST_METHOD: request.method,
        REMOTE_USER: 'ann',
        CONTENT_TYPE: request.headers['content-type'],
        HTTP_CONTENT_ENCODING: request.headers['content-encoding'],
      },
    });
    request.pipe(child.stdin);
    child.stdin.on('error', () => undefined);
    const pieces: Buffer[] = [];
    child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
    child.on('close', () => {
      const all = Buffer.concat(pieces);
      const end = all.indexOf('\r\n\r\n');
      const headers = all
        .toString('latin1', 0, end)
        .split('\r\n')
        .map((line) => line.split(/: (.*)/s));
      const status = Number(headers.find(([name]) => name === 'Status')?.[1]?.split(' ')[0] ?? 200);
      response.writeHead(
        status,
        Object.fromEntries(headers.filter(([name]) => name !== 'Status')) as Record<string, string>,
      );
      response.end(all.subarray(end + 4));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** Every file below a folder that holds the text, but for other people's repositories. */
function filesWith(folder: string, text: string): string[] {
  return fs.readdirSync(folder, { withFileTypes: true, recursive: true }).flatMap((entry) => {
    const file = path.join(entry.parentPath ?? entry.path, entry.name);
    return entry.isFile() && fs.readFileSync(file).includes(text) ? [file] : [];
  });
}

describe('a token in the address of a repository', function () {
  this.timeout(180_000);
  let town: CliTown | undefined;
  let server: http.Server | undefined;
  afterEach(async () => {
    await town?.dispose();
    town = undefined;
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  });

  it('opens it, and is seen nowhere; a remote that refuses parks the request at once, and gates do not run again', async () => {
    const person = new Person();
    const repositories = path.join(person.home, 'hosted');
    fs.mkdirSync(repositories);
    const bare = path.join(repositories, 'toy.git');
    sh(person.home, 'git', 'clone', '--quiet', '--bare', makeRepository({ 'README.md': '# toy\n' }), bare);
    server = await serve(repositories);
    const { port } = server.address() as AddressInfo;
    const runs = path.join(person.home, 'runs');
    town = await CliTown.make({
      person,
      project: `http://ann:${TOKEN}@127.0.0.1:${port}/toy.git`,
      gates: [`test=printf x >> '${runs}'`],
    });
    const work = (name: string): string => `echo ${name} > ${name}.txt\ngit add --all\ngit commit --quiet -m ${name}`;
    const first = await town.bead('First', work('first'));
    const made = await town.person.json<ConvoyInfo>('gt', ['convoy', 'create', '--launch', 'One', first], {
      cwd: town.root,
    });
    await town.gt('up');
    await town.convoyLands(made.id);
    assert.match(sh(bare, 'git', 'show', 'main:first.txt'), /first/);
    assert.equal(fs.readFileSync(runs, 'utf8'), 'x');

    fs.writeFileSync(path.join(bare, 'hooks', 'pre-receive'), '#!/bin/sh\necho "the branch is frozen" >&2\nexit 1\n', {
      mode: 0o755,
    });
    const second = await town.bead('Second', work('second'));
    await town.gt('sling', second, 'toy');
    const parked = async (): Promise<string | undefined> =>
      (await town!.snapshot()).attention.find((item) => item.bead === second)?.detail;
    for (let tries = 0; (await parked()) === undefined && tries < 300; tries += 1)
      await new Promise((done) => setTimeout(done, 200));
    assert.match((await parked()) ?? '', /refuses the push[\s\S]*the branch is frozen/);
    assert.doesNotMatch((await parked()) ?? '', /Writing objects|Counting/);
    assert.equal(fs.readFileSync(runs, 'utf8'), 'xx');
    fs.rmSync(path.join(bare, 'hooks', 'pre-receive'));
    const convoy = (await town.person.json<ConvoyInfo[]>('gt', ['convoy', 'list'], { cwd: town.root })).find(
      ({ status }) => status !== 'closed',
    )!;
    await town.gt('mq', 'retry', second);
    await town.convoyLands(convoy.id);
    assert.equal(fs.readFileSync(runs, 'utf8'), 'xx', 'the same files were tested already');

    for (const command of [['rig', 'list'], ['status'], ['status', '--json'], ['rig', 'list', '--json']])
      assert.ok(!(await town.gt(...command)).includes(TOKEN), command.join(' '));
    const failed = await person.run('gt', ['rig', 'add', 'gone', `http://ann:${TOKEN}@127.0.0.1:${port}/none.git`], {
      cwd: town.root,
    });
    assert.notEqual(failed.code, 0);
    assert.ok(!(failed.stdout + failed.stderr).includes(TOKEN));
    const found = filesWith(person.home, TOKEN);
    assert.deepEqual(found, [path.join(town.root, 'toy', '.credentials')]);
    assert.equal(fs.statSync(found[0]!).mode & 0o777, 0o600);
  });
});

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { MayorInfo } from '../../server/src/protocol/town';
import { CliTown } from '../helpers/cliTown';
import { sh, waitUntil } from '../helpers/temp';

/** A plan as a person may write it down for the `script` runtime: five beads, two in a row and three beside them. */
const plan = `Make five files

~~~sh
body() { printf '%s\\n\\n\`\`\`sh\\necho %s > %s.txt\\n\`\`\`\\n' "$1" "$1" "$1"; }
one=$(bd create --rig toy --title="File one" --silent -d "$(body one)")
two=$(bd create --rig toy --title="File two" --silent -d "$(body two)" --deps "depends-on:$one")
three=$(bd create --rig toy --title="File three" --silent -d "$(body three)" --deps "depends-on:$one")
four=$(bd create --rig toy --title="File four" --silent -d "$(body four)")
five=$(bd create --rig toy --title="File five" --silent -d "$(body five)" --deps "depends-on:$two,depends-on:$three")
echo "$one $two $three $four $five" > beads.txt
~~~

~~~sh
gt prime > prime.md
convoy=$(gt convoy create "Five files" $(cat beads.txt) --stage --json | sed -n 's/^  "id": "\\(.*\\)",$/\\1/p')
gt convoy launch "$convoy" 2> launch.txt || true
gt convoy create "At once" $(cat beads.txt) --launch 2> create.txt || true
gt sling $(cat beads.txt) toy 2> sling.txt || true
gt mayor plan "$GT_BEAD" "$convoy" -m "One first, five last."
gt convoy add "$convoy" nothing 2> add.txt || true
~~~
`;

describe('the Mayor', function () {
  this.timeout(120_000);
  let town: CliTown | undefined;
  afterEach(async () => {
    await town?.dispose();
    town = undefined;
  });

  const status = (): Promise<MayorInfo> => town!.person.json<MayorInfo>('gt', ['mayor', 'status'], { cwd: town!.root });
  const inHome = (file: string): string => fs.readFileSync(path.join(town!.root, 'mayor', file), 'utf8');
  const refused = async (...args: string[]): Promise<string> =>
    (await town!.person.run('gt', args, { cwd: town!.root })).stderr;

  it('plans what it is asked into a staged convoy, which a person edits, launches and sees land; and then it has no process', async () => {
    town = await CliTown.make();
    const file = path.join(town.person.home, 'wish.md');
    fs.writeFileSync(file, plan);
    assert.match(await town.gt('mayor', 'ask', '-F', file), /Asked the Mayor \(hq-[\s\S]*engine is paused/);
    const before = await status();
    assert.deepEqual(
      [before.session, before.runtime, before.requests.map((request) => request.title)],
      [undefined, 'script', ['Make five files']],
    );
    assert.equal((await town.bd('ready', '--json')).trim(), '[]');

    await town.gt('up');
    await waitUntil(
      'the plan is there',
      async () => (await town!.snapshot()).attention.some((item) => item.kind === 'plan'),
      30_000,
    );
    const snapshot = await town.snapshot();
    const convoy = snapshot.convoys.find((item) => item.title === 'Five files')!;
    assert.deepEqual([convoy.status, convoy.total, snapshot.convoys.length], ['staged_ready', 5, 1]);
    const item = snapshot.attention.find((candidate) => candidate.kind === 'plan')!;
    assert.match(item.detail, /You asked: Make five files\n\nOne first, five last\.\n\n5 beads are staged/);
    assert.match(await town.gt('attention'), new RegExp(`gt convoy launch ${convoy.id}`));
    assert.match(
      inHome('prime.md'),
      /# You are the Mayor[\s\S]*Make five files[\s\S]*Ready work[\s\S]*File four[\s\S]*gt mayor plan/,
    );
    for (const [name, said] of [
      ['launch.txt', /an agent may not launch work/],
      ['create.txt', /without --launch/],
      ['sling.txt', /an agent may not sling/],
      ['add.txt', /./],
    ] as const)
      assert.match(inHome(name), said, name);
    await waitUntil(
      'its session has ended',
      async () => (await status()).session === undefined && town!.sessions().length === 0,
    );
    assert.equal(
      snapshot.beads.some((bead) => bead.phase !== 'ready' && bead.phase !== 'waiting'),
      false,
      'nothing of it has begun',
    );

    // The person changes the plan, and launches it.
    const six = await town.bead('File six', 'echo six > six.txt');
    await town.gt('convoy', 'add', convoy.id, six);
    await town.bd('update', six, '--title', 'The sixth');
    await town.gt('convoy', 'launch', convoy.id);
    assert.equal(
      (await town.snapshot()).attention.some((candidate) => candidate.kind === 'plan'),
      false,
    );
    await town.convoyLands(convoy.id);
    assert.deepEqual(
      sh(town.project, 'git', 'ls-tree', '--name-only', 'gastown/main')
        .split('\n')
        .filter((name) => name !== 'README.md')
        .sort(),
      ['five.txt', 'four.txt', 'one.txt', 'six.txt', 'three.txt', 'two.txt'],
    );
    assert.equal(sh(town.project, 'git', 'log', '--format=%s', 'gastown/main').split('\n')[0], 'File five');
    assert.deepEqual((await status()).requests, []);
  });

  it('is started a bounded number of times; then a person is called, and may start it again', async () => {
    town = await CliTown.make();
    await town.gt('up');
    assert.match(await refused('mayor', 'start'), /nothing to run/);
    await town.gt('mayor', 'ask', 'Fail\n\n```sh\necho x >> tries.txt; exit 3\n```\n');
    await waitUntil(
      'a person is called',
      async () => (await town!.snapshot()).attention.some((item) => item.kind === 'escalation'),
      30_000,
    );
    const item = (await town.snapshot()).attention.find((candidate) => candidate.kind === 'escalation')!;
    assert.match(item.title, /The Mayor does not answer: it ended without an answer/);
    assert.equal(inHome('tries.txt'), 'x\nx\nx\n');
    const [request] = (await status()).requests;
    assert.deepEqual([request!.held, request!.tries], [true, 3]);
    assert.match(await town.gt('mayor', 'status'), /waits: gt mayor start/);
    await town.gt('mayor', 'start');
    await waitUntil('it was tried again', () => inHome('tries.txt').length > 6);
    // A person answers in its place.
    await town.gt('mayor', 'answer', request!.id, '-m', 'Never mind');
    assert.match(await town.gt('mail', 'inbox'), /Re: Fail/);
    assert.match(await refused('mayor', 'answer', request!.id, '-m', 'Again'), /has been answered/);
    assert.equal(
      (await town.snapshot()).attention.some((candidate) => candidate.kind === 'escalation'),
      false,
    );
  });

  it('stopped by a person, it stays away until it is started; an idle town has none', async () => {
    town = await CliTown.make();
    await town.gt('up');
    await town.gt('mayor', 'ask', 'Slow\n\n```sh\nsleep 60\n```\n');
    await waitUntil('it lives', async () => (await status()).session !== undefined);
    const row = (await town.snapshot()).agents.find((agent) => agent.id === 'mayor')!;
    assert.deepEqual([row.state, row.activity], ['working', 'planning: Slow']);
    assert.match(await town.gt('mayor', 'start'), /already running/);
    await town.gt('mayor', 'stop');
    await waitUntil('what it was asked is held', async () => (await status()).requests[0]?.held === true);
    assert.equal(town.sessions().length, 0);
    assert.match(await refused('mayor', 'stop'), /has no session/);
    await town.gt('up');
    await waitUntil('it is back', async () => (await status()).session !== undefined);
  });

  it('says what is wrong with a request, a plan or a runtime', async () => {
    town = await CliTown.make();
    assert.match(await refused('mayor', 'ask', ' '), /describe what you want/);
    assert.match(await refused('mayor', 'ask', '-F', 'nowhere.md'), /cannot read nowhere\.md/);
    assert.match(await refused('config', 'mayor', 'nobody'), /no agent runtime nobody/);
    assert.match(await refused('mayor', 'attach'), /needs a terminal/);
    await town.gt('mayor', 'ask', 'A plan');
    const { id } = (await status()).requests[0]!;
    const bead = await town.bead('One', 'true');
    const convoy = await town.person.json<{ id: string }>('gt', ['convoy', 'create', 'Empty', '--stage'], {
      cwd: town.root,
    });
    const launched = await town.person.json<{ id: string }>('gt', ['convoy', 'create', '--launch', 'Under way', bead], {
      cwd: town.root,
    });
    assert.match(await refused('mayor', 'plan', id, convoy.id), /tracks no beads/);
    assert.match(await refused('mayor', 'plan', id, launched.id), /is open, not staged/);
    assert.match(await refused('mayor', 'plan', id, bead), /is not a convoy/);
    assert.match(await refused('mayor', 'plan', bead, convoy.id), /not a request to the Mayor/);
    assert.match(await refused('sling', id, 'toy'), /is mayor's/);
    // The runtime asks for consent as any other does.
    await town.gt('config', 'agent', 'set', 'thinker', '/bin/true', '--prompt', 'none');
    assert.equal((await town.gt('config', 'mayor', 'thinker')).trim(), 'thinker');
    assert.ok(
      (await town.snapshot()).attention.some(
        (item) => item.kind === 'consent' && item.title.startsWith('Allow thinker'),
      ),
    );
    assert.match(
      await refused('mayor', 'start'),
      /the runtime thinker are not accepted[\s\S]*gt config agent accept thinker/,
    );
    assert.match(await town.gt('mayor', 'status'), /not accepted yet/);
    await town.gt('up');
    await new Promise((done) => setTimeout(done, 300));
    assert.equal((await status()).requests[0]!.tries, 0);
    await town.gt('config', 'agent', 'accept', 'thinker', '--yes');
    await waitUntil('it was tried', async () => (await status()).requests[0]!.tries > 0);
    assert.equal((await town.gt('config', 'mayor', '')).trim(), 'script');
  });
});

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { Bead } from '../../server/src/protocol/bead';
import type { StagedPlan } from '../../server/src/protocol/convoyPlan';
import type { ConvoyInfo, ConvoyStatus, MailInfo } from '../../server/src/protocol/town';
import { CliTown } from '../helpers/cliTown';
import { makeRepository, waitUntil } from '../helpers/temp';

const write = (file: string): string =>
  `printf '%s\\n' '${file}' > '${file}'\ngit add --all\ngit commit --quiet -m 'Add ${file}'`;

describe('convoys from the shell', function () {
  this.timeout(180_000);
  let town: CliTown;
  afterEach(async () => town.dispose());

  const json = <T>(...args: string[]): Promise<T> => town.person.json<T>('gt', args, { cwd: town.root });
  const convoy = (...args: string[]): Promise<string> => town.gt('convoy', ...args);
  const refused = async (...args: string[]): Promise<string> => {
    const result = await town.person.run('gt', ['convoy', ...args], { cwd: town.root });
    assert.equal(result.code, 1, args.join(' '));
    return result.stderr;
  };
  const statusOf = async (bead: string): Promise<string> =>
    (await town.person.json<Bead[]>('bd', ['show', bead], { cwd: path.join(town.root, 'toy') }))[0]!.status;
  const inbox = (address: string): Promise<MailInfo[]> => json('mail', 'inbox', address);

  it('a created convoy tracks over two rigs, starts what is slung, then all that is launched, and tells everybody', async () => {
    town = await CliTown.make();
    const library = makeRepository({ 'README.md': '# lib\n' }, 'main', path.join(town.person.home, 'library'));
    await town.gt('rig', 'add', 'lib', library, '--yes', '--gate', 'test=true');
    await town.gt('crew', 'add', 'joe', '--rig', 'toy');
    const one = await town.bead('Update API endpoint', write('one.txt'));
    const script = `\`\`\`sh\n${write('two.txt')}\n\`\`\`\n`;
    const two = (await town.bd('create', '--prefix', 'lib', '--title=Add validation', '--silent', '-d', script)).trim();
    assert.match(two, /^lib-/);
    for (const wrong of ['toy/nobody', 'toy/crew/nux', 'nowhere/joe', 'Stranger', two])
      assert.match(await refused('create', 'Wrong', one, '--notify', wrong), /Hint: /, wrong);
    const created = await json<ConvoyInfo>(
      ...[
        'convoy',
        'create',
        'Deploy v2.0',
        one,
        two,
        '--notify',
        'mayor/',
        '--notify',
        'toy/joe',
        '--notify',
        '--human',
      ],
    );
    assert.match(created.id, /^hq-cv-/);
    assert.match(await town.gt('sling', one, 'toy'), /\n {2}The engine is paused: nothing starts until: gt up\n$/);
    await town.gt('up');
    await waitUntil('the bead that was slung is merged', async () => (await statusOf(one)) === 'closed', 60_000);
    assert.equal(await statusOf(two), 'open', 'nobody asked for it');
    const shown = await convoy('status', created.id);
    assert.match(
      shown,
      new RegExp(
        `^🚚 ${created.id}: Deploy v2\\.0\\n\\n {2}Status: {4}● open \\(not launched\\)\\n {2}Progress: {2}1/2 completed\\n` +
          ` {2}Created: {3}\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d[+-]\\d\\d:\\d\\d\\n[\\s\\S]*Tracked Issues:\\n` +
          ` {4}✓ ${one}: Update API endpoint \\[task\\]\\n {4}○ ${two}: Add validation \\[task\\]`,
      ),
    );
    assert.equal(await convoy('show', created.id), shown);
    assert.match(await convoy('show'), new RegExp(`🚚 ${created.id}: Deploy v2.0 .* 1/2 completed`));
    assert.match(await convoy('stranded'), new RegExp(`gt convoy launch ${created.id}`));
    await convoy('launch', created.id);
    await town.convoyLands(created.id);
    const subject = `🚚 Convoy Landed: Deploy v2.0 (${created.id})`;
    for (const address of ['mayor', 'mayor/', 'toy/joe', 'toy/crew/joe', 'overseer']) {
      const mails = await inbox(address);
      assert.deepEqual(
        mails.map((mail) => mail.subject),
        [subject],
        address,
      );
      assert.match(
        mails[0]!.body,
        new RegExp(
          `^Issues \\(2\\):\\n {2}✓ ${one}: Update API endpoint\\n {2}✓ ${two}: Add validation\\n\\nDuration: [\\dhms ]+$`,
        ),
      );
    }
    assert.match(await convoy('list', '--status=closed'), new RegExp(`^${created.id} 2/2 closed Deploy`));
    assert.equal(await convoy('list'), 'No convoys\n');

    const three = await town.bead('Three', write('three.txt'));
    await town.person.ok('bd', ['dep', 'add', created.id, three, '--type=tracks'], { cwd: town.root });
    assert.match(await convoy('list'), new RegExp(`^${created.id} 2/3 open Deploy`));
    await town.convoyLands(created.id);
  });

  it('a paused convoy begins nothing, also after a kill of the server, until it is resumed', async () => {
    town = await CliTown.make({ maxWorkers: 1 });
    const go = path.join(town.person.home, 'go');
    const first = await town.bead('First', `until test -f "${go}"; do sleep 0.1; done\n${write('first.txt')}`);
    const second = await town.bead('Second', write('second.txt'), first);
    const { id } = await json<ConvoyInfo>('convoy', 'create', 'Both', first, second, '--launch');
    await town.gt('up');
    await waitUntil('the first is in work', async () => (await statusOf(first)) === 'in_progress', 60_000);
    assert.match(await convoy('pause', id, '-m', 'the API changes'), /gt convoy resume/);
    assert.ok(town.kill('server'));
    fs.writeFileSync(go, '');
    await waitUntil('the first is merged', async () => (await statusOf(first)) === 'closed', 60_000);
    const { tracked, paused } = await json<ConvoyStatus>('convoy', 'status', id);
    assert.equal(paused, true);
    assert.deepEqual(
      tracked.find((bead) => bead.id === second)!.why.map((reason) => reason.kind),
      ['convoy-paused'],
    );
    assert.equal(await statusOf(second), 'open');
    assert.match(await convoy('status', id), /Paused: .* by Ann: the API changes[\s\S]*gt convoy resume/);
    assert.match(await town.gt('status'), /1\/2 \(paused\)/);
    await convoy('resume', id);
    await town.convoyLands(id);
  });

  it('convoys are changed, closed and landed by hand, and bad input says what to do', async () => {
    town = await CliTown.make();
    const [one, two] = [await town.bead('One', 'true'), await town.bead('Two', 'true')];
    const { id } = await json<ConvoyInfo>('convoy', 'create', 'Mine', one, two, '--owned');
    assert.match(await convoy('remove', id, two), /tracks 1 bead\n/);
    assert.match(await refused('remove', id, two), /does not track/);
    assert.match(await convoy('rename', id, 'Ours'), /Renamed .*: Ours/);
    assert.match(await convoy('watch', id, '--addr', 'overseer'), /overseer will be notified/);
    assert.match(await refused('watch', id, '--addr', 'toy/nobody'), /no crew member or polecat nobody/);
    assert.match(await refused('land', id), new RegExp(`has open beads: ${one}\\nHint: .*--force`));
    await town.bd('close', one);
    assert.equal(await convoy('check'), 'No convoy is done\n');
    assert.match(await convoy('land', id, '--dry-run'), /Would land/);
    assert.match(await convoy('land', id), /✓ Landed/);
    assert.deepEqual(
      (await inbox('overseer')).map((mail) => mail.subject),
      [`🚚 Convoy Landed: Ours (${id})`],
    );
    const other = (await json<ConvoyInfo>('convoy', 'create', 'Other', one, '--notify')).id;
    assert.match(await convoy('check', other), /✓ Landed/);
    const last = (await json<ConvoyInfo>('convoy', 'create', 'Last', two)).id;
    assert.match(await refused('land', last), /lands automatically/);
    assert.match(await refused('resume', last), /is not paused/);
    assert.match(
      await convoy('close', last, '--reason', 'not needed'),
      new RegExp(`✓ Closed .*\\n {2}Left open: ${two}`),
    );
    assert.match(await convoy('status', last), /closed \(before its work was done\)[\s\S]*Reason: {4}not needed/);
    assert.match(await refused('launch', last), /is closed\nHint: /);
    assert.match(await refused('create', 'x', one, '--launch', '--stage'), /not both/);
    assert.match(await refused('list', '--status', 'landed'), /open, closed, staged/);
  });

  it('a plan is checked, repaired, checked again and launched', async () => {
    town = await CliTown.make({ settings: { merge_queue: { test_command: 'test -f README.md' } } });
    const [one, two] = [await town.bead('One', write('one.txt')), await town.bead('Two', write('two.txt'))];
    const outside = await town.bead('Outside', write('three.txt'));
    await town.bd('dep', 'add', two, outside);
    const unaccepted = await town.person.run('gt', ['convoy', 'stage', one, two, '--json'], { cwd: town.root });
    assert.equal(unaccepted.code, 1);
    const check = JSON.parse(unaccepted.stdout) as StagedPlan;
    assert.deepEqual(
      [check.status, check.convoy_id, check.errors.map((error) => [error.category, error.suggested_fix])],
      ['error', '', [['not-accepted', 'gt rig accept toy']]],
    );
    await town.gt('rig', 'accept', 'toy', '--yes');
    const staged = await json<StagedPlan>('convoy', 'stage', one, two, '--title', 'Both');
    assert.deepEqual(
      [staged.status, staged.warnings.map((warning) => warning.category)],
      ['staged_warnings', ['outside']],
    );
    assert.match(await refused('launch', staged.convoy_id), /which this convoy does not track/);
    await convoy('add', staged.convoy_id, outside);
    const again = await convoy('stage', staged.convoy_id);
    assert.match(again, /^✓ Staged again .* \(3 beads, staged_ready\)\n {2}Wave 1:\n[\s\S]* {2}Wave 2:\n/);
    assert.match(again, /Time: unknown; nothing like /);
    assert.match(
      (await town.person.run('bd', ['update', staged.convoy_id, '--status', 'in_progress'], { cwd: town.root })).stderr,
      /to in_progress/,
    );
    await convoy('launch', staged.convoy_id);
    assert.match(
      await refused('stage', staged.convoy_id),
      /is open: only a convoy that has never been open can be staged/,
    );
    await town.gt('up');
    await town.convoyLands(staged.convoy_id);
    const more = await town.bead('More', write('more.txt'));
    const forecast = (await json<StagedPlan>('convoy', 'stage', more, '--launch')).forecast;
    assert.deepEqual([forecast.samples, forecast.unknown, (forecast.minutes ?? 0) > 0], [3, [], true]);
  });
});

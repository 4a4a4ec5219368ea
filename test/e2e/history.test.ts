import assert from 'node:assert/strict';
import { CliTown, Person } from '../helpers/cliTown';
import { makeRepository } from '../helpers/temp';
import type { AuditEvent } from '../../server/src/protocol/bead';
import type { ConvoyInfo } from '../../server/src/protocol/town';
import type { Skills, WorkSummary } from '../../server/src/cli/bd/workHistory';

describe('what agents have done', function () {
  this.timeout(180_000);
  let town: CliTown;
  afterEach(async () => town?.dispose());

  it('is told by bd stats, bd skills and bd audit', async () => {
    town = await CliTown.make();
    const write = (file: string): string => `echo x > ${file}; git add -A; git commit -qm "${file}"`;
    const first = await town.bead('In Go', write('a.go'));
    const second = await town.bead('In TypeScript', write('b.ts'), first);
    const cwd = town.root;
    const { id } = await town.person.json<ConvoyInfo>('gt', ['convoy', 'create', '--launch', 'Two', first, second], {
      cwd,
    });
    await town.gt('up');
    await town.convoyLands(id);

    const all = await town.person.json<Skills[]>('bd', ['skills'], { cwd });
    assert.deepEqual(all.flatMap(({ skills }) => skills.map(({ skill }) => skill)).sort(), ['go', 'typescript']);
    const { groups } = await town.person.json<{ groups: WorkSummary[] }>(
      'bd',
      ['stats', '--actor', 'toy/polecats/*', '--group-by', 'model'],
      { cwd },
    );
    const [group] = groups;
    assert.deepEqual(
      [groups.length, group?.group, group?.completed, group?.merged, group?.first_try],
      [1, 'script', 2, 2, 2],
    );
    assert.ok(group?.average_work_time_hours !== undefined);
    const tagged = await town.person.json<{ groups: WorkSummary[] }>('bd', ['stats', '--tag', 'Go'], { cwd });
    assert.equal(tagged.groups[0]?.completed, 1);
    const nobody = await town.person.json<{ groups: WorkSummary[] }>('bd', ['stats', '--actor', 'toy/polecats/x'], {
      cwd,
    });
    assert.equal(nobody.groups[0]?.completed, 0, 'these are not the figures of everybody');

    interface Compared {
      beads: { bead: string; runtime?: string; outcome?: string; languages?: string }[];
      differs: string[];
    }
    const compared = await town.person.json<Compared>('bd', ['compare', first, second], { cwd });
    assert.deepEqual(
      compared.beads.map(({ bead, runtime, outcome, languages }) => [bead, runtime, outcome, languages]),
      [
        [first, 'script', 'completed', 'go'],
        [second, 'script', 'completed', 'typescript'],
      ],
    );
    assert.ok(compared.differs.includes('languages') && !compared.differs.includes('runtime'));
    const alone = await town.person.run('bd', ['compare', first], { cwd });
    assert.match(alone.stderr, /there is nothing to compare/);
    await town.person.ok('bd', ['label', 'add', second, `ab:${first}`], { cwd });
    assert.match(await town.person.ok('bd', ['compare', first], { cwd }), /^outcome +completed +completed$/m);
    interface Shown {
      validation_records: { validated_by: string; validation_type: string }[];
    }
    const [shown] = await town.person.json<Shown[]>('bd', ['show', first], { cwd });
    const record = shown?.validation_records.at(-1);
    assert.deepEqual([record?.validated_by, record?.validation_type], ['toy/refinery', 'merge']);

    const agent = all[0]!.actor;
    for (const command of [['audit'], ['events']]) {
      const events = await town.person.json<AuditEvent[]>('bd', [...command, '--actor', agent], { cwd });
      assert.ok(
        events.some(({ type }) => type === 'done'),
        command.join(' '),
      );
      assert.ok(events.every((event) => event.actor === agent || event.agent === agent));
    }
    assert.match(await town.person.ok('bd', ['skills', agent], { cwd }), /: 1 task|: 2 tasks/);
  });

  it('is what only a town knows', async () => {
    const person = new Person();
    const cwd = makeRepository({ 'README.md': 'x' });
    await person.ok('bd', ['init', '--prefix', 'x', '--quiet'], { cwd });
    const { code, stderr } = await person.run('bd', ['skills'], { cwd });
    assert.equal(code, 1);
    assert.match(stderr, /only a town has a history[\s\S]*gt install/);
    await person.ok('bd', ['create', 'mine', '--assignee', 'bob'], { cwd });
    await person.ok('bd', ['create', 'other'], { cwd });
    assert.match(await person.ok('bd', ['stats', '--actor', 'bob'], { cwd }), /Total Issues: +1\n/);
  });
});

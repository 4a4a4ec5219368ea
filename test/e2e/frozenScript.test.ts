import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { CliTown } from '../helpers/cliTown';
import { sh, waitUntil } from '../helpers/temp';

/** A machine may be busy with other things. */
const LIMIT_MS = 120_000;

/** The script of a bead is frozen in its agent's folder when work starts; others may have written there since. */
describe('a frozen script', function () {
  this.timeout(180_000);
  let town: CliTown;
  afterEach(async () => town.dispose());

  const file = (): string => path.join(town.root, 'toy', 'polecats', 'furiosa', 'assignment.json');
  const mark = (): string => path.join(town.person.home, 'it ran');
  const replaceScript = (): void => {
    const assignment = JSON.parse(fs.readFileSync(file(), 'utf8')) as { script: string[] };
    assert.equal(assignment.script.length, 1);
    const script = [`touch "${mark()}"\necho other > one.txt\ngit add --all\ngit commit --quiet -m other`];
    fs.writeFileSync(file(), JSON.stringify({ ...assignment, script }));
  };
  const stop = (): Promise<string> => town.gt('stop', '--all');

  for (const [what, change] of [
    [
      'was replaced while its agent is stopped does not run: the one that was accepted does',
      async () => {
        await stop();
        replaceScript();
      },
    ],
    [
      'was replaced while the server is down does not run: the one that was accepted does',
      async () => {
        await stop();
        await town.gt('shutdown');
        replaceScript();
      },
    ],
    [
      'was replaced before everything was killed does not run: the one that was accepted does',
      async () => {
        replaceScript();
        for (const program of ['server', 'host'] as const) town.kill(program);
        await waitUntil('they have ended', () => !town.processOf('server') && !town.processOf('host'), LIMIT_MS);
      },
    ],
    [
      'was accepted is used although the bead has another by now',
      async (bead: string) => {
        await stop();
        await town.bd('update', bead, '-d', `Other\n\n\`\`\`sh\ntouch "${mark()}"\n\`\`\`\n`);
      },
    ],
  ] as const)
    it(`that ${what}`, async () => {
      town = await CliTown.make();
      const goOn = path.join(town.person.home, 'go on');
      const bead = await town.bead(
        'One',
        `while [ ! -e "${goOn}" ]; do sleep 0.1; done\necho own > one.txt\ngit add --all\ngit commit --quiet -m own`,
      );
      const [slung] = await town.person.json<{ convoy: string }[]>('gt', ['sling', bead, 'toy'], { cwd: town.root });
      await town.gt('up');
      await waitUntil('it works', () => town.sessions().some((session) => session.bead === bead), LIMIT_MS);
      await change(bead);
      fs.writeFileSync(goOn, '');
      await town.gt('up');
      await town.convoyLands(slung!.convoy);
      assert.equal(fs.existsSync(mark()), false, 'nothing of the other one has run');
      assert.equal(sh(town.project, 'git', 'show', 'gastown/main:one.txt'), 'own');
    });
});

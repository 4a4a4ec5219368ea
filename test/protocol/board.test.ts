import assert from 'node:assert/strict';
import { beadMarkdown } from '../../client/src/features/beads/beadMarkdown';
import { BeadDiff, BeadPage, BoardGet } from '../../server/src/protocol/board';
import { Sling, TownUp } from '../../server/src/protocol/town';
import { CliTown } from '../helpers/cliTown';
import { waitUntil } from '../helpers/temp';
import { Window } from './window';

/** The page of a bead that an agent worked on and the refinery merged, from the bundled server. */
describe('the board of a town', function () {
  this.timeout(90_000);
  let town: CliTown;
  before(async () => {
    town = await CliTown.make();
  });
  after(async () => town.dispose());

  it('tells of a merged bead who worked on it, how it was merged and what changed', async () => {
    const window = await Window.open(town);
    const bead = await town.bead('Write a page', 'echo written > page.txt\ngit add -A\ngit commit -qm page');
    const states = async (): Promise<string[]> => {
      const { lists } = await window.call(BoardGet.spec, { grouping: 'state' });
      return (lists['']?.items ?? []).flatMap((item) => (item.kind === 'group' ? [item.key] : []));
    };
    assert.deepEqual(await states(), ['state:ready']);
    assert.deepEqual((await window.call(BeadPage.spec, { id: bead })).why, [{ kind: 'unslung' }]);
    await window.call(Sling.spec, { beads: [bead], rig: 'toy' }, 'op-sling');
    await window.call(TownUp.spec, {}, 'op-up');
    await waitUntil('it was merged', async () => (await states()).includes('state:closed'), 60_000);
    const page = await window.call(BeadPage.spec, { id: bead });
    assert.deepEqual(
      page.sessions.map((session) => [session.attempt, session.end]),
      [[1, 'merged']],
    );
    assert.equal(page.merges.length, 1);
    const diff = await window.call(BeadDiff.spec, { id: bead });
    assert.deepEqual([diff.kind, diff.files, diff.insertions], ['merged', 1, 1]);
    const text = beadMarkdown(page, diff);
    for (const part of ['## Attempts', '## Merge requests', '```diff', '+written', '**merged**'])
      assert.ok(text.includes(part), `${part} is missing in\n${text}`);
    window.connection.dispose();
  });
});

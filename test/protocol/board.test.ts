import assert from 'node:assert/strict';
import { beadMarkdown } from '../../client/src/features/beads/beadMarkdown';
import { BeadDiff, BeadPage, type BoardItem } from '../../server/src/protocol/board';
import { BeadUpdate } from '../../server/src/protocol/bead';
import { BoardWatch, Sling, TownGetSnapshot, TownUp } from '../../server/src/protocol/town';
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
    const board = { grouping: 'state', text: '', open: [] };
    const { lists } = await window.call(TownGetSnapshot.spec, { board });
    let top = lists[0]?.items ?? [];
    window.onDelta = ({ changes }) => {
      top = changes.lists?.upsert.find(({ id }) => id === '')?.items ?? top;
    };
    const states = (): string[] => top.flatMap((item: BoardItem) => (item.kind === 'group' ? [item.key] : []));
    assert.deepEqual(states(), ['state:ready']);
    assert.deepEqual((await window.call(BeadPage.spec, { id: bead })).why, [{ kind: 'unslung' }]);
    await window.call(Sling.spec, { beads: [bead], rig: 'toy' }, 'op-sling');
    await window.call(TownUp.spec, {}, 'op-up');
    await waitUntil('it was merged', () => states().includes('state:closed'), 60_000);
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

  it('pushes to each window what it watches itself, also when time alone changes it', async () => {
    const [watching, other] = [await Window.open(town), await Window.open(town)];
    await other.call(TownGetSnapshot.spec, {});
    await assert.rejects(watching.call(BoardWatch.spec, {}), /there is no snapshot to add lists to/);
    const { revision } = await watching.call(TownGetSnapshot.spec, {});
    const later = await town.bead('Later', 'true');
    await waitUntil('the other window heard of it', () => other.deltas.length > 0);
    const first = await watching.call(BoardWatch.spec, {
      board: { grouping: 'state', text: 'later', open: [{ key: 'state:ready', limit: 10 }] },
    });
    const before = watching.deltas.at(-1)?.to ?? revision;
    assert.deepEqual([first.from, first.to > before], [before, true]);
    assert.deepEqual(first.changes.lists?.upsert, [
      { id: '', total: 1, items: [{ kind: 'group', key: 'state:ready', count: 1 }] },
      { id: 'state:ready', total: 1, items: [{ kind: 'bead', id: later }] },
    ]);
    let { to } = first;
    let ready = [later];
    const heard: string[] = [];
    watching.onDelta = (delta) => {
      assert.equal(delta.from, to);
      to = delta.to;
      const list = delta.changes.lists?.upsert.find(({ id }) => id === 'state:ready');
      if (list) ready = list.items.flatMap((item) => (item.kind === 'bead' ? [item.id] : []));
      heard.push(...(delta.changes.beads?.upsert ?? []).map(({ title, state }) => `${title} ${state}`));
    };
    other.onDelta = ({ changes }) => assert.equal(changes.lists, undefined, 'it watches nothing');
    const until = new Date(Date.now() + 1_500).toISOString();
    await watching.call(BeadUpdate.spec, { ids: [later], defer: until, title: 'Later on' }, 'op-defer');
    await waitUntil('it is deferred', () => ready.length === 0);
    await waitUntil('it is ready again, without a change', () => ready.includes(later), 20_000);
    assert.deepEqual(heard, ['Later on deferred', 'Later on ready']);
    ({ to } = await watching.call(BoardWatch.spec, {}));
    await town.bead('Later too', 'true');
    await waitUntil('the overview goes on', () => heard.some((text) => text.startsWith('Later too')));
    assert.deepEqual(ready, [later], 'the list does not');
    for (const window of [watching, other]) window.connection.dispose();
  });
});

import assert from 'node:assert/strict';
import { CliTown } from '../helpers/cliTown';
import { sh } from '../helpers/temp';

/** Adds a word to one line. Where somebody was faster, it rebases as it was told to, and keeps both words. */
const addsWord = (word: string): string =>
  [
    'add() { sed -i "s/^words:.*/& ' + word + '/" list.txt; }',
    'if [ -n "$GT_REBASE_ONTO" ]; then',
    '  git rebase "$GT_REBASE_ONTO" && exit 1',
    '  git checkout --ours list.txt 2>/dev/null || git checkout "$GT_REBASE_ONTO" -- list.txt',
    '  add; git add list.txt; git -c core.editor=true rebase --continue',
    'else',
    '  add; git commit --quiet -am "Add ' + word + '"; sleep 1',
    'fi',
  ].join('\n');

describe('a conflict', function () {
  this.timeout(120_000);

  it('of two polecats on one line goes back to the second, and ends with both changes in', async () => {
    const town = await CliTown.make({ files: { 'list.txt': 'words:\n' }, maxWorkers: 3 });
    try {
      const words = ['alpha', 'beta', 'gamma'];
      const beads = await Promise.all(words.map((word) => town.bead(`Add ${word}`, addsWord(word))));
      const convoy = await town.person.json<{ id: string }>('gt', ['convoy', 'create', '--launch', 'Words', ...beads], {
        cwd: town.root,
      });
      await town.gt('up');
      await town.convoyLands(convoy.id);
      const line = sh(town.project, 'git', 'show', 'gastown/main:list.txt').replace('words:', '').trim().split(/\s+/);
      assert.deepEqual(line.sort(), words);
      const { beads: shown } = await town.snapshot();
      assert.ok(
        beads.filter((id) => (shown.find((bead) => bead.id === id)?.attempt ?? 0) > 1).length >= 2,
        'two of the three were sent back',
      );
    } finally {
      await town.dispose();
    }
  });
});

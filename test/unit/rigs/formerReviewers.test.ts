import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { inspectSource } from '../../../server/src/git/source';
import { RigRepository } from '../../../server/src/git/repository';
import { checkoutDetached } from '../../../server/src/git/worktree';
import { removeFormerReviewers } from '../../../server/src/rigs/formerReviewers';
import type { Rig } from '../../../server/src/rigs/rig';
import { TownLayout } from '../../../server/src/town/layout';
import { commitFiles, makeRepository, sh, tempDir } from '../../helpers/temp';

describe('worktrees of reviewers', () => {
  const NAMES = ['agent', 'claude', 'codex', 'gemini'];
  let rig: Pick<Rig, 'layout' | 'repository'>;
  const worktree = (name: string): string => rig.layout.reviewWorktree(name);
  const left = (): string[] => NAMES.filter((name) => fs.existsSync(rig.layout.reviewer(name)));
  const remove = (needed: readonly string[]): Promise<string[]> =>
    removeFormerReviewers(rig as Rig, (name) => needed.includes(name));
  beforeEach(async () => {
    const layout = new TownLayout(tempDir('town')).rig('toy');
    const repository = new RigRepository(
      layout.repository,
      await inspectSource(makeRepository({ 'a.txt': 'a\n', '.gitignore': 'cache\n' })),
    );
    await repository.create();
    rig = { layout, repository };
    for (const name of NAMES) await checkoutDetached(repository, worktree(name), (await repository.tip())!);
  });

  it('are removed once nobody asks their reviewers any more', async () => {
    fs.writeFileSync(path.join(worktree('codex'), 'cache'), 'what a build leaves is not kept');
    assert.deepEqual(await remove(['agent', 'claude']), ['codex', 'gemini']);
    assert.deepEqual(left(), ['agent', 'claude']);
    assert.equal(sh(rig.layout.repository, 'git', 'worktree', 'list').split('\n').length, 3, 'git knows it');
    assert.deepEqual(await remove([]), ['agent', 'claude']);
    assert.deepEqual(await remove([]), []);
  });

  it('stay where something in them is nowhere else, or git cannot read them', async () => {
    fs.writeFileSync(path.join(worktree('agent'), 'notes.txt'), 'a question');
    fs.writeFileSync(path.join(worktree('claude'), 'a.txt'), 'changed\n');
    commitFiles(worktree('codex'), { 'b.txt': 'b\n' }, 'An idea');
    fs.writeFileSync(path.join(worktree('gemini'), '.git'), 'gitdir: /nowhere\n');
    assert.deepEqual(await remove([]), []);
    assert.deepEqual(left(), NAMES);
  });

  it('stay where a review begins meanwhile', async () => {
    let asked = 0;
    const isNeeded = (name: string): boolean => name !== 'codex' || (asked += 1) > 1;
    assert.deepEqual(await removeFormerReviewers(rig as Rig, isNeeded), []);
    assert.deepEqual(left(), NAMES);
  });
});

import assert from 'node:assert/strict';
import path from 'node:path';
import { agentGitSettings } from '../../../server/src/agents/gitSettings';
import { RigRepository } from '../../../server/src/git/repository';
import { inspectSource } from '../../../server/src/git/source';
import { addMember } from '../../../server/src/rigs/crew';
import { dropLandedCrewBranches, takeCrewBranch } from '../../../server/src/rigs/crewBranches';
import { Rig } from '../../../server/src/rigs/rig';
import { TownLayout } from '../../../server/src/town/layout';
import { commitFiles, makeRepository, sh, tempDir } from '../../helpers/temp';

async function rigWithJoe(): Promise<{ rig: Rig; clone: string }> {
  const town = new TownLayout(tempDir('town'));
  const folder = makeRepository({ 'a.txt': 'a\n' });
  const repository = new RigRepository(town.rig('toy').repository, await inspectSource(folder));
  await repository.create();
  const config = {
    ...{ type: 'rig' as const, version: 1, name: 'toy', git_url: folder, folder: true, default_branch: 'main' },
    ...{ created_at: '', beads: { prefix: 'toy' } },
  };
  const environment = async (): Promise<NodeJS.ProcessEnv> => ({ ...process.env, ...agentGitSettings() });
  const rig = new Rig(
    town,
    config,
    repository,
    environment,
    () => 'example.org',
    () => true,
  );
  await addMember(rig, 'joe');
  return { rig, clone: path.join(rig.layout.crewMember('joe'), 'rig') };
}

describe('branches of the crew', () => {
  it('are copied as they are now, each submission by itself, and removed once it has landed', async () => {
    const { rig, clone } = await rigWithJoe();
    const branches = (): string[] =>
      sh(rig.repository.directory, 'git', 'for-each-ref', '--format=%(refname:lstrip=2)', 'refs/heads/crew/').split(
        '\n',
      );
    commitFiles(clone, { 'b.txt': 'b\n' }, 'B');
    const first = await takeCrewBranch(rig, 'joe', undefined, () => '1');
    commitFiles(clone, { 'c.txt': 'c\n' }, 'C');
    const second = await takeCrewBranch(rig, 'joe', 'main', () => '2');
    assert.deepEqual([first.subject, second.subject, second.isDirty], ['B', 'C', false]);
    assert.deepEqual(branches(), ['crew/joe/main@1', 'crew/joe/main@2']);
    assert.equal(await rig.branchTip(first.branch), first.commit);
    await dropLandedCrewBranches(rig, (branch) => branch === first.branch);
    assert.deepEqual(branches(), ['crew/joe/main@2']);
  });

  it('are not kept where there is nothing to merge', async () => {
    const { rig, clone } = await rigWithJoe();
    await assert.rejects(takeCrewBranch(rig, 'joe'), /there is nothing to merge: main of toy\/crew\/joe/);
    sh(clone, 'git', 'commit', '--quiet', '--allow-empty', '-m', 'Nothing');
    await assert.rejects(takeCrewBranch(rig, 'joe'), /change nothing/);
    sh(
      clone,
      'sh',
      '-c',
      'echo x > a.txt; git commit -qam X; git checkout -q -b y HEAD~1; echo y > a.txt; git commit -qam Y',
    );
    sh(clone, 'sh', '-c', 'git merge -q main || true');
    await assert.rejects(takeCrewBranch(rig, 'joe'), /a merge is in progress/);
    assert.equal(sh(rig.repository.directory, 'git', 'for-each-ref', 'refs/heads/crew/'), '');
  });
});

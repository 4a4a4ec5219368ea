import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { FILTER_COMMAND, filterCommands, filterSettings } from '../../../server/src/git/filters';
import { RigRepository } from '../../../server/src/git/repository';
import { inspectSource } from '../../../server/src/git/source';
import { filtersOf } from '../../../server/src/git/sourceFilters';
import { landingBase } from '../../../server/src/git/landingBase';
import { ensureWorktree } from '../../../server/src/git/worktree';
import { makeRepository, sh, tempDir } from '../../helpers/temp';

const refinery = { name: 'toy/refinery', email: 'toy.refinery@example.org' };

/** A project whose configuration names a filter that writes capitals into the worktree. */
function projectWithFilter(): string {
  const folder = makeRepository({ '.gitattributes': '*.up filter=up\n', 'a.up': 'small\n' });
  sh(folder, 'git', 'config', 'filter.up.smudge', 'tr a-z "A-Z"');
  sh(folder, 'git', 'config', 'filter.up.clean', "tr 'A-Z' a-z");
  sh(folder, 'git', 'config', 'filter.up.required', 'true');
  return folder;
}

describe('filters of git that a rig takes from its source', () => {
  it('are read from its configuration, by name', async () => {
    const source = await inspectSource(projectWithFilter());
    const filters = await filtersOf(source, ' up ');
    assert.deepEqual(filters, { up: { smudge: 'tr a-z "A-Z"', clean: "tr 'A-Z' a-z", required: true } });
    assert.deepEqual(filterCommands(filters), [
      { name: 'filter up (clean)', command: "tr 'A-Z' a-z" },
      { name: 'filter up (smudge)', command: 'tr a-z "A-Z"' },
    ]);
    assert.deepEqual(await filtersOf(source, ''), {});
  });

  it('are refused where the source has none of that name, or one that cannot be shown', async () => {
    const folder = projectWithFilter();
    const source = await inspectSource(folder);
    await assert.rejects(filtersOf(source, 'up,lfs'), /has no filter lfs/);
    await assert.rejects(filtersOf(source, 'up;rm'), /"up;rm" is not a filter name/);
    await assert.rejects(filtersOf({ ...source, location: 'https://example.org/x' }, 'up'), /has no filter up/);
    sh(folder, 'git', 'config', 'filter.up.process', 'true\nrm -rf /');
    await assert.rejects(filtersOf(source, 'up'), /cannot be shown on one line/);
    assert.equal(FILTER_COMMAND.test('a\u001b[2Jb'), false);
  });

  it('are written so that git reads the same commands', () => {
    const folder = tempDir('config');
    const odd = { clean: 'a "b" \\c # d ; e', smudge: 'x " y', required: false };
    fs.writeFileSync(path.join(folder, 'config'), filterSettings({ 'x.y': odd }).join('\n'));
    const read = (key: string): string => sh(folder, 'git', 'config', '-f', 'config', '-z', `filter.x.y.${key}`);
    assert.deepEqual([read('clean'), read('smudge'), read('required')], [`${odd.clean}\0`, 'x " y\0', 'false\0']);
  });

  it('run in the worktrees of the rig as long as they are accepted', async () => {
    const source = await inspectSource(projectWithFilter());
    const root = tempDir('rig');
    const repository = new RigRepository(path.join(root, '.repo.git'), source);
    await repository.create();
    const filters = await filtersOf(source, 'up');
    const checkout = async (name: string): Promise<string> => {
      const directory = path.join(root, name);
      await ensureWorktree(
        repository,
        directory,
        `polecat/${name}/x@y`,
        (await landingBase(repository, refinery)).commit,
      );
      return fs.readFileSync(path.join(directory, 'a.up'), 'utf8');
    };
    assert.equal(await checkout('before'), 'small\n');
    repository.filters = () => filters;
    assert.equal(await checkout('accepted'), 'SMALL\n');
    repository.filters = () => ({});
    assert.equal(await checkout('after'), 'small\n');
  });
});

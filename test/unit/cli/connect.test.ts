import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { actorName, helloOf } from '../../../server/src/cli/shared/connect';
import { tempDir } from '../../helpers/temp';

describe('how a command introduces itself', () => {
  const home = tempDir('home');
  const plain = { HOME: home, PATH: process.env.PATH };

  it('takes the first name that there is: given, BD_ACTOR, BEADS_ACTOR, git, USER', async () => {
    fs.writeFileSync(path.join(home, '.gitconfig'), '[user]\n\tname = Git Name\n');
    const all = { ...plain, BD_ACTOR: 'bd', BEADS_ACTOR: 'beads', USER: 'user' };
    assert.equal(await actorName('given', all, home), 'given');
    assert.equal(await actorName(undefined, all, home), 'bd');
    assert.equal(await actorName('', { ...all, BD_ACTOR: '' }, home), 'beads');
    assert.equal(await actorName(undefined, { ...plain, USER: 'user' }, home), 'Git Name');
  });

  it('asks git where the file is not plain, and goes on without git', async () => {
    fs.writeFileSync(path.join(home, 'more'), '[user]\n\tname = Included\n');
    fs.writeFileSync(path.join(home, '.gitconfig'), '[include]\n\tpath = more\n');
    const before = process.env.HOME;
    process.env.HOME = home;
    try {
      assert.equal(await actorName(undefined, { ...plain, USER: 'user' }, home), 'Included');
    } finally {
      process.env.HOME = before;
    }
    assert.equal(await actorName(undefined, { ...plain, USER: 'user' }, path.join(home, 'missing')), 'user');
    assert.equal(await actorName(undefined, plain, path.join(home, 'missing')), 'unknown');
  });

  it('is an agent with a token, which may claim a name, and else the person', async () => {
    const agent = { cwd: home, env: { GT_SESSION_TOKEN: 'secret' } };
    assert.deepEqual(await helloOf(agent, undefined), { kind: 'agent', token: 'secret', cwd: home });
    assert.deepEqual(await helloOf(agent, 'rust'), { kind: 'agent', token: 'secret', cwd: home, actor: 'rust' });
    assert.deepEqual(await helloOf({ cwd: home, env: { BD_ACTOR: 'ann' } }, undefined), {
      kind: 'cli',
      cwd: home,
      actor: 'ann',
    });
  });
});

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { BdRunner } from './bdRunner';

describe('bd setup', () => {
  const bd = BdRunner.without();
  const text = (file: string): string => fs.readFileSync(path.join(bd.cwd, file), 'utf8');

  it('writes a section into a file, once, and takes it out again', async () => {
    fs.writeFileSync(path.join(bd.cwd, 'AGENTS.md'), '# Mine\n\nStays.\n');
    assert.equal((await bd.run('setup', 'codex', '--check')).code, 1);
    await bd.json('setup', 'codex');
    await bd.json('setup', 'codex');
    assert.match(text('AGENTS.md'), /^# Mine\n\nStays\.\n\n<!-- BEGIN BEADS INTEGRATION -->\n# Beads Issue Tracking\n/);
    assert.equal(text('AGENTS.md').match(/BEGIN BEADS/g)?.length, 1);
    assert.match((await bd.run('setup', 'codex', '--check')).out, /^✓ Codex integration installed: AGENTS.md/);
    fs.appendFileSync(path.join(bd.cwd, 'AGENTS.md'), 'Below.\n');
    await bd.json('setup', 'codex', '--remove');
    assert.equal(text('AGENTS.md'), '# Mine\n\nStays.\n\nBelow.\n');
  });

  it('writes and removes a file of its own', async () => {
    assert.match((await bd.run('setup', 'cursor')).out, /^Installing Cursor integration\.\.\.\n/);
    assert.match(text('.cursor/rules/beads.mdc'), /^# Beads Issue Tracking/);
    await bd.json('setup', 'cursor', '--remove');
    assert.deepEqual(await bd.run('setup', 'cursor', '--check'), {
      code: 1,
      out: '✗ Cursor integration not installed\n  Run: bd setup cursor\n',
      err: '',
    });
    await bd.json('setup', 'cursor', '--remove');
  });

  it('changes no file whose section has no end', async () => {
    fs.writeFileSync(path.join(bd.cwd, 'GEMINI.md'), '<!-- BEGIN BEADS INTEGRATION -->\nmine\n');
    for (const words of [['gemini'], ['gemini', '--remove']]) await bd.fails(/and not its end/, 'setup', ...words);
    assert.match(text('GEMINI.md'), /mine/);
  });

  it('lists, prints and writes elsewhere; names what it does not know', async () => {
    assert.ok((await bd.json<{ name: string }[]>('setup', '--list')).some(({ name }) => name === 'claude'));
    assert.match((await bd.run('setup', '--print')).out, /^# Beads Issue Tracking\n/);
    assert.match((await bd.run('setup', '-o', 'rules.md')).out, /^✓ Wrote template to rules.md/);
    assert.match(text('rules.md'), /bd ready/);
    assert.match((await bd.run('setup')).out, /Usage|bd setup/);
    for (const name of ['nonsense', 'constructor']) await bd.fails(/unknown recipe/, 'setup', name);
  });

  it('knows assistants of the project, which write only a section of a file inside of it', async () => {
    const project = BdRunner.without();
    await project.fails(/no beads database/, 'setup', '--add', 'ours', 'docs/agents.md');
    await project.run('init', '--prefix', 'app');
    await project.fails(/needs the file, too/, 'setup', '--add', 'ours');
    for (const file of ['../out.md', '/etc/motd', 'C:\\out.md', 'a/../../out.md'])
      await project.fails(/not a path inside the project/, 'setup', '--add', 'ours', file);
    for (const name of ['Ours', '../x', '']) await project.fails(/not a name/, 'setup', `--add=${name}`, 'a.md');
    await project.fails(/built-in/, 'setup', '--add', 'cursor', 'a.md');
    assert.match((await project.run('setup', '--add', 'ours', 'docs/agents.md')).out, /^✓ Added recipe 'ours'/);
    assert.ok((await project.json<{ name: string }[]>('setup', '--list')).some(({ name }) => name === 'ours'));
    await project.json('setup', 'ours');
    const written = path.join(project.cwd, 'docs/agents.md');
    assert.match(fs.readFileSync(written, 'utf8'), /^<!-- BEGIN BEADS/);
    // A clone may bring the list along.
    const list = path.join(project.cwd, '.beads/recipes.json');
    for (const [text, problem] of [
      ['{"bad":"../../.profile"}', /not a path inside the project/],
      ['{"bad":{"file":"x"}}', /needs a path/],
      ['[]', /not a JSON object/],
      ['{', /recipes\.json: /],
    ] as const) {
      fs.writeFileSync(list, text);
      await project.fails(problem, 'setup', 'bad');
    }
  });
});

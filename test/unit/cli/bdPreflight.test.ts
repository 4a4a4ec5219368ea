import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { commitFiles, makeRepository } from '../../helpers/temp';
import { BdRunner } from './bdRunner';

interface Outcome {
  passed: boolean;
  summary: string;
  checks: { name: string; passed: boolean; skipped?: boolean; warning?: boolean; command: string; output?: string }[];
}

describe('bd preflight --check', () => {
  let bd: BdRunner;

  beforeEach(async () => {
    bd = await BdRunner.inFolder(makeRepository({ 'README.md': 'x' }), 't');
  });

  const check = async (...words: string[]): Promise<Outcome & { code: number }> => {
    const { code, out } = await bd.run('preflight', '--check', '--json', ...words);
    return { code, ...(JSON.parse(out) as Outcome) };
  };
  const write = (file: string, text: string): void => fs.writeFileSync(path.join(bd.cwd, file), text);

  it('skips what the project has no command for', async () => {
    const { code, passed, checks } = await check();
    assert.deepEqual([code, passed], [0, true]);
    assert.deepEqual(
      checks.slice(0, 2).map(({ skipped }) => skipped),
      [true, true],
    );
    assert.match((await bd.run('preflight')).out, /Run 'bd preflight --check'/);
  });

  it('runs the tests and the linter of the project, and shows the output of those that fail', async () => {
    write('Makefile', 'test:\n\t@echo seven tests\nlint:\n\t@echo "line 3 is too long"; exit 3\n');
    const { code, passed, checks, summary } = await check();
    assert.deepEqual([code, passed], [1, false]);
    assert.deepEqual(
      checks.slice(0, 2).map((each) => [each.command, each.passed]),
      [
        ['make test', true],
        ['make lint', false],
      ],
    );
    assert.match(checks[1]!.output ?? '', /line 3 is too long/);
    assert.match(summary, /^3\/4/);
    assert.equal((await check('--skip-lint')).code, 0);
  });

  it('finds the commands of an npm project; a broken package.json has none', async () => {
    write('package.json', JSON.stringify({ scripts: { test: 'true', lint: 'false', 'lint:fix': 'true' } }));
    assert.deepEqual(
      (await check()).checks.slice(0, 2).map((each) => each.command),
      ['npm test', 'npm run lint'],
    );
    assert.equal((await check('--fix')).checks[1]!.command, 'npm run lint:fix');
    write('package.json', '{ broken');
    assert.equal((await check()).checks[0]!.skipped, true);
  });

  it('warns about beads that differ from the last commit and about begun work, and passes', async () => {
    await bd.run('sync', '--flush-only');
    commitFiles(bd.cwd, {}, 'Beads');
    assert.deepEqual(
      (await check()).checks.slice(2).map((each) => each.passed),
      [true, true],
    );
    const id = await bd.create('begun');
    await bd.json('update', id, '--claim');
    await bd.run('sync', '--flush-only');
    const { code, checks } = await check();
    assert.equal(code, 0);
    assert.deepEqual(
      checks.slice(2).map(({ passed, warning }) => [passed, warning]),
      [
        [false, true],
        [false, true],
      ],
    );
    assert.match(checks[2]!.output ?? '', /1 new and 0 removed lines/);
    assert.match(checks[3]!.output ?? '', new RegExp(`^${id}: begun is in progress$`));
  });
});

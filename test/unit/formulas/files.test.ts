import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { UserError } from '../../../server/src/base/errors';
import { diskFiles, readFormulaFile, tiersFor } from '../../../server/src/formulas/registry/files';
import { ParseCache } from '../../../server/src/formulas/registry/parseCache';
import { FormulaRegistry } from '../../../server/src/formulas/registry/registry';
import { tempDir } from '../../helpers/temp';
import { filesOf, workflow } from './samples';

const good = workflow('good', ['a']);

describe('files of formulas', () => {
  let folder: string;
  const file = (name: string): string => path.join(folder, `${name}.formula.toml`);
  const registry = (): FormulaRegistry => new FormulaRegistry([{ tier: 'project', directory: folder }]);
  const problemOf = (name: string): string =>
    registry()
      .list()
      .find((entry) => entry.name === name)!
      .problems.map((problem) => problem.message)
      .join('\n');
  const refused = (name: string, message: RegExp): void => {
    assert.match(problemOf(name), message);
    assert.throws(
      () => registry().cook(name, {}),
      (error) => error instanceof UserError && error.message.includes(file(name)) && message.test(error.message),
    );
    assert.equal(registry().cook('good', {}).proto.steps.length, 1, 'the others are there all the same');
    assert.equal(problemOf('good'), '');
  };
  beforeEach(() => {
    folder = tempDir('formula-files');
    fs.writeFileSync(file('good'), good);
  });

  it('are rejected if they are pipes, which would block', function () {
    if (process.platform === 'win32') this.skip();
    execFileSync('mkfifo', [file('pipe')]);
    refused('pipe', /it is not a regular file/);
  });

  it('are rejected if they are links to devices, which never end', function () {
    if (process.platform === 'win32') this.skip();
    fs.symlinkSync('/dev/zero', file('zero'));
    refused('zero', /it is a symbolic link to/);
  });

  it('are rejected if they are folders', () => {
    fs.mkdirSync(file('folder'));
    refused('folder', /it is not a regular file/);
  });

  it('are rejected if they never end although their size is 0', function () {
    if (!fs.existsSync('/proc/self/pagemap')) this.skip();
    // Not through a link, which is refused before.
    assert.throws(() => readFormulaFile(`/proc/${process.pid}/pagemap`), /it is larger than 1000000 bytes/);
  });

  it('are rejected if they are too large, without being read', () => {
    fs.writeFileSync(file('large'), '');
    fs.truncateSync(file('large'), 50_000_000);
    refused('large', /it is larger than 1000000 bytes/);
  });

  it('are rejected if they are binary', () => {
    fs.writeFileSync(file('noise'), Buffer.from(Array.from({ length: 10_000 }, (_, index) => (index * 7919) % 256)));
    assert.match(problemOf('noise'), /^line 1, column 2: Unknown character/);
  });

  it('are read; a missing file is not an error', () => {
    assert.equal(readFormulaFile(file('good')), good);
    assert.equal(readFormulaFile(file('nowhere')), undefined);
    assert.deepEqual(diskFiles.list(folder), ['good.formula.toml']);
    assert.deepEqual(diskFiles.list(path.join(folder, 'nowhere')), []);
    assert.deepEqual(diskFiles.list(file('good')), [], 'a file is not a folder');
  });

  it('are searched in ledger, checkout, home and town, each folder once', () => {
    fs.mkdirSync(path.join(folder, '.git'));
    const inside = path.join(folder, 'src', 'deep');
    fs.mkdirSync(inside, { recursive: true });
    const at = (...parts: string[]): string => path.join(...parts, '.beads', 'formulas');
    assert.deepEqual(
      tiersFor({ ledger: '/l/.beads', cwd: inside, home: '/h', town: '/t' }).map(({ tier, directory }) => [
        tier,
        directory,
      ]),
      [
        ['project', path.join('/l/.beads', 'formulas')],
        ['project', at(folder)],
        ['user', at('/h')],
        ['town', at('/t')],
      ],
    );
    assert.equal(tiersFor({ ledger: path.join(folder, '.beads'), cwd: inside, home: folder, town: folder }).length, 1);
  });
});

describe('a list of many formulas', () => {
  const many = (count: number): Record<string, string> =>
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [`/p/f${index}.formula.toml`, workflow(`f${index}`, ['a'])]),
    );

  it('contains every formula of a large folder', () => {
    const list = new FormulaRegistry([{ tier: 'project', directory: '/p' }], { files: filesOf(many(3_000)) }).list();
    assert.equal(list.filter(({ tier }) => tier === 'project').length, 3_000);
    assert.ok(list.every(({ problems }) => problems.length === 0));
  });

  it('marks formulas that were not checked in time', () => {
    let now = 0;
    const registry = new FormulaRegistry([{ tier: 'project', directory: '/p' }], {
      files: filesOf(many(10)),
      now: () => (now += 1_000),
    });
    const reasons = registry.list().map(({ name, problems }) => `${name}: ${problems[0]?.message ?? 'checked'}`);
    assert.equal(reasons[0], 'f0: checked');
    assert.match(reasons.at(-1)!, /^shiny: not checked: the formulas before it took too long$/);
  });

  it('reports each text before it reads it, and reports a refusal', () => {
    const seen: string[] = [];
    const registry = new FormulaRegistry([{ tier: 'project', directory: '/p' }], {
      files: filesOf({
        '/p/child.formula.toml': 'formula = "child"\nextends = ["parent"]\n',
        '/p/parent.formula.toml': workflow('parent', ['a']),
      }),
      onText: (source) => {
        seen.push(path.basename(source, '.formula.toml'));
        if (seen.length > 10) throw new UserError(`${source}: enough`);
      },
    });
    registry.cook('child', {});
    assert.deepEqual(seen, ['child', 'parent', 'child']);
    while (seen.length < 10) registry.raw('parent');
    assert.throws(() => registry.check('parent'), /enough/);
    assert.ok(registry.list().every(({ problems }) => /enough/.test(problems[0]?.message ?? '')));
  });
});

describe('the parse cache', () => {
  it('parses a text once, a changed text again, and removes the oldest', () => {
    const cache = new ParseCache();
    const first = cache.parse('one', good, 'toml');
    assert.equal(cache.parse('one', good, 'toml'), first);
    assert.notEqual(cache.parse('one', `${good}# changed\n`, 'toml'), first);
    const kept = cache.parse('one', good, 'toml');
    const large = `${good}# ${'x'.repeat(300_000)}\n`;
    for (const source of ['two', 'three', 'four']) cache.parse(source, large, 'toml');
    assert.equal(cache.parse('one', good, 'toml'), kept);
    cache.parse('five', large, 'toml');
    cache.parse('six', large, 'toml');
    assert.notEqual(cache.parse('one', good, 'toml'), kept);
  });
});

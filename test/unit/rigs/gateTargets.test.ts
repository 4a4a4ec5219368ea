import assert from 'node:assert/strict';
import { scopeOf, targetsTouched } from '../../../server/src/rigs/gateTargets';
import { matchesPath } from '../../../server/src/base/pathGlob';
import type { RigSettings } from '../../../server/src/town/config';

const targets: RigSettings['merge_queue']['targets'] = {
  api: { paths: ['services/api/', 'proto/*.proto'], gates: ['test'] },
  docs: { paths: ['docs/**', '**/*.md'], gates: [] },
  web: { paths: ['web/**'], gates: ['lint', 'test'] },
};

describe('patterns of paths', () => {
  for (const [pattern, yes, no] of [
    ['web/', ['web/a.ts', 'web/a/b.ts'], ['other/web/a.ts', 'webs/a.ts']],
    ['docs/*.md', ['docs/a.md'], ['docs/a/b.md', 'docs/a.mdx']],
    ['**/*.md', ['a.md', 'x/y/a.md'], ['a.md.ts']],
    ['a/**/z', ['a/z', 'a/b/c/z'], ['a/bz', 'b/z']],
    ['a?.txt', ['ab.txt'], ['a/.txt', 'a.txt']],
    ['a+(b)[c].txt', ['a+(b)[c].txt'], ['aab.txt', 'axc']],
    ['docs', ['docs', 'docs/a/b.md'], ['docs.md', 'x/docs']],
  ] as const)
    it(`such as ${pattern}`, () => {
      for (const path of yes) assert.ok(matchesPath(pattern, path), path);
      for (const path of no) assert.ok(!matchesPath(pattern, path), path);
    });
});

describe('the gates that a change needs', () => {
  const settings = {
    merge_queue: {
      ...{ setup_command: 'a', lint_command: 'b', test_command: 'c', typecheck_command: 'd' },
      ...{ gate_timeout: 1, gate_timeouts: {}, gate_limits: {}, env: {}, targets },
    },
  } as unknown as RigSettings;
  const gates = (files?: string[]): string[] => scopeOf(settings, files).gates.map(({ name }) => name);
  const all = ['setup', 'typecheck', 'lint', 'test'];

  it('are those of the parts that it touches, with what they need', () => {
    assert.deepEqual(gates(['services/api/a.ts']), ['setup', 'test']);
    assert.deepEqual(gates(['services/api/a.ts', 'web/a.ts']), ['setup', 'lint', 'test']);
    assert.deepEqual(gates(['web/read.md']), ['setup', 'lint', 'test'], 'a file may be in several');
    assert.deepEqual(gates(['docs/a.png']), []);
  });

  it('are all where it touches a file of no part, or that is not known', () => {
    assert.deepEqual(gates(['docs/a.png', 'package.json']), all);
    assert.deepEqual(gates(undefined), all);
    assert.equal(targetsTouched({}, ['a']), undefined);
    assert.deepEqual(targetsTouched(targets, ['web/a', 'docs/b']), ['docs', 'web']);
  });
});

import assert from 'node:assert/strict';
import type { Link } from '../../../server/src/engine/mergeQueue/batch';
import { testedCommits, verdictOnLinks } from '../../../server/src/engine/mergeQueue/gateEvents';

const link = (commit: string, ...before: string[]): Link => ({
  id: commit,
  commit,
  onto: '',
  before,
  request: {} as Link['request'],
});
const failure = { passed: false as const, gate: 'test', problem: 'no', output: '' };

describe('what is tested of a chain', () => {
  const chain = [link('b', 'a'), link('c'), link('f', 'd', 'e')];

  it('is each commit in the mode "each", and the last one of each change else', () => {
    const commits = (mode: 'each' | 'batch'): string =>
      testedCommits(chain, mode)
        .map(({ commit }) => commit)
        .join('');
    assert.deepEqual([commits('each'), commits('batch')], ['abcdef', 'bcf']);
  });

  it('lets a change land when all of its commits have passed, and blames the change that a failing one is of', () => {
    const tested = testedCommits(chain, 'each');
    const landed = [0, 1, 2, 3, 4, 5, 6].map((good) => verdictOnLinks(tested, { good }).good);
    assert.deepEqual(landed, [0, 0, 1, 2, 2, 2, 3]);
    const blamed = [1, 2, 3, 4, 5, 6].map(
      (at) => verdictOnLinks(tested, { good: at - 1, culprit: { link: at, failure } }).culprit?.link,
    );
    assert.deepEqual(blamed, [1, 1, 2, 3, 3, 3]);
    const same = { good: 1, culprit: { link: 2, failure } };
    assert.deepEqual(verdictOnLinks(testedCommits(chain, 'batch'), same), same);
  });
});

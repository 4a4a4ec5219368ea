import { testHead, work, type DemoBead } from './project';

/** A small module with its test. @param broken makes the first attempt fail that */
function small(key: string, title: string, code: string, check: string, needs: string[] = [], broken = ''): DemoBead {
  const files = {
    [`src/${key}.js`]: code,
    [`test/${key}.test.js`]: `${testHead}import { ${key} } from '../src/${key}.js';\n\ntest('${key}', () => ${check});\n`,
  };
  const breaks = broken && `if [ "$GT_ATTEMPT" = 1 ]; then ${broken}; fi`;
  return { key, title, needs, script: [work(`src/${key}.js`, files, title, breaks)] };
}

/** Four changes that a person approves together; one of them fails the tests. */
export const batchBeads: readonly DemoBead[] = [
  small(
    'double',
    'Double a duration',
    '/** Twice as many seconds. */\nexport const double = (seconds) => 2 * seconds;\n',
    'assert.equal(double(30), 60)',
  ),
  small(
    'halve',
    'Halve a duration',
    '/** Whole seconds. */\nexport const halve = (seconds) => Math.floor(seconds / 2);\n',
    'assert.equal(halve(3), 1)',
    [],
    'sed -i.orig "s/Math.floor(\\(.*\\))/\\1/" src/halve.js && rm src/halve.js.orig',
  ),
  small(
    'longest',
    'Find the longest duration',
    '/** Zero where there is none. */\nexport const longest = (all) => Math.max(0, ...all);\n',
    'assert.equal(longest([1, 5, 2]), 5)',
  ),
  small(
    'within',
    'Compare with a tolerance',
    '/** Whether two differ by so many seconds at most. */\nexport const within = (a, b, limit) => Math.abs(a - b) <= limit;\n',
    'assert.ok(within(10, 12, 2))',
  ),
];

/** Two changes that land together: the second builds on the first. */
export const featureBeads: readonly DemoBead[] = [
  small(
    'until',
    'Seconds until a time',
    '/** Never below zero. */\nexport const until = (time, now) => Math.max(0, Math.round((time - now) / 1000));\n',
    'assert.equal(until(9000, 4000), 5)',
  ),
  small(
    'countdown',
    'Count down to a time',
    "import { until } from './until.js';\n\n/** The seconds that are left, one by one. */\nexport const countdown = (time, now) => Array.from({ length: until(time, now) }, (_, index) => index + 1).reverse();\n",
    'assert.deepEqual(countdown(3000, 0), [3, 2, 1])',
    ['until'],
  ),
];

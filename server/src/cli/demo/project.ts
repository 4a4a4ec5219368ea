/** The sample project of the demo: a library for durations such as `1h30m`, with tests of its own. */
export const projectFiles: Readonly<Record<string, string>> = {
  'package.json': `${JSON.stringify({ name: 'sundial', version: '0.0.1', type: 'module', scripts: { test: 'node --test' } }, null, 2)}\n`,
  'README.md': '# sundial\n\nSmall helpers for durations such as `1h30m`. Grown by a convoy of agents.\n',
  'src/units.js': 'export const units = { h: 3600, m: 60, s: 1 };\n',
  'test/units.test.js': [
    "import test from 'node:test';", "import assert from 'node:assert/strict';", "import { units } from '../src/units.js';", '',
    "test('an hour has 60 minutes', () => assert.equal(units.h, 60 * units.m));", '',
  ].join('\n'),
};

export interface DemoBead {
  key: string;
  title: string;
  /** Keys of the beads that it waits for. */
  needs: string[];
  script: string;
}

/** One step of work: write a module with its test, and commit. */
function work(name: string, files: Readonly<Record<string, string>>, message: string, before = ''): string {
  const writes = Object.entries(files).map(([file, text]) => `cat > ${file} <<'END_OF_FILE'\n${text}END_OF_FILE`);
  return [`echo "writing ${name}"`, ...writes, before, 'sleep 0.6', 'git add --all', `git commit --quiet -m "${message}"`, 'git log --oneline -1']
    .filter(Boolean).join('\n');
}

const testHead = "import test from 'node:test';\nimport assert from 'node:assert/strict';\n";

/** Two diamonds: parse feeds three beads that run side by side, the command line waits for all of them. */
export const demoBeads: readonly DemoBead[] = [
  {
    key: 'parse', title: 'Parse durations such as 1h30m', needs: [],
    script: work('src/parse.js', {
      'src/parse.js': "import { units } from './units.js';\n\n/** Seconds of a text such as 1h30m. */\nexport function parse(text) {\n  const parts = [...text.matchAll(/(\\d+)([hms])/g)];\n  if (parts.map((part) => part[0]).join('') !== text || text === '') throw new RangeError(`no duration: ${text}`);\n  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * units[unit], 0);\n}\n",
      'test/parse.test.js': `${testHead}import { parse } from '../src/parse.js';\n\ntest('adds its parts', () => assert.equal(parse('1h30m'), 5400));\ntest('refuses the rest', () => assert.throws(() => parse('soon'), RangeError));\n`,
    }, 'Parse durations such as 1h30m'),
  },
  {
    key: 'format', title: 'Format seconds as 1h 30m', needs: ['parse'],
    script: work('src/format.js', {
      'src/format.js': "import { units } from './units.js';\n\n/** The text of so many seconds. */\nexport function format(seconds) {\n  const parts = [];\n  let rest = seconds;\n  for (const [unit, size] of Object.entries(units)) {\n    if (rest >= size) parts.push(`${Math.floor(rest / size)}${unit}`);\n    rest %= size;\n  }\n  return parts.join(' ') || '0s';\n}\n",
      'test/format.test.js': `${testHead}import { format } from '../src/format.js';\n\ntest('leaves out what is zero', () => assert.equal(format(5400), '1h 30m'));\ntest('nothing is 0s', () => assert.equal(format(0), '0s'));\n`,
    }, 'Format seconds as 1h 30m'),
  },
  {
    key: 'add', title: 'Add and subtract durations', needs: ['parse'],
    // The first attempt has a bug that the project's own tests catch; the second one mends it.
    script: work('src/arithmetic.js', {
      'src/arithmetic.js': "import { parse } from './parse.js';\n\nexport function add(a, b) {\n  return parse(a) + parse(b);\n}\n\n/** Never below zero. */\nexport function subtract(a, b) {\n  return Math.max(0, parse(a) - parse(b));\n}\n",
      'test/arithmetic.test.js': `${testHead}import { add, subtract } from '../src/arithmetic.js';\n\ntest('adds', () => assert.equal(add('1h', '30m'), 5400));\ntest('stops at zero', () => assert.equal(subtract('1m', '1h'), 0));\n`,
    }, 'Add and subtract durations, attempt $GT_ATTEMPT', 'if [ "$GT_ATTEMPT" = 1 ]; then sed -i.orig "s/Math.max(0, \\(.*\\));/\\1;/" src/arithmetic.js && rm src/arithmetic.js.orig; fi'),
  },
  {
    key: 'compare', title: 'Compare and sort durations', needs: ['parse'],
    script: work('src/compare.js', {
      'src/compare.js': "import { parse } from './parse.js';\n\nexport const compare = (a, b) => parse(a) - parse(b);\n\nexport const sorted = (texts) => [...texts].sort(compare);\n",
      'test/compare.test.js': `${testHead}import { sorted } from '../src/compare.js';\n\ntest('shortest first', () => assert.deepEqual(sorted(['2h', '90s', '5m']), ['90s', '5m', '2h']));\n`,
    }, 'Compare and sort durations'),
  },
  {
    key: 'sum', title: 'Sum a list and show it', needs: ['format', 'add'],
    script: work('src/sum.js', {
      'src/sum.js': "import { format } from './format.js';\nimport { parse } from './parse.js';\n\nexport const sum = (texts) => format(texts.reduce((total, text) => total + parse(text), 0));\n",
      'test/sum.test.js': `${testHead}import { sum } from '../src/sum.js';\n\ntest('sums', () => assert.equal(sum(['1h', '20m', '40m']), '2h'));\n`,
    }, 'Sum a list and show it'),
  },
  {
    key: 'cli', title: 'Command line: sundial 1h30m 45m', needs: ['sum', 'compare'],
    script: work('sundial.js', {
      'sundial.js': "import { pathToFileURL } from 'node:url';\nimport { sorted } from './src/compare.js';\nimport { sum } from './src/sum.js';\n\nexport const main = (words) => [...sorted(words), `total ${sum(words)}`].join('\\n');\n\nif (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.stdout.write(`${main(process.argv.slice(2))}\\n`);\n",
      'test/cli.test.js': `${testHead}import { main } from '../sundial.js';\n\ntest('sorts and sums', () => assert.equal(main(['45m', '90s']), '90s\\n45m\\ntotal 46m 30s'));\n`,
    }, 'Command line: sundial 1h30m 45m'),
  },
];

/** What a bead of the demo says; the `script` runtime runs the block. */
export function description(bead: DemoBead): string {
  return `${bead.title}, with tests.\n\n\`\`\`sh\n${bead.script}\n\`\`\`\n`;
}

/** The sample project of the demo: a library for durations such as `1h30m`, with tests of its own. */
export const projectFiles: Readonly<Record<string, string>> = {
  'package.json': `${JSON.stringify({ name: 'sundial', version: '0.0.1', type: 'module', scripts: { test: 'node --test' } }, null, 2)}\n`,
  'README.md': '# sundial\n\nSmall helpers for durations such as `1h30m`. Grown by a convoy of agents.\n',
  'src/units.js': '/** Seconds of each unit. */\nexport const units = { h: 3600, m: 60, s: 1 };\n',
  'src/index.js': "export * from './units.js';\n",
  // The rig's review command: a reviewer that needs no model. It gets the change as a diff.
  'scripts/review.mjs': [
    "import { readFileSync } from 'node:fs';",
    '',
    "const change = readFileSync(process.env.GT_DIFF_FILE, 'utf8');",
    "const bare = change.split('diff --git ').filter((file) => file.startsWith('a/src/') && file.includes('new file') && !file.includes('+/**'));",
    "for (const file of bare) console.log(`Say in a comment what ${file.slice(2).split(' ')[0]} is for: the next reader will thank you.`);",
    'process.exitCode = bare.length > 0 ? 1 : 0;',
    '',
  ].join('\n'),
  'test/units.test.js': [
    "import test from 'node:test';",
    "import assert from 'node:assert/strict';",
    "import { units } from '../src/units.js';",
    '',
    "test('an hour has 60 minutes', () => assert.equal(units.h, 60 * units.m));",
    '',
  ].join('\n'),
};

export interface DemoBead {
  key: string;
  title: string;
  /** Keys of its dependencies. */
  needs: string[];
  /** Blocks for the `script` runtime, one after the other. */
  script: string[];
  /** The formula whose steps it follows. */
  formula?: string;
}

/** One step of work: write a module with its test, and commit. */
export function work(name: string, files: Readonly<Record<string, string>>, message: string, before = ''): string {
  const writes = Object.entries(files).map(([file, text]) => `cat > ${file} <<'END_OF_FILE'\n${text}END_OF_FILE`);
  // A second attempt may find everything done already.
  return [
    `echo "writing ${name}"`,
    ...writes,
    before,
    'sleep 0.6',
    'git add --all',
    `git diff --cached --quiet || git commit --quiet -m "${message}"`,
    'git log --oneline -1',
  ]
    .filter(Boolean)
    .join('\n');
}

/** Exports a module from the index. In a conflict with a line of another bead both are kept. */
function exportFrom(module: string): string {
  return [
    'if [ -n "$GT_REBASE_ONTO" ]; then',
    '  git rebase --quiet "$GT_REBASE_ONTO" || { sed -i.orig "/^[<=>]\\{7\\}/d" src/index.js; rm src/index.js.orig; git add src/index.js; GIT_EDITOR=true git rebase --continue; }',
    'fi',
    `grep -q "${module}" src/index.js || echo "export * from '${module}';" >> src/index.js`,
  ].join('\n');
}

/** The end of each block of a bead that follows a formula closes its step. */
const endOfStep = 'bd close "$GT_STEP" --continue';

export const testHead = "import test from 'node:test';\nimport assert from 'node:assert/strict';\n";

/** Two diamonds: parse feeds three beads that run side by side, the command line waits for all of them. */
export const demoBeads: readonly DemoBead[] = [
  {
    key: 'parse',
    title: 'Parse durations such as 1h30m',
    needs: [],
    script: [
      work(
        'src/parse.js',
        {
          'src/parse.js':
            "import { units } from './units.js';\n\n/** Seconds of a text such as 1h30m. */\nexport function parse(text) {\n  const parts = [...text.matchAll(/(\\d+)([hms])/g)];\n  if (parts.map((part) => part[0]).join('') !== text || text === '') throw new RangeError(`no duration: ${text}`);\n  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * units[unit], 0);\n}\n",
          'test/parse.test.js': `${testHead}import { parse } from '../src/parse.js';\n\ntest('adds its parts', () => assert.equal(parse('1h30m'), 5400));\ntest('refuses the rest', () => assert.throws(() => parse('soon'), RangeError));\n`,
        },
        'Parse durations such as 1h30m',
      ),
    ],
  },
  {
    key: 'format',
    title: 'Format seconds as 1h 30m',
    needs: ['parse'],
    script: [
      exportFrom('./format.js'),
      work(
        'src/format.js',
        {
          'src/format.js':
            "import { units } from './units.js';\n\n/** The text of so many seconds. */\nexport function format(seconds) {\n  const parts = [];\n  let rest = seconds;\n  for (const [unit, size] of Object.entries(units)) {\n    if (rest >= size) parts.push(`${Math.floor(rest / size)}${unit}`);\n    rest %= size;\n  }\n  return parts.join(' ') || '0s';\n}\n",
          'test/format.test.js': `${testHead}import { format } from '../src/format.js';\n\ntest('leaves out what is zero', () => assert.equal(format(5400), '1h 30m'));\ntest('nothing is 0s', () => assert.equal(format(0), '0s'));\n`,
        },
        'Format seconds as 1h 30m',
      ),
    ],
  },
  {
    key: 'add',
    title: 'Add and subtract durations',
    needs: ['parse'],
    // The first attempt has a bug that the project's own tests catch; the second one fixes it.
    script: [
      work(
        'src/arithmetic.js',
        {
          'src/arithmetic.js':
            "import { parse } from './parse.js';\n\nexport function add(a, b) {\n  return parse(a) + parse(b);\n}\n\n/** Never below zero. */\nexport function subtract(a, b) {\n  return Math.max(0, parse(a) - parse(b));\n}\n",
          'test/arithmetic.test.js': `${testHead}import { add, subtract } from '../src/arithmetic.js';\n\ntest('adds', () => assert.equal(add('1h', '30m'), 5400));\ntest('stops at zero', () => assert.equal(subtract('1m', '1h'), 0));\n`,
        },
        'Add and subtract durations, attempt $GT_ATTEMPT',
        'if [ "$GT_ATTEMPT" = 1 ]; then sed -i.orig "s/Math.max(0, \\(.*\\));/\\1;/" src/arithmetic.js && rm src/arithmetic.js.orig; fi',
      ),
    ],
  },
  {
    key: 'compare',
    title: 'Compare and sort durations',
    needs: ['parse'],
    // The reviewer asks for a comment; and its line of the index meets that of another bead.
    script: [
      exportFrom('./compare.js'),
      work(
        'src/compare.js',
        {
          'src/compare.js':
            "import { parse } from './parse.js';\n\n/** Shortest first. */\nexport const compare = (a, b) => parse(a) - parse(b);\n\nexport const sorted = (texts) => [...texts].sort(compare);\n",
          'test/compare.test.js': `${testHead}import { sorted } from '../src/compare.js';\n\ntest('shortest first', () => assert.deepEqual(sorted(['2h', '90s', '5m']), ['90s', '5m', '2h']));\n`,
        },
        'Compare and sort durations',
        'if ! gt prime | grep -q "^### Round 1: rejected"; then sed -i.orig "/^\\/\\*\\*/d" src/compare.js && rm src/compare.js.orig; fi',
      ),
    ],
  },
  {
    key: 'sum',
    title: 'Sum a list and show it',
    needs: ['format', 'add'],
    script: [
      work(
        'src/sum.js',
        {
          'src/sum.js':
            "import { format } from './format.js';\nimport { parse } from './parse.js';\n\n/** All of them, as one text. */\nexport const sum = (texts) => format(texts.reduce((total, text) => total + parse(text), 0));\n",
          'test/sum.test.js': `${testHead}import { sum } from '../src/sum.js';\n\ntest('sums', () => assert.equal(sum(['1h', '20m', '40m']), '2h'));\n`,
        },
        'Sum a list and show it',
      ),
    ],
  },
  {
    key: 'cli',
    title: 'Command line: sundial 1h30m 45m',
    needs: ['sum', 'compare'],
    formula: 'shiny',
    script: [
      `echo "sorts its words, then says their sum"\n${endOfStep}`,
      `${work(
        'sundial.js',
        {
          'sundial.js':
            "import { pathToFileURL } from 'node:url';\nimport { sorted } from './src/compare.js';\nimport { sum } from './src/sum.js';\n\nexport const main = (words) => [...sorted(words), `total ${sum(words)}`].join('\\n');\n\nif (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) process.stdout.write(`${main(process.argv.slice(2))}\\n`);\n",
          'test/cli.test.js': `${testHead}import { main } from '../sundial.js';\n\ntest('sorts and sums', () => assert.equal(main(['45m', '90s']), '90s\\n45m\\ntotal 46m 30s'));\n`,
        },
        'Command line: sundial 1h30m 45m',
      )}\n${endOfStep}`,
      `git diff --stat HEAD~1\n${endOfStep}`,
      `npm test --silent\n${endOfStep}`,
      'git status --short',
    ],
  },
];

/** What a bead of the demo says; the `script` runtime runs the blocks. */
export function description(bead: DemoBead): string {
  return `${bead.title}, with tests.\n\n${bead.script.map((block) => `\`\`\`sh\n${block}\n\`\`\`\n`).join('\n')}`;
}

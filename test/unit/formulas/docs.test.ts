import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { count, limits } from '../../../server/src/formulas/limits';
import { kindNames, schema, type KeyInfo, type TableKind } from '../../../server/src/formulas/schema';
import { repoRoot } from '../../harness/paths';

const file = path.join(repoRoot(), 'docs', 'formulas.md');

/** How a limit is described in docs/formulas.md. */
const meanings: Record<keyof typeof limits, string> = {
  fileBytes: 'bytes of one file',
  filesPerFolder: 'files that are read from one folder',
  nesting: 'levels of tables and arrays within each other',
  steps: 'steps of a formula, before and after composition',
  entries: 'variables, advices, legs, and entries of each list in `compose`',
  needs: 'needs of all steps together',
  textChars: 'characters of all strings that cooking produces',
  iterations: 'rounds of one loop',
  expansionLevels: 'levels of expansions within expansions',
  parents: 'formulas in `extends`',
  extendsLevels: 'levels of `extends`',
  nameChars: 'characters of the name of a formula',
  idChars: 'characters of the id of a step',
  conditionChars: 'characters of a condition',
  rangeChars: 'characters of a range',
  globChars: 'characters of a pattern of step ids',
  patternChars: 'characters of the `pattern` of a variable',
  patternValueChars: 'characters of a value that is matched with a `pattern`',
  problems: 'problems that are listed for one formula',
  suggestions: 'unknown names for which a suggestion is looked up',
  work: 'units of work for composing a formula, about one for each step or need that is read and 10 for each step that is created',
  cookMs: 'milliseconds for cooking a formula',
};

/** What the tables are called; the others are named by the key that holds them. */
const titles: Partial<Record<TableKind, string>> = {
  formula: 'Formula',
  variable: '`[vars.<name>]`',
  step: '`[[steps]]`, `[[template]]`, and the steps within them',
};

/** `[[compose.expand]]`: how a table of this kind is written. */
function titleOf(kind: TableKind): string {
  const known = titles[kind];
  if (known) return known;
  const parents: Partial<Record<TableKind, string>> = { step: 'steps', compose: 'compose', advice: 'advice' };
  for (const [holder, keys] of Object.entries(schema) as [TableKind, Record<string, KeyInfo>][]) {
    for (const [name, info] of Object.entries(keys)) {
      if (info.table !== kind) continue;
      const full = [parents[holder], name].filter(Boolean).join('.');
      return info.kind === 'tables'
        ? `\`[[${full}]]\``
        : info.kind === 'map'
          ? `\`[${full}.<name>]\``
          : `\`[${full}]\``;
    }
  }
  throw new Error(`nothing holds ${kind}`);
}

function keyTables(): string {
  return (Object.entries(schema) as [TableKind, Record<string, KeyInfo>][])
    .map(([kind, keys]) => {
      const rows = Object.entries(keys).map(([name, info]) => {
        const type = `${kindNames[info.kind]}${info.required ? ', required' : ''}`;
        return `| \`${name}\` | ${type} | ${info.doc} |`;
      });
      return [`### ${titleOf(kind)}`, '', '| key | type | meaning |', '| --- | --- | --- |', ...rows].join('\n');
    })
    .join('\n\n');
}

function limitTable(): string {
  const rows = (Object.keys(limits) as (keyof typeof limits)[]).map(
    (key) => `| ${count(limits[key])} | ${meanings[key]} |`,
  );
  return ['| limit | what it limits |', '| --- | --- |', ...rows].join('\n');
}

describe('docs/formulas.md', () => {
  for (const [part, expected] of [
    ['limits', limitTable()],
    ['keys', keyTables()],
  ] as const) {
    it(`has the ${part} as they are in the code (GASTOWN_UPDATE=1 writes them)`, () => {
      const text = fs.readFileSync(file, 'utf8');
      const [open, close] = [`<!-- ${part} -->\n`, `<!-- /${part} -->`];
      const [start, end] = [text.indexOf(open) + open.length, text.indexOf(close)];
      assert.ok(start >= open.length && end >= start, `${file} has no place for the ${part}`);
      if (process.env['GASTOWN_UPDATE'])
        fs.writeFileSync(file, `${text.slice(0, start)}\n${expected}\n\n${text.slice(end)}`);
      else assert.equal(text.slice(start, end).trim(), expected);
    });
  }
});

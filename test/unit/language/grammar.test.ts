import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { OnigScanner, OnigString, loadWASM } from 'vscode-oniguruma';
import { INITIAL, parseRawGrammar, Registry, type IGrammar } from 'vscode-textmate';
import { repoRoot } from '../../harness/paths';

const root = repoRoot();
const folder = path.join(root, 'test', 'unit', 'language', 'grammar');

/** The grammar as VS Code runs it. Markdown is VS Code's own and not at hand: a few of its scopes stand for it. */
async function load(): Promise<IGrammar> {
  const wasm = createRequire(path.join(root, 'package.json')).resolve('vscode-oniguruma/release/onig.wasm');
  await loadWASM(fs.readFileSync(wasm));
  const registry = new Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new OnigScanner(patterns),
      createOnigString: (text) => new OnigString(text),
    }),
    loadGrammar: async (scope) => {
      if (scope === 'text.html.markdown') return parseRawGrammar(JSON.stringify(markdown), 'markdown.json');
      const file = path.join(root, 'syntaxes', 'gastown-formula.tmLanguage.json');
      return parseRawGrammar(fs.readFileSync(file, 'utf8'), file);
    },
  });
  const grammar = await registry.loadGrammar('source.gastown-formula');
  assert.ok(grammar);
  return grammar;
}

/** A fence that nobody closes runs on and on, as that of VS Code does. */
const markdown = {
  scopeName: 'text.html.markdown',
  patterns: [
    { name: 'markup.fenced_code', begin: '^\\s*```', end: '^\\s*```' },
    { name: 'markup.heading', match: '^#+ .*$' },
    { name: 'markup.inline.raw', match: '`[^`]*`' },
  ],
};

/** Each line with its tokens below: what stands there, and its scopes without the language. */
function picture(grammar: IGrammar, text: string): string {
  let stack = INITIAL;
  const lines: string[] = [];
  for (const line of text.split('\n')) {
    const { tokens, ruleStack } = grammar.tokenizeLine(line, stack);
    stack = ruleStack;
    lines.push(line);
    for (const { startIndex, endIndex, scopes } of tokens) {
      const piece = line.slice(startIndex, endIndex);
      if (piece.trim() !== '')
        lines.push(
          `  ${JSON.stringify(piece)}  ${
            scopes
              .slice(1)
              .map((scope) => scope.replace('.gastown-formula', ''))
              .join(' ') || '-'
          }`,
        );
    }
  }
  return `${lines.join('\n')}\n`;
}

describe('the grammar of formulas', () => {
  let grammar: IGrammar;
  before(async () => {
    grammar = await load();
  });

  for (const file of fs.readdirSync(folder).filter((name) => name.endsWith('.formula.toml'))) {
    it(`highlights ${file} as in its snapshot`, () => {
      const snapshot = path.join(folder, `${file}.snap`);
      const got = picture(grammar, fs.readFileSync(path.join(folder, file), 'utf8'));
      // GASTOWN_UPDATE=1 rewrites the snapshots; the difference is for a person to look at.
      if (process.env['GASTOWN_UPDATE']) fs.writeFileSync(snapshot, got);
      assert.equal(got, fs.readFileSync(snapshot, 'utf8'));
    });
  }

  it('is back in its base scope after every string of a built-in formula', () => {
    for (const name of ['shiny', 'mol-polecat-work']) {
      const text = fs.readFileSync(
        path.join(root, 'server', 'src', 'formulas', 'built-in', `${name}.formula.toml`),
        'utf8',
      );
      const headers = picture(grammar, text)
        .split('\n')
        .filter((line) => line.includes('"[["'));
      assert.equal(headers.length, text.split('[[steps]]').length - 1, name);
      assert.ok(
        headers.every((line) => line.endsWith('meta.tag.table.array punctuation.definition.table.begin')),
        name,
      );
    }
  });
});

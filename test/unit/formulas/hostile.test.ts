import assert from 'node:assert/strict';
import { UserError } from '../../../server/src/base/errors';
import { cook } from '../../../server/src/formulas/cook/cook';
import { Budget, CompositionError, limits } from '../../../server/src/formulas/limits';
import { completion } from '../../../server/src/language/features/completion/completion';
import { diagnostics } from '../../../server/src/language/features/diagnostics';
import { documentSymbols } from '../../../server/src/language/features/documentSymbols';
import { foldingRanges } from '../../../server/src/language/features/folding';
import { hover } from '../../../server/src/language/features/hover';
import { definition, highlights, references } from '../../../server/src/language/features/navigation';
import { formulas, placeIn } from '../language/marked';
import { hostile } from './hostile';
import { formulaOf, registryOf, workflow } from './samples';

/** What V8 says where something got too big: nobody may ever read it. */
const engineWords = /call stack|string length|array length|out of memory|heap/i;
/** The clock stands still: what is refused is refused by what it costs, on any machine. */
const budget = (): Budget => new Budget({ now: () => 0 });

describe('formulas that were written to stop us', function () {
  this.timeout(60_000);
  for (const { what, files, refused } of hostile) {
    const [file] = Object.keys(files);
    const name = file!.replace('.formula.json', '');

    it(`${refused ? 'are refused with the place' : 'are cooked'}: ${what}`, () => {
      const cooking = (): unknown => registryOf(files).cook(name, { budget: budget() });
      if (refused) {
        assert.throws(cooking, (error) => {
          assert.ok(error instanceof UserError, String(error));
          assert.match(error.message.slice(0, 100_000), refused);
          assert.doesNotMatch(error.message, engineWords);
          return true;
        });
      } else assert.doesNotThrow(cooking);
      const { problems } = registryOf(files).check(name);
      assert.ok(problems.length <= limits.problems + 1, `${problems.length} problems`);
      for (const { message } of problems) assert.doesNotMatch(message, engineWords);
    });

    it(`are answered for in an editor: ${what}`, () => {
      const place = placeIn(Object.values(files)[0]!);
      const others = formulas(files);
      const { document, index } = place;
      for (const { message } of diagnostics(document, index, others)) assert.doesNotMatch(message, engineWords);
      assert.ok(Array.isArray(documentSymbols(document, index)));
      assert.ok(foldingRanges(document).length <= 5_000);
      for (const offset of [20, Math.floor(document.text.length / 2), document.text.length]) {
        const at = { ...place, offset };
        assert.ok(Array.isArray(completion(at, { formulas: others, snippets: true })));
        hover(at, others);
        assert.equal(references(at, true).length, highlights(at).length);
        definition(at);
      }
    });
  }

  it('take no more time than they are given', () => {
    let now = 0;
    const ticking = new Budget({ ms: 50, now: () => (now += 10) });
    const formula = formulaOf(
      `${workflow(
        'f',
        Array.from({ length: 300 }, (_, index) => `s${index}`),
      )}[[advice]]\ntarget = "*"\n[[advice.after]]\nid = "{step.id}-x"\ntitle = "X"\n`.repeat(1),
    );
    const advice = { ...formula, advice: Array.from({ length: 40 }, () => formula.advice[0]!) };
    assert.throws(
      () =>
        cook({ ...advice, advice: advice.advice.map((one) => ({ ...one, target: 's1?'.repeat(50) })) }, fail, {
          budget: ticking,
        }),
      (error) => {
        assert.ok(error instanceof CompositionError && error.isBudget);
        assert.match(error.message, /^f: advice\[\d+\]: putting this together takes too long$/);
        return true;
      },
    );
  });
});

function fail(name: string): never {
  throw new UserError(`nothing is named ${name}`);
}

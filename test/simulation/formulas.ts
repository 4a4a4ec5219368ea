import type { SlungFormula } from '../../server/src/engine/molecules/molecules';
import type { Proto } from '../../server/src/formulas/cook/proto';
import { cooked, workflow } from '../unit/formulas/samples';

/** Three steps, one after another. */
const plain = cooked({ plain: workflow('plain', ['a', 'b < a', 'c < b']) });
/** A person has to open a gate before the second step; two steps can be done in any order after it. */
const gated = cooked({
  gated: workflow(
    'gated',
    ['a', 'c < b', 'd < b'],
    '[[steps]]\nid = "b"\ntitle = "Do b"\nneeds = ["a"]\ngate = { type = "human", id = "ann" }\n',
  ),
});

const slung = (name: string, proto: Proto): SlungFormula => ({ name, cook: async () => proto });

/** How work of several steps is done. */
export const formulas: readonly SlungFormula[] = [slung('plain', plain), slung('gated', gated)];

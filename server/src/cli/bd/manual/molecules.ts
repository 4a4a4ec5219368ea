import type { Page } from '../../shared/help/manual';

export const moleculePages: Readonly<Record<string, Page>> = {
  'formula list': {
    text: 'A formula is a TOML file. A name is looked for in the ledger (.beads/formulas), the checkout, ~/.beads/formulas, the town, and among the built-in ones, in this order.',
    examples: [
      ['bd formula list', 'all that can be named'],
      ['bd formula list --type workflow --json', 'some, for a program'],
    ],
    see: ['bd formula show', 'bd mol pour'],
  },
  'formula show': { examples: [['bd formula show shiny', 'its variables and steps']], see: ['bd cook'] },
  cook: {
    text: 'Pours nothing. Without --var the placeholders stay, unless --mode says otherwise.',
    examples: [
      ['bd cook shiny --dry-run', 'the steps in short'],
      ['bd cook ./my.formula.toml --var feature=login', 'a file of your own, with a value'],
    ],
    see: ['bd formula show', 'bd mol pour'],
  },
  'mol pour': {
    examples: [
      ['bd mol pour shiny --var feature=login', 'a bead for each step'],
      ['bd mol pour shiny --var feature=login --dry-run', 'only show them'],
    ],
    see: ['bd mol wisp', 'bd cook', 'gt sling --formula'],
  },
  'mol wisp': {
    text: 'For work of which nothing needs to stay, such as a patrol.',
    examples: [['bd mol wisp shiny --var feature=login', 'steps that never reach git']],
    see: ['bd mol squash', 'bd mol burn'],
  },
  'mol show': {
    examples: [
      ['bd mol show app-m1n2o', 'its steps'],
      ['bd mol show app-m1n2o --parallel', 'and what can be done at the same time'],
    ],
    see: ['bd mol current'],
  },
  'mol current': {
    examples: [
      ['bd mol current', 'where you are'],
      ['bd mol current --for toy/polecats/rust', 'where somebody else is'],
    ],
    see: ['bd close', 'gt mol status'],
  },
  'mol progress': { examples: [['bd mol progress app-m1n2o', 'how far it has come']], see: ['bd mol show'] },
  'mol squash': {
    examples: [['bd mol squash app-m1n2o --summary "Nothing to report"', 'one closed bead in place of its wisps']],
    see: ['bd mol wisp'],
  },
  'mol burn': {
    examples: [
      ['bd mol burn app-m1n2o', 'show what would go'],
      ['bd mol burn app-m1n2o --force', 'delete it'],
    ],
    see: ['bd mol squash'],
  },
};

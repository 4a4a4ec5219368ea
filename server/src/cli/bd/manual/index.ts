import type { Manual } from '../../shared/help/manual';
import { changePages } from './change';
import { ledgerPages } from './ledger';
import { moleculePages } from './molecules';
import { readPages } from './read';

/** The pages of `bd`. */
export const bdManual: Manual = {
  groups: [
    ['Find work', ['ready', 'list', 'show', 'blocked', 'stats', 'events']],
    ['Change beads', ['create', 'update', 'close', 'reopen', 'delete']],
    ['Dependencies, labels, comments', ['dep', 'label', 'comment', 'comments']],
    ['Formulas and molecules', ['formula', 'cook', 'mol']],
    ['The ledger', ['init', 'export', 'import', 'merge']],
    ['About bd', ['help', 'version', 'completion']],
  ],
  glossary: {
    output: 'the file that git keeps',
    base: 'what both sides began with',
    left: 'our side',
    right: 'their side',
  },
  pages: {
    '': {
      text: "Inside a town it talks to the town's server; elsewhere it works on the nearest .beads folder, under a lock. An id may be any part of it that names one bead only.",
      examples: [
        ['bd init --prefix app', 'begin a ledger here'],
        ['bd create "Fix the login page" -t bug -p 1', 'note what is to be done'],
        ['bd ready', 'see what can be worked on'],
        ['bd close app-a1b2c --reason "fixed in 4f2a"', 'finish it'],
      ],
      exits: {
        0: 'it is done',
        1: 'it could not be done, in whole or in part; the reason is on standard error (as JSON with --json)',
      },
    },
    ...readPages,
    ...changePages,
    ...ledgerPages,
    ...moleculePages,
  },
};

import type { Page } from '../../shared/help/manual';

export const changePages: Readonly<Record<string, Page>> = {
  create: {
    text: 'The description says what an agent is to do; for the runtime "script" its ```sh blocks are what runs. What is left out: type task, priority 2, no assignee.',
    examples: [
      ['bd create "Add a login page" -t feature -p 1 -l web', 'a bead with type, priority and label'],
      [
        'bd create --title="Write the docs" --deps app-a1b2c --silent',
        'one that waits for another; prints its id only',
      ],
      ['bd create "Long story" --body-file story.md --parent app-a1b2c', 'the description from a file, below an epic'],
    ],
    see: ['bd dep add', 'bd update', 'gt sling'],
  },
  update: {
    text: 'Only what is given is changed. Metadata keys that are not named stay as they are.',
    examples: [
      ['bd update app-a1b2c --status in_progress --assignee ann', 'begin it'],
      ['bd update app-a1b2c --claim', 'take it, unless somebody has it already'],
      ['bd update a1b2c d3e4f --add-label urgent --priority 0', 'several at once'],
      ['bd update app-a1b2c --defer tomorrow', 'not before tomorrow'],
    ],
    exits: { 1: 'nothing was changed, such as when --claim finds that somebody else has it' },
    see: ['bd close', 'bd reopen', 'bd label'],
  },
  close: {
    text: 'A bead that is pinned, waits for others or has open children is closed with --force only.',
    examples: [
      ['bd close app-a1b2c --reason "fixed in 4f2a"', 'finish one'],
      ['bd close app-a1b2c --suggest-next', 'and show what became ready by it'],
      ['bd close app-w1x2y --continue', 'end a step of a molecule and begin the next one'],
    ],
    exits: { 0: 'at least one was closed; what could not be is on standard error', 1: 'none could be closed' },
    see: ['bd reopen', 'bd mol current', 'gt done'],
  },
  reopen: { examples: [['bd reopen app-a1b2c --reason "it came back"', 'work on it again']], see: ['bd close'] },
  delete: {
    text: 'What is deleted leaves a tombstone, so that a merge with another clone does not bring it back.',
    examples: [
      ['bd delete app-a1b2c', 'show what would go'],
      ['bd delete app-a1b2c --force --reason duplicate', 'delete it'],
    ],
    see: ['bd close'],
  },
  'dep add': {
    text: 'Types that make a bead wait: blocks (the default), conditional-blocks, waits-for and parent-child. Others only say that two belong together. A circle is refused.',
    examples: [
      ['bd dep add app-d3e4f app-a1b2c', 'd3e4f waits for a1b2c'],
      ['bd dep add app-d3e4f --blocked-by app-a1b2c', 'the same in other words'],
      ['bd dep add app-d3e4f app-x9y8z -t related', 'they only belong together'],
    ],
    see: ['bd dep tree', 'bd blocked'],
  },
  dep: {
    text: 'Without one of its commands it takes the short form: bd dep <blocker> --blocks <blocked>.',
    examples: [['bd dep app-a1b2c --blocks app-d3e4f', 'd3e4f waits for a1b2c']],
    see: ['bd blocked'],
  },
  'dep remove': {
    examples: [['bd dep remove app-d3e4f app-a1b2c', 'd3e4f no longer waits for a1b2c']],
    see: ['bd dep add'],
  },
  'dep tree': {
    examples: [
      ['bd dep tree app-a1b2c', 'all that it needs'],
      ['bd dep tree app-a1b2c --direction up --max-depth 2', 'what needs it, two levels'],
    ],
    see: ['bd dep list', 'bd blocked'],
  },
  'dep list': {
    examples: [
      ['bd dep list app-a1b2c', 'what it needs'],
      ['bd dep list app-a1b2c --direction up -t blocks', 'what waits for it'],
    ],
    see: ['bd dep tree'],
  },
  'label add': { examples: [['bd label add a1b2c d3e4f backend', 'give two beads a label']], see: ['bd list'] },
  'label remove': { examples: [['bd label remove app-a1b2c backend', 'take it away']], see: ['bd label add'] },
  'label list': { examples: [['bd label list app-a1b2c', 'the labels of one bead']], see: ['bd label list-all'] },
  'label list-all': { examples: [['bd label list-all', 'all that are in use']], see: ['bd label list'] },
  comment: {
    examples: [
      ['bd comment app-a1b2c "It happens on Safari only"', 'say something about it'],
      ['git diff | bd comment app-a1b2c -', 'the text from standard input'],
    ],
    see: ['bd comments'],
  },
  comments: { examples: [['bd comments app-a1b2c', 'read what was said']], see: ['bd comment'] },
  'comments add': {
    examples: [['bd comments add app-a1b2c --file notes.md', 'the text from a file']],
    see: ['bd comment'],
  },
};

import type { Page } from '../../shared/help/manual';

export const agentPages: Readonly<Record<string, Page>> = {
  agents: {
    examples: [
      ['gt agents', 'who is there'],
      ['gt agents --all', 'and who could be'],
    ],
    see: ['gt peek', 'gt status'],
  },
  peek: {
    examples: [
      ['gt peek toy/rust', 'its screen'],
      ['gt peek toy/rust 50', 'the last fifty lines'],
    ],
    see: ['gt attach', 'gt nudge'],
  },
  attach: {
    text: 'You see what it sees and may type. Ctrl-] leaves; the agent works on.',
    examples: [['gt attach toy/rust', 'sit down beside it']],
    see: ['gt peek', 'gt crew attach'],
  },
  nudge: {
    text: 'The line waits until the agent can take it and never lands in what a person is typing.',
    examples: [['gt nudge toy/rust "Mind the spaces in file names"', 'say something to it']],
    see: ['gt mail send', 'gt peek'],
  },
  stop: {
    text: 'The engine does not start them again until you do.',
    examples: [
      ['gt stop toy/rust', 'one agent'],
      ['gt stop --rig toy', 'those of a rig'],
      ['gt stop --all', 'everything, and pause the engine'],
    ],
    see: ['gt session start', 'gt down'],
  },
  'session list': { examples: [['gt session list', 'who has a terminal']], see: ['gt agents'] },
  'session start': { examples: [['gt session start toy/rust', 'go on']], see: ['gt stop'] },
  'session stop': { examples: [['gt session stop toy/rust', 'end it for now']], see: ['gt session start'] },
  'session restart': { examples: [['gt session restart toy/rust', 'it hangs']], see: ['gt nudge', 'gt peek'] },
  'polecat list': {
    examples: [
      ['gt polecat list', 'of all rigs'],
      ['gt polecat list toy', 'of one'],
    ],
    see: ['gt agents'],
  },
  'polecat status': { examples: [['gt polecat status toy/rust', 'its worktree and runtime']], see: ['gt peek'] },
  'polecat nuke': {
    text: 'Its worktree goes, a snapshot with all uncommitted and untracked files stays, and its bead waits for a new sling.',
    examples: [
      ['gt polecat nuke toy/rust', 'give up on it'],
      ['gt polecat nuke toy/rust --force', 'even where its work waits to be merged'],
    ],
    see: ['gt polecat restore', 'gt polecat snapshots'],
  },
  'polecat snapshots': {
    examples: [
      ['gt polecat snapshots toy-a1b2c', 'of one bead'],
      ['gt polecat snapshots --rig toy', 'of a rig'],
    ],
    see: ['gt polecat restore'],
  },
  'polecat restore': {
    examples: [
      ['gt polecat restore toy-a1b2c', 'the newest snapshot'],
      ['gt polecat restore toy-a1b2c --snapshot furiosa-20260101T120000', 'a certain one'],
    ],
    see: ['gt session start'],
  },
  'crew add': {
    examples: [
      ['gt crew add ann', 'a clone of your own'],
      ['gt crew add ann --rig toy --branch login', 'on a branch'],
    ],
    see: ['gt crew start'],
  },
  'crew list': {
    examples: [
      ['gt crew list', 'of all rigs'],
      ['gt crew list --rig toy', 'of one'],
    ],
    see: ['gt crew add'],
  },
  'crew start': {
    examples: [
      ['gt crew start ann', 'with the runtime of the rig'],
      ['gt crew start ann --agent shell', 'with a login shell'],
    ],
    see: ['gt crew attach'],
  },
  'crew stop': { examples: [['gt crew stop ann', 'end the session']], see: ['gt crew start'] },
  'crew attach': { examples: [['gt crew attach ann', 'its terminal, here']], see: ['gt attach'] },
  'crew remove': {
    examples: [
      ['gt crew remove ann', 'if all is pushed'],
      ['gt crew remove ann --force', 'in any case'],
    ],
    see: ['gt crew add'],
  },
};

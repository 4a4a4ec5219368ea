import type { Page } from '../../shared/help/manual';

export const readPages: Readonly<Record<string, Page>> = {
  ready: {
    text: 'A bead is ready when it is open, is not deferred and waits for nothing: everything that it depends on is closed, and merged where the town merges it. The most urgent come first.',
    examples: [
      ['bd ready', 'what can be begun now'],
      ['bd ready --unassigned --type bug,task -n 5 --json', 'the first five that nobody has, for a program'],
      ['bd ready --claim', 'take the first one'],
    ],
    exits: { 1: 'with --claim: there was nothing to take' },
    see: ['bd blocked', 'bd update --claim', 'gt sling'],
  },
  list: {
    text: 'Closed beads, gates, templates and wisps are left out unless --all or --status asks for them.',
    examples: [
      ['bd list', 'the first fifty that are unfinished'],
      ['bd list --status open,blocked --label backend -n 0', 'all of some kind'],
      ['bd list --parent app-a1b2c --long', 'all below an epic, with their descriptions'],
    ],
    see: ['bd ready', 'bd show'],
  },
  show: {
    examples: [
      ['bd show app-a1b2c', 'all about one'],
      ['bd show a1b2c d3e4f --short', 'one line each'],
      ['bd show app-a1b2c --json', 'for a program'],
    ],
    see: ['bd dep tree', 'bd comments', 'bd events'],
  },
  blocked: {
    examples: [
      ['bd blocked', 'what waits, and for which beads'],
      ['bd blocked --parent app-a1b2c', 'the same below an epic'],
    ],
    see: ['bd ready', 'bd dep tree'],
  },
  stats: {
    examples: [
      ['bd stats', 'how many beads there are in which state'],
      ['bd stats --rig toy --json', 'of one rig, for a program'],
    ],
    see: ['bd list'],
  },
  events: {
    text: 'Every change has an author and stands in the audit trail, which stays on this machine.',
    examples: [
      ['bd events app-a1b2c', 'what happened to a bead'],
      ['bd events -n 20', 'the last twenty of all'],
    ],
    see: ['bd show'],
  },
};

import type { Page } from '../../shared/help/manual';

export const mailPages: Readonly<Record<string, Page>> = {
  'mail inbox': {
    examples: [
      ['gt mail inbox', 'yours'],
      ['gt mail inbox toy/rust --unread', 'what an agent has not read'],
    ],
    see: ['gt mail read'],
  },
  'mail read': { examples: [['gt mail read hq-m1n2o', 'the whole letter']], see: ['gt mail reply', 'gt mail ack'] },
  'mail send': {
    text: 'An agent gets it at its start or at the end of its turn.',
    examples: [
      ['gt mail send toy/rust -s "Spaces" -m "File names may have spaces"', 'to an agent'],
      ['gt mail send --human -s "Which database?" --urgent', 'to the person who looks after the town'],
    ],
    see: ['gt nudge', 'gt escalate'],
  },
  'mail reply': { examples: [['gt mail reply hq-m1n2o -m "Take SQLite"', 'to who wrote it']], see: ['gt mail read'] },
  'mail ack': { examples: [['gt mail ack hq-m1n2o hq-p3q4r', 'done with both']], see: ['gt mail inbox'] },
  'mail check': {
    examples: [
      ['gt mail check', 'has anything come?'],
      ['gt mail check --inject=block', 'as a hook at the end of a turn calls it'],
    ],
    exits: { 0: 'always with --inject: a hook that fails would disturb the agent' },
    see: ['gt mail inbox'],
  },
  escalate: {
    text: 'The person who looks after the town is told, louder the more severe it is. Agents call it when they can do no more.',
    examples: [
      ['gt escalate -s high "The tests need a database that is not there" --bead toy-a1b2c', 'call for a person'],
    ],
    see: ['gt attention', 'gt mail send --human'],
  },
  'escalate list': {
    examples: [
      ['gt escalate list', 'open ones'],
      ['gt escalate list --all --json', 'all, for a program'],
    ],
    see: ['gt attention'],
  },
  'escalate show': { examples: [['gt escalate show hq-e1f2g', 'all about one']], see: ['gt escalate ack'] },
  'escalate ack': {
    text: 'It stays open and calls nobody any more.',
    examples: [['gt escalate ack hq-e1f2g', 'I look after it']],
    see: ['gt escalate close'],
  },
  'escalate close': {
    examples: [['gt escalate close hq-e1f2g -r "database is up"', 'it is seen to']],
    see: ['gt escalate ack'],
  },
};

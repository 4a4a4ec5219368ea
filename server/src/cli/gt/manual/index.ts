import type { Manual } from '../../shared/help/manual';
import { agentPages } from './agents';
import { mailPages } from './mail';
import { townPages } from './town';
import { workPages } from './work';

/** The pages of `gt`. */
export const gtManual: Manual = {
  groups: [
    ['Work', ['sling', 'status', 'attention', 'accept', 'mayor']],
    ['Agents', ['agents', 'peek', 'attach', 'nudge', 'stop', 'session', 'polecat', 'crew']],
    ['Convoys and merge queue', ['convoy', 'mq']],
    ['Mail and escalation', ['mail', 'escalate']],
    ['Town and rigs', ['install', 'rig', 'config', 'up', 'down', 'shutdown']],
    ['For agents', ['prime', 'hook', 'mol', 'done', 'handoff']],
    ['About gt', ['help', 'version', 'completion']],
  ],
  glossary: {
    agent: "an agent's address, such as toy/rust, toy/crew/ann or mayor",
    rig: 'name of a rig',
    convoy: 'id of a convoy',
    bead: 'id of a bead',
    beads: 'ids of beads',
    change: 'id of a bead or of its merge request, or a branch',
    mail: 'id of a mail',
    escalation: 'id of an escalation',
    attention: 'what "gt attention" calls it',
    member: 'name of a crew member',
    runtime: 'name of an agent runtime, such as claude or script',
    name: 'what it is to be called',
    text: 'what you have to say',
    'beads-and-rig': 'ids of beads (with --on: one formula), and last the rig or one of its agents',
    'key=value': 'a setting or gate and its value; nothing behind "=" takes it away',
    'name-or-source': 'name of the rig, or its source if that is all you give',
    source: 'git URL or folder',
    path: 'folder of the town (default: ~/gt)',
    command: 'the program to run',
    address: 'whose inbox (default: yours)',
    to: 'an agent (toy/rust), mayor, a person by name, or overseer',
    message: 'what to type',
    lines: 'how many (default: what fits its screen)',
    request: 'id of the request',
    step: 'id of a step',
  },
  pages: {
    '': {
      text: 'Works from anywhere: the town is that of the folder you are in, else your only one. Its server is started when it is needed; agents start only while the engine is up.',
      examples: [
        ['gt install ~/gt', 'make a town'],
        ['gt rig add toy ~/src/toy --gate test="npm test" --yes', 'add a repository, and the command that tests it'],
        ['gt sling toy-a1b2c toy', 'have a bead worked on'],
        ['gt up', 'start the engine'],
        ['gt status', 'look on'],
      ],
      exits: { 0: 'it is done', 1: 'it could not be done; the reason is on standard error (as JSON with --json)' },
    },
    ...workPages,
    ...agentPages,
    ...mailPages,
    ...townPages,
  },
};

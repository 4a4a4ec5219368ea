import type { Page } from '../../shared/help/manual';

export const workPages: Readonly<Record<string, Page>> = {
  sling: {
    text: 'Each bead gets a convoy of its own unless it is in one, and an agent of the rig as soon as one is free, what it waits for is merged and the engine is up. Slinging what is in work already changes nothing.',
    examples: [
      ['gt sling toy-a1b2c toy', 'any free agent of the rig'],
      ['gt sling toy-a1b2c toy/rust --agent claude --model opus', 'this agent, runtime and model'],
      ['gt sling toy-a1b2c toy --formula shiny --var feature=login', 'step by step'],
      ['gt sling shiny --on toy-a1b2c toy --var feature=login', 'the same the other way round'],
    ],
    see: ['gt convoy create', 'gt up', 'bd ready'],
  },
  status: {
    examples: [
      ['gt status', 'rigs, agents, open convoys, and what needs you'],
      ['gt status --json', 'all of it, for a program'],
    ],
    see: ['gt attention', 'gt agents', 'gt convoy list'],
  },
  attention: {
    text: 'Commands to accept, changes to review, questions of programs, escalations, mail, plans of the Mayor: each with the command that deals with it.',
    examples: [['gt attention', 'what waits for you']],
    see: ['gt accept', 'gt escalate', 'gt mq'],
  },
  accept: {
    text: 'Without --yes or --hash it only shows what would run.',
    examples: [
      ['gt accept consent-toy', 'show it'],
      ['gt accept consent-toy --hash 3f9a1c2b4d5e6f70', 'accept exactly what was shown'],
      ['gt accept consent-toy --yes', 'accept what there is now'],
    ],
    exits: { 1: 'it is shown and not accepted, or has changed meanwhile' },
    see: ['gt attention', 'gt rig accept', 'gt config agent accept'],
  },
  'mayor ask': {
    text: 'The Mayor looks at the repositories, makes beads and answers with a convoy that is staged. Nothing of it starts before you launch it.',
    examples: [
      ['gt mayor ask "Users want to log in with GitHub"', 'in a few words'],
      ['gt mayor ask -F plan.md --title "GitHub login"', 'from a file'],
    ],
    see: ['gt mayor status', 'gt convoy launch'],
  },
  'mayor start': { examples: [['gt mayor start', 'without waiting for a question']], see: ['gt mayor attach'] },
  'mayor stop': { examples: [['gt mayor stop', 'end its session']], see: ['gt mayor start'] },
  'mayor attach': { examples: [['gt mayor attach', 'talk to it']], see: ['gt attach'] },
  'mayor status': { examples: [['gt mayor status', 'is it there, and what is it at?']], see: ['gt mayor ask'] },
  'mayor plan': {
    examples: [
      ['gt mayor plan hq-r1s2t hq-cv-u3v4w -m "Three beads, the second waits for the first"', 'hand in a plan'],
    ],
    see: ['gt convoy create', 'gt mayor answer'],
  },
  'mayor answer': {
    examples: [
      ['gt mayor answer hq-r1s2t -m "It is there already: see src/login.ts"', 'where there is nothing to plan'],
    ],
    see: ['gt mayor plan'],
  },
  'convoy create': {
    examples: [
      ['gt convoy create "Login" toy-a1b2c toy-d3e4f', 'launch two beads'],
      ['gt convoy create "Login" toy-a1b2c --stage --notify', 'not yet, and tell me when it has landed'],
    ],
    see: ['gt convoy launch', 'gt sling', 'bd dep add'],
  },
  'convoy add': { examples: [['gt convoy add hq-cv-u3v4w toy-x5y6z', 'one more']], see: ['gt convoy create'] },
  'convoy list': {
    examples: [
      ['gt convoy list', 'those under way'],
      ['gt convoy list --all --json', 'all, for a program'],
    ],
    see: ['gt convoy status'],
  },
  'convoy status': {
    examples: [['gt convoy status hq-cv-u3v4w', 'its beads and where they are']],
    see: ['gt convoy stranded'],
  },
  'convoy stranded': {
    examples: [['gt convoy stranded', 'why does nothing happen?']],
    see: ['gt convoy status', 'gt attention'],
  },
  'convoy launch': {
    examples: [
      ['gt convoy launch hq-cv-u3v4w', 'let it begin'],
      ['gt convoy launch hq-cv-u3v4w --force', 'in spite of what it warns about'],
    ],
    see: ['gt convoy create --stage'],
  },
  'mq list': {
    examples: [
      ['gt mq list', 'of all rigs'],
      ['gt mq list toy', 'of one'],
    ],
    see: ['gt mq status'],
  },
  'mq next': { examples: [['gt mq next toy', 'whose turn is it?']], see: ['gt mq list'] },
  'mq status': {
    examples: [['gt mq status toy-a1b2c', 'what its author and its reviewers say']],
    see: ['gt mq approve', 'gt mq reject'],
  },
  'mq approve': {
    text: 'The approval is for the patch as it is. A rebase that changes the patch brings it back for review.',
    examples: [
      ['gt mq approve toy-a1b2c -m "read it all"', 'let it be merged'],
      ['gt mq approve toy-a1b2c --first', 'before all others'],
    ],
    see: ['gt mq status', 'gt mq reject'],
  },
  'mq reject': {
    text: 'It goes back to the same agent, in its own worktree, with every word.',
    examples: [['gt mq reject toy-a1b2c -m "Names of files with spaces break it: add a test"', 'ask for a change']],
    see: ['gt mq approve'],
  },
  'mq retry': { examples: [['gt mq retry toy-a1b2c', 'the network is back']], see: ['gt mq list'] },
  prime: {
    text: 'Called by hooks of the runtime at the start of a session; prints what the agent has to know.',
    examples: [['gt prime', 'who am I, and what do I do?']],
    see: ['gt hook', 'gt done'],
  },
  hook: {
    examples: [
      ['gt hook', 'on yours'],
      ['gt hook toy/rust', 'on that of another agent'],
    ],
    see: ['gt prime', 'gt sling'],
  },
  done: {
    text: 'The work must be committed. It is reviewed, tested and merged by others; what comes back starts a new session.',
    examples: [['gt done -m "Login works; no test for Safari"', 'hand in the work']],
    exits: { 1: 'something is not committed, or there is nothing to hand in' },
    see: ['gt handoff', 'bd close --continue'],
  },
  handoff: {
    examples: [['gt handoff -s "half done" -m "The parser is left"', 'go on with a fresh context']],
    see: ['gt done', 'gt prime'],
  },
  'mol status': {
    examples: [
      ['gt mol status', 'where am I?'],
      ['gt mol status toy/rust', 'where is that agent?'],
    ],
    see: ['bd mol current'],
  },
  'mol current': { examples: [['gt mol current', 'where am I?']], see: ['gt mol status'] },
  'mol progress': { examples: [['gt mol progress toy-a1b2c', 'how far is it?']], see: ['bd mol progress'] },
  'mol step done': {
    examples: [['gt mol step done toy-w1x2y -m "tests pass"', 'end a step and begin the next one']],
    see: ['bd close --continue'],
  },
};

import type { Page } from '../../shared/help/manual';
import { gateNames, rigSettingNames } from '../../../protocol/rig';

export const townPages: Readonly<Record<string, Page>> = {
  install: {
    text: 'A town is known through your own list of towns only: a folder that somebody else made runs nothing before you say this.',
    examples: [
      ['gt install', 'in ~/gt'],
      ['gt install ~/work/town --name work', 'elsewhere'],
    ],
    see: ['gt rig add'],
  },
  up: {
    text: 'A stored switch: it stays up when the machine restarts, and begins to work when the server runs.',
    examples: [['gt up', 'ready beads get agents, finished work is merged']],
    see: ['gt down', 'gt status'],
  },
  down: { examples: [['gt down', 'nothing new starts']], see: ['gt up', 'gt stop --all'] },
  shutdown: {
    examples: [['gt shutdown', 'such as before the files of a town are moved']],
    see: ['gt down', 'gt stop --all'],
  },
  'rig add': {
    text: 'A folder is never pushed to where it is checked out: work lands on gastown/<branch> and you fast-forward. Commands that test a change run only after you accepted them.',
    examples: [
      ['gt rig add toy ~/src/toy --gate test="npm test" --yes', 'a folder, with its gate accepted'],
      ['gt rig add https://example.org/toy.git', 'a URL, named after it, with the commands that are found'],
    ],
    see: ['gt rig accept', 'gt rig set', 'gt rig fast-forward'],
  },
  'rig set': {
    text: `Settings: ${rigSettingNames.join(', ')}. README says what each is.\nGates: ${gateNames.join(', ')}. What you name here is accepted by it.`,
    examples: [
      ['gt rig set toy max_workers=4 review=person', 'settings'],
      ['gt rig set toy test="npm test" lint=', 'a gate, and one less'],
    ],
    see: ['gt rig add'],
  },
  'rig list': { examples: [['gt rig list', 'all of them']], see: ['gt status'] },
  'rig remove': {
    text: 'Refused while it has work that is not merged. Its folder is moved to .runtime/removed.',
    examples: [['gt rig remove toy', 'take it out']],
    see: ['gt rig add'],
  },
  'rig accept': {
    text: 'Without --yes or --hash it only shows them.',
    examples: [
      ['gt rig accept toy', 'show them'],
      ['gt rig accept toy --yes', 'accept them'],
    ],
    exits: { 1: 'they are shown and not accepted' },
    see: ['gt accept'],
  },
  'rig fast-forward': {
    text: 'Only if the folder is clean and has nothing of its own.',
    examples: [['gt rig fast-forward toy', 'get what has landed']],
    see: ['gt status'],
  },
  'config default-agent': {
    examples: [
      ['gt config default-agent', 'which is it?'],
      ['gt config default-agent claude', 'change it'],
    ],
    see: ['gt config agent list', 'gt sling --agent'],
  },
  'config mayor': {
    examples: [
      ['gt config mayor claude', 'who plans'],
      ["gt config mayor ''", 'the default agent again'],
    ],
    see: ['gt mayor ask'],
  },
  'config agent list': {
    examples: [['gt config agent list', 'built-in ones and your own']],
    see: ['gt config agent set'],
  },
  'config agent get': {
    examples: [
      ['gt config agent get claude', 'how it is started'],
      ['gt config agent get claude --json', 'all of it'],
    ],
    see: ['gt config agent set'],
  },
  'config agent set': {
    examples: [
      ['gt config agent set mine /opt/bin/agent --arg=--yolo', 'a program of your own'],
      ['gt config agent set fast claude --provider claude --env MODEL=haiku', 'a built-in one with other settings'],
    ],
    see: ['gt config agent accept'],
  },
  'config agent remove': { examples: [['gt config agent remove mine', 'take it away']], see: ['gt config agent set'] },
  'config agent accept': {
    text: 'Runtimes work without their own safety prompts; you are asked once for each in a town.',
    examples: [
      ['gt config agent accept claude', 'show what it is'],
      ['gt config agent accept claude --yes', 'accept it'],
    ],
    exits: { 1: 'it is shown and not accepted' },
    see: ['gt accept'],
  },
  help: {
    examples: [
      ['gt help', 'all commands'],
      ['gt help convoy create', 'all about one'],
    ],
    see: ['bd help'],
  },
  version: {
    examples: [
      ['gt version', 'for a report'],
      ['gt version --json', 'for a program'],
    ],
    see: ['bd version'],
  },
  completion: {
    text: 'Completes commands, options, beads, rigs, agents, convoys, formulas and runtimes. It asks a server that runs, never starts one, and is silent without a town.',
    examples: [
      ['source <(gt completion bash)', 'in ~/.bashrc, or for zsh in ~/.zshrc after compinit'],
      ['gt completion fish > ~/.config/fish/completions/gt.fish', 'for fish'],
    ],
    see: ['bd completion'],
  },
};

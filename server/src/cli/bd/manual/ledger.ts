import type { Page } from '../../shared/help/manual';

export const ledgerPages: Readonly<Record<string, Page>> = {
  init: {
    text: 'Makes .beads with an empty issues.jsonl, which belongs into git. What is there already stays.',
    examples: [
      ['bd init', 'named after the folder'],
      ['bd init --prefix app', 'ids are app-…'],
    ],
    see: ['bd create', 'gt rig add'],
  },
  export: {
    examples: [
      ['bd export -o backup.jsonl', 'everything into a file'],
      ['bd export --status open,in_progress', 'some of it, on standard output'],
    ],
    see: ['bd import'],
  },
  import: {
    text: 'A bead that is here already is replaced by one that was changed later. What was deleted here stays deleted.',
    examples: [
      ['bd import backup.jsonl --dry-run', 'see what would change'],
      ['bd import -i backup.jsonl', 'do it'],
    ],
    see: ['bd export', 'bd merge'],
  },
  merge: {
    text: 'Called by git, once "*.jsonl merge=beads" stands in .gitattributes. Merges bead by bead and field by field.',
    examples: [
      ['git config merge.beads.driver "bd merge %A %O %A %B"', 'tell git about it'],
      ['bd merge ours.jsonl base.jsonl ours.jsonl theirs.jsonl', 'what git then calls'],
    ],
    see: ['bd import'],
  },
  help: {
    examples: [
      ['bd help', 'all commands'],
      ['bd help dep add', 'all about one'],
    ],
    see: ['bd version'],
  },
  version: {
    examples: [
      ['bd version', 'for a report'],
      ['bd version --json', 'for a program'],
    ],
    see: ['gt version'],
  },
  completion: {
    text: 'Completes commands, options, ids of beads, statuses, types and formulas. It asks a server that runs and never starts one; without a town it reads ids from issues.jsonl.',
    examples: [
      ['source <(bd completion bash)', 'in ~/.bashrc, or for zsh in ~/.zshrc after compinit'],
      ['bd completion fish > ~/.config/fish/completions/bd.fish', 'for fish'],
    ],
    see: ['gt completion'],
  },
};

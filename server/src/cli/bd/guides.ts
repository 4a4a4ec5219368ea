import { UserError } from '../../base/errors';
import { findLedger } from '../../beads/storage/locate';
import { readTextIfPresent } from '../../base/safeFiles';
import path from 'node:path';
import type { CliCommand, Invocation } from '../shared/command';
import { jsonText, oneLine } from '../shared/output';
import type { BdContext } from './context';

/** `bd prime`, `bd onboard` and `bd quickstart`: how to work with beads, for agents and for people. */

interface PrimeOptions {
  mcp?: boolean;
  export?: boolean;
  memoriesOnly?: boolean;
  hookJson?: boolean;
}

export function addPrime(program: CliCommand, context: BdContext): void {
  program
    .command('prime')
    .description('print instructions for agents about beads; prints nothing without a ledger')
    .option('--full', 'everything, the default')
    .option('--mcp', 'in short')
    .option('--stealth', 'accepted: git is not mentioned anyway')
    .option('--export', 'the default text, even if there is a .beads/PRIME.md')
    .option('--memories-only', 'only the memories of bd remember')
    .option('--hook-json', 'in the form in which Claude Code takes the output of a SessionStart hook')
    .withHelp({
      text: 'A file .beads/PRIME.md is printed instead of the default text. The memories of "bd remember" follow.',
      examples: [['bd prime', 'for a hook at the start of a session']],
      see: ['bd onboard', 'gt prime'],
    })
    .action(async (options: PrimeOptions, invocation: Invocation) => {
      const ledger = ledgerHere(context);
      if (ledger === undefined) return;
      const own = options.export ? undefined : readTextIfPresent(path.join(ledger, 'PRIME.md'));
      const text = options.memoriesOnly ? '' : (own ?? (options.mcp ? shortText : fullText));
      const parts = [text.trimEnd(), await memoriesText(ledger, context)].filter((part) => part !== '');
      if (parts.length === 0) return;
      const whole = parts.join('\n\n');
      const output = options.hookJson ? jsonText(sessionStart(whole)) : whole;
      context.print({ ...invocation, options: {} }, undefined, () => output);
    });
}

/** The answer of a hook, whose text Claude Code adds to the context of the session. */
function sessionStart(additionalContext: string) {
  return { hookSpecificOutput: { hookEventName: 'SessionStart', additionalContext } };
}

/** The memories of earlier sessions; empty if there are none. */
async function memoriesText(ledger: string, context: BdContext): Promise<string> {
  const [{ readSettings }, { memoriesOf }] = await Promise.all([
    import('../../beads/storage/settings'),
    import('./memory'),
  ]);
  let settings: Record<string, string>;
  try {
    settings = readSettings(ledger);
  } catch (error) {
    // Without them the hook at the start of a session still prints the rest.
    if (!(error instanceof UserError)) throw error;
    context.note(`Warning: ${error.message}`);
    return '';
  }
  const memories = [...memoriesOf(settings)];
  if (memories.length === 0) return '';
  const lines = memories.map(([key, text]) => `- ${oneLine(key)}: ${oneLine(text)}`);
  return ['## Remembered by earlier sessions', '', ...lines].join('\n');
}

function ledgerHere({ process }: BdContext): string | undefined {
  try {
    return process.env.BEADS_DIR || findLedger(process.cwd);
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

const shortText = `# Beads Issue Tracker Active

- Track all work as beads: "bd create", "bd ready", "bd close".
- Claim a bead before you start: "bd update <id> --claim".
- Before you say that you are done: close what is finished, create beads for what is left, run "bd sync".
`;

const fullText = `# Beads Workflow Context

Beads are the issues of this project. Run \`bd prime\` again when you have lost your context.

## Start

- \`bd ready\` shows what can be worked on; \`bd show <id>\` shows one bead with everything about it.
- \`bd update <id> --claim\` takes it, unless somebody else has it.

## While you work

- \`bd create "Title" -d "Why and what" -t bug -p 1 --deps discovered-from:<id>\` for what you find on the way.
- \`bd dep add <id> <other>\`: the first waits for the second. \`bd blocked\` shows what waits.
- \`bd update <id> --append-notes "…"\` and \`bd comments add <id> "…"\` keep what the next one must know.
- Priorities are 0 to 4; 0 is the most urgent, 2 is the default.

## Before you say that you are done

1. \`bd close <id> --reason "…"\` for everything that is finished.
2. \`bd create\` for everything that is left.
3. \`bd sync\`, then commit and push as the project does.

Use no other list of tasks beside beads.
`;

export function addOnboard(program: CliCommand, context: BdContext): void {
  program
    .command('onboard')
    .description('print what to write into AGENTS.md')
    .withHelp({ examples: [['bd onboard', 'a few lines to copy']], see: ['bd prime'] })
    .action((_options: unknown, invocation: Invocation) =>
      context.print({ ...invocation, options: {} }, undefined, () => onboardText.trimEnd()),
    );
}

const onboardText = `
bd Onboarding

Add these lines to AGENTS.md (or create it):

--- BEGIN AGENTS.MD CONTENT ---
## Issues

The issues of this project are beads: run \`bd prime\` first.
\`bd ready\` finds work, \`bd create "Title"\` notes it, \`bd close <id>\` ends it, \`bd sync\` before a commit.
--- END AGENTS.MD CONTENT ---
`;

export function addQuickstart(program: CliCommand, context: BdContext): void {
  program
    .command('quickstart')
    .description('show the first steps')
    .withHelp({ examples: [['bd quickstart', 'from bd init to bd close']], see: ['bd human'] })
    .action((_options: unknown, invocation: Invocation) =>
      context.print({ ...invocation, options: {} }, undefined, () => quickstartText.trimEnd()),
    );
}

const quickstartText = `
bd - Dependency-Aware Issue Tracker

  bd init --prefix app               create a ledger in this repository
  bd create "Fix the login" -p 1     create a bead
  bd dep add app-d3e4f app-a1b2c     d3e4f waits for a1b2c
  bd ready                           what can be worked on now
  bd update app-a1b2c --claim        take one
  bd close app-a1b2c                 end it

The beads are in .beads/issues.jsonl: commit it.
`;

export function addThanks(program: CliCommand, context: BdContext): void {
  program
    .command('thanks')
    .description('say thank you')
    .withHelp({ examples: [['bd thanks', 'to the authors of beads']], see: ['bd help'] })
    .action((_options: unknown, invocation: Invocation) =>
      context.print({ ...invocation, options: {} }, undefined, () => thanksText.trimEnd()),
    );
}

const thanksText = `
Beads were made by Steve Yegge and everybody who contributed to github.com/steveyegge/beads. Thank you!
`;

const exchange = 'Export with bd export, and import with a program of that service.';

/** Commands of other stores and services, and their replacements. */
const elsewhere: Readonly<Record<string, string>> = {
  dolt: 'The beads are in .beads/issues.jsonl; git keeps their versions.',
  branch: 'branch requires a store with versions. Use git branches.',
  history: 'Use bd events <id>, or git log -p .beads/issues.jsonl.',
  diff: 'Use git diff .beads/issues.jsonl.',
  vc: 'Use git for .beads/issues.jsonl.',
  ...Object.fromEntries(['jira', 'linear', 'github', 'gitlab', 'ado', 'notion'].map((name) => [name, exchange])),
  federation: 'Several ledgers belong together in a town: gt rig add.',
  mail: 'In a town: gt mail.',
};

/** Commands of the Go `bd` that other commands replace here. */
const replaced = {
  repair: 'Use bd doctor --fix.',
  'resolve-conflicts': 'Use bd doctor --fix; git merges with bd merge.',
  migrate: 'There is one format of the file; bd doctor checks it.',
  hook: 'Use gt hook.',
  'create-form': 'Use "Gas Town: Create Bead" in VS Code, or bd create --file plan.md.',
  compact: 'Beads are never compacted; "bd gc" deletes old closed ones.',
  reset: 'Remove the hooks with "bd hooks uninstall", then the folder .beads.',
  template: 'Use bd formula list, bd mol show and bd mol pour.',
  'detect-pollution': 'Find them with bd search or bd list --title, and delete them with bd delete.',
  flatten: 'There is no history to flatten: git keeps the versions of issues.jsonl.',
  'init-safety': 'bd init never replaces an existing ledger.',
  rules: 'Rules of an assistant are its own; bd setup writes the section about beads.',
} as const;

/** Adds the commands that need another store or service: they only print what to do instead. */
export function addElsewhere(program: CliCommand): void {
  for (const [name, instead] of Object.entries(elsewhere))
    program
      .command(`${name} [words...]`, { hidden: true })
      .description('not supported: it belongs to another store or service')
      .withHelp({ examples: [[`bd ${name}`, 'says what to do instead']] })
      .action(() => {
        throw new UserError(`${name} requires another store or service than this program has`, instead, 'unavailable');
      });
  for (const name of Object.keys(replaced) as Replaced[]) addReplaced(program, name);
}

type Replaced = keyof typeof replaced;

/** Adds a command that only names its replacement. */
export function addReplaced(parent: CliCommand, name: Replaced): void {
  const path = parent.parent === undefined ? name : `${parent.name} ${name}`;
  parent
    .command(`${name} [words...]`, { hidden: true })
    .description('replaced by another command')
    .withHelp({ examples: [[`bd ${path}`, 'says what to do instead']] })
    .action(() => {
      throw new UserError(`${path} is not a command of this program`, replaced[name], 'unavailable');
    });
}

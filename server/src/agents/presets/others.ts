import { shellQuote } from '../../base/shims';
import type { RuntimePreset } from './preset';

/*
 * Runtimes without hooks: the agent gets everything from the prompt. `checked` states what was tested; the rest follows
 * the vendors' documentation or the Go `gt`.
 */

/**
 * Its plug-ins could call us, but before the first turn it installs a package for them: offline that hung for a minute.
 * `--prompt` is not submitted together with `--continue`, so an interrupted session starts over.
 */
const opencode: RuntimePreset = {
  checked: '1.18.33',
  settings: {
    command: 'opencode',
    args: ['--auto'],
    env: { OPENCODE_PERMISSION: '{"*":"allow"}' },
    prompt: 'flag',
    promptFlag: '--prompt',
  },
  modelFlag: '--model',
  start: () => ({ env: { OPENCODE_DISABLE_AUTOUPDATE: '1' } }),
  dialogs: [],
};

/**
 * Its shell sets its own PATH, but runs a start-up script that we give it. Hooks in its settings did not fire. 0.36.0
 * was tested by hand against a fake of its service, not by our tests: its model address cannot be set.
 */
const auggie: RuntimePreset = {
  checked: 'by hand, 0.36.0',
  settings: { command: 'auggie', args: ['--allow-indexing'], env: {}, prompt: 'argument' },
  modelFlag: '--model',
  conversation: { resume: () => ({ args: ['--continue'] }) },
  start: ({ bin }) => ({
    args: ['--startup-script', `export PATH=${shellQuote(bin)}:"$PATH"`],
    env: { AUGMENT_DISABLE_AUTO_UPDATE: '1' },
  }),
  dialogs: [
    {
      pattern: /Login to continue .*Press return to open your browser/,
      says: 'is not logged in: press return in its terminal',
    },
    // From the reference; the text of its screens was not verified by us.
    {
      pattern: /[Ii]ndex(ing)? (this|your) (codebase|workspace|directory)\?/,
      says: 'asks whether it may index the folder',
    },
  ],
};

/**
 * 0.0.1790142914 no longer lists the flag in its help; its settings have `amp.dangerouslyAllowAll`. It only works with
 * the vendor's service, so our tests cannot drive it.
 */
const amp: RuntimePreset = {
  checked: 'not driven',
  settings: { command: 'amp', args: ['--dangerously-allow-all', '--no-ide'], env: {}, prompt: 'argument' },
  dialogs: [],
};

/** `--resume` needs the id of a chat, which only the program itself knows. */
const cursor: RuntimePreset = {
  checked: 'not driven',
  settings: { command: 'cursor-agent', args: ['-f'], env: {}, prompt: 'argument' },
  modelFlag: '--model',
  dialogs: [],
};

/** The Go `gt` puts an extension into the repository for it; we leave the repository alone. */
const pi: RuntimePreset = {
  checked: 'not driven',
  settings: { command: 'pi', args: [], env: {}, prompt: 'argument' },
  dialogs: [],
};

/** Like `pi`. */
const omp: RuntimePreset = {
  checked: 'not driven',
  settings: { command: 'omp', args: [], env: {}, prompt: 'argument' },
  dialogs: [],
};

/** Mistral Vibe. */
const vibe: RuntimePreset = {
  checked: 'not driven',
  settings: { command: 'vibe', args: ['--agent', 'auto-approve'], env: {}, prompt: 'argument' },
  conversation: { resume: () => ({ args: ['--continue'] }) },
  dialogs: [],
};

/** Needs no model: runs the script blocks of the bead. */
const script: RuntimePreset = {
  checked: 'our own',
  settings: { command: 'gt', args: ['runtime', 'script'], env: {}, prompt: 'none' },
  dialogs: [],
};

export const others = { opencode, auggie, amp, cursor, pi, omp, vibe, script };

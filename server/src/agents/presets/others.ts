import { shellQuote } from '../../base/shims';
import type { RuntimePreset } from './preset';

/*
 * Runtimes without hooks: they learn everything from the prompt. `checked` says what of it was seen; the rest is as the
 * makers document it or as the Go `gt` starts them.
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
 * Its shell has a PATH of its own, but runs what it is given at the start. Settings hooks did not fire.
 * 0.36.0 was driven against a stand-in of its service by hand, not by the tests here: it has no model address to set.
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
    // From the reference; the text of its screens was not verified here.
    {
      pattern: /[Ii]ndex(ing)? (this|your) (codebase|workspace|directory)\?/,
      says: 'asks whether it may index the folder',
    },
  ],
};

/**
 * 0.0.1790142914 does not list the flag in its help any more; its settings know `amp.dangerouslyAllowAll`.
 * It works with its maker's service only, so no test here can drive it.
 */
const amp: RuntimePreset = {
  checked: 'not driven',
  settings: { command: 'amp', args: ['--dangerously-allow-all', '--no-ide'], env: {}, prompt: 'argument' },
  dialogs: [],
};

/** `--resume` takes the id of a chat that only the program itself knows. */
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

/** As `pi`. */
const omp: RuntimePreset = {
  checked: 'not driven',
  settings: { command: 'omp', args: [], env: {}, prompt: 'argument' },
  dialogs: [],
};

/** Mistral's. */
const vibe: RuntimePreset = {
  checked: 'not driven',
  settings: { command: 'vibe', args: ['--agent', 'auto-approve'], env: {}, prompt: 'argument' },
  conversation: { resume: () => ({ args: ['--continue'] }) },
  dialogs: [],
};

/** Needs no model: runs the blocks of the bead. */
const script: RuntimePreset = {
  checked: 'our own',
  settings: { command: 'gt', args: ['runtime', 'script'], env: {}, prompt: 'none' },
  dialogs: [],
};

export const others = { opencode, auggie, amp, cursor, pi, omp, vibe, script };

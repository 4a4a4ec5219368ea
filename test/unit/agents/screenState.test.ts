import assert from 'node:assert/strict';
import { resolveRuntime } from '../../../server/src/agents/runtimes';
import { screenState } from '../../../server/src/agents/screenState';

/** What the programs showed, in the versions that the presets name, cut to what matters; frames and wrapping are theirs. */
const waiting: [runtime: string, says: RegExp, screen: string][] = [
  [
    'claude',
    /trust the folder/,
    `
 Accessing workspace:
 /tmp/pole cat/rig
 Security guide
 ❯ 1. Yes, I trust this folder
   2. No, exit
 Enter to confirm · Esc to cancel`,
  ],
  [
    'claude',
    /API key/,
    `
  Detected a custom API key in your environment
  Do you want to use this API key?
    1. Yes
  ❯ 2. No (recommended)`,
  ],
  [
    'claude',
    /without asking/,
    `
  WARNING: Claude Code running in Bypass Permissions mode
  In Bypass Permissions mode, Claude Code will not ask for your approval before running potentially dangerous
  commands.
  ❯ 1. No, exit
    2. Yes, I accept`,
  ],
  [
    'claude',
    /\/login/,
    `
❯ Run gt prime
  ⎿  Not logged in · Please run /login`,
  ],
  [
    'claude',
    /cannot reach/,
    ' Unable to connect to Anthropic services\n Failed to connect to api.anthropic.com: ECONNREFUSED',
  ],
  [
    'codex',
    /trust the folder/,
    `
  Folder access
  Trust this folder? Codex can read, edit, and run files here, subject to your permission settings. Folder settings
  can run code automatically, even without a model request.
› 1. Trust and continue
  2. Back to Agent Command Center`,
  ],
  [
    'codex',
    /sign in/,
    `
  Choose how you want to use Codex.
> 1. Sign in with ChatGPT
     Usage included with Plus, Pro, Business, and Enterprise plans
  Press enter to continue`,
  ],
  [
    'gemini',
    /trust the folder/,
    `
 │ Do you trust the files in this folder?                              │
 │ ● 1. Trust folder (rig)                                             │
 │   3. Don't trust                                                    │`,
  ],
  ['gemini', /authenticate/, '│   How would you like to authenticate for this\n│   project?   │'],
  [
    'copilot',
    /trust the folder/,
    `
│ Confirm folder trust                         │
│ ──────────────────────────────────────────── │
│ Do you trust the files in this folder?       │`,
  ],
  ['copilot', /\/login/, 'Please use /login to sign in to use Copilot'],
  [
    'auggie',
    /press return/,
    '   New to Augment? You can create an account from the login page.\n → Login to continue\n   Press return to open your browser',
  ],
];

const working: [runtime: string, screen: string][] = [
  [
    'claude',
    '● Bash(gt prime)\n  ⎿  # You are toy/polecats/furiosa\n✻ Beaming… (0s · ↓ 9 tokens)\n  ⏵⏵ bypass permissions on (shift+tab to cycle)',
  ],
  ['codex', '• Working (0s • esc to interrupt)\n› Ask Codex to do anything'],
  // It talks about trust.
  ['claude', '● I asked: do you trust the files in this folder? Then I ran grep "Do you trust" src'],
  ['script', 'Yes, I trust this folder'],
  ['claude', ''],
];

describe('what a screen says of its agent', () => {
  for (const [runtime, says, screen] of waiting) {
    it(`${runtime} waits: ${says}`, () => {
      const state = screenState(resolveRuntime(runtime, {}), screen);
      assert.equal(state.state, 'waiting');
      assert.match(state.state === 'waiting' ? state.says : '', says);
    });
  }

  it('everything else is work', () => {
    for (const [runtime, screen] of working)
      assert.deepEqual(screenState(resolveRuntime(runtime, {}), screen), { state: 'working' }, screen);
  });

  it('is read for a runtime of the town where it says whose program it is', () => {
    const mine = { ...resolveRuntime('claude', {}), name: 'mine', builtIn: false };
    assert.equal(screenState(mine, ' ❯ 1. Yes, I trust this folder').state, 'working');
    assert.equal(screenState({ ...mine, provider: 'claude' }, ' ❯ 1. Yes, I trust this folder').state, 'waiting');
  });
});

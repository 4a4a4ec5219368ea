import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { openVsixSession, type VsixSession } from '../harness/vsixSession';
import {
  answer,
  arrowTo,
  assertFocusIsSeen,
  countPointer,
  entry,
  menuTo,
  openWith,
  step,
  tabTo,
  writeDescription,
} from './hands';
import { inOrder, inVsCode } from './versions';
import { cli, makeProject, newestVsix, palette, treeRow, untilTerminal } from './vsix';

/** The main story without a mouse. The focus must be visible after each step. */
inVsCode('with the keyboard only', 'main', function (lane) {
  inOrder(this);
  let scratch: string;
  let project: string;
  let session: VsixSession;
  let page: Page;
  let pointerEvents: () => Promise<number>;
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: project, encoding: 'utf8' }).trim();

  before(async () => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'gt-keys-'));
    project = makeProject(path.join(scratch, 'notes'));
    session = await openVsixSession({
      lane,
      vsix: newestVsix(),
      workspace: project,
      settings: { 'workbench.colorTheme': 'Default Dark Modern' },
    });
    page = session.page;
    await page.getByRole('tab', { name: /^Gas Town/ }).waitFor(); // the palette has its commands now
    pointerEvents = await countPointer(page);
  });

  after(async () => {
    await session?.dispose();
    rmSync(scratch, { recursive: true, force: true });
  });

  afterEach(async () => {
    await assertFocusIsSeen(page);
    assert.equal(await pointerEvents(), 0, 'a mouse was used');
  });

  async function focus(view: string): Promise<void> {
    await palette(page, `Gas Town: Focus on ${view} View`);
    await page.locator(`.pane:focus-within .pane-header[aria-label^="${view}"]`).waitFor({ state: 'attached' });
  }
  async function press(...keys: string[]): Promise<void> {
    for (const key of keys) {
      await page.keyboard.press(key);
      await assertFocusIsSeen(page);
    }
  }

  it('sets up the open folder from the welcome, with one approval', async () => {
    await palette(page, 'Gas Town: Focus on Convoys View');
    await page.getByRole('button', { name: 'Set Up Gas Town for This Repository' }).waitFor();
    await focus('Convoys');
    await tabTo(page, page.getByRole('button', { name: 'Set Up Gas Town for This Repository' }));
    await session.screenshot('keyboard-welcome');
    await page.keyboard.press('Enter');
    const dialog = page.locator('.monaco-dialog-box');
    await dialog.waitFor();
    await dialog.locator(':focus').waitFor();
    await tabTo(page, dialog.getByRole('button', { name: 'Allow' }));
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' });
    await page.locator('.pane:focus-within .pane-header[aria-label^="Convoys"]').waitFor();
    await treeRow(page, /^Rig notes$/).waitFor();
  });

  it('sets the default agent and creates two beads', async () => {
    await palette(page, 'Gas Town: Set Default Agent');
    await entry(page, 'script').waitFor();
    await answer(page, 'script');
    await treeRow(page, /^Town gt, engine paused/).waitFor();
    await create(
      'Say hello',
      'echo hello, who is there; read -r name; echo "hello $name" > hello.txt; git add -A; git commit -qm hello',
    );
    await create('Say goodbye', 'echo goodbye > bye.txt; git add -A; git commit -qm goodbye');
  });

  it('groups them in a convoy and launches it from the context menu', async () => {
    await palette(page, 'Gas Town: Create Convoy');
    await step(page, 'Convoy name');
    await answer(page, 'Manners');
    await step(page, 'Select beads');
    await press('ArrowDown', 'Space', 'ArrowDown', 'Space');
    await page.locator('.quick-input-count', { hasText: '2 Selected' }).waitFor();
    await press('Enter');
    await entry(page, 'In sequence').waitFor();
    await answer(page, 'In seq');
    await entry(page, 'Stage').waitFor();
    await answer(page, 'Stage');
    await treeRow(page, /^Convoy Manners, 0 of 2, staged/).waitFor();
    await focus('Convoys');
    await arrowTo(page, /^Convoy Manners/);
    await press('Shift+F10');
    await session.screenshot('keyboard-menu');
    await menuTo(page, /^Launch Convoy/);
    await treeRow(page, /^Convoy Manners, 0 of 2$/).waitFor();
  });

  it('starts the engine, and types in the terminal of the agent', async () => {
    await palette(page, 'Gas Town: Start Engine');
    await treeRow(page, /^Agent furiosa, polecat, working/).waitFor();
    await openWith(page.locator('.terminal-wrapper.active'), async () => {
      await focus('Agents');
      await arrowTo(page, /^Agent furiosa/);
      await session.screenshot('keyboard-agent');
      await press('Enter');
    });
    await untilTerminal(page, 'who is there');
    await page.locator('.terminal-wrapper.active .xterm:focus-within').waitFor();
    await page.keyboard.type('keys\n');
    await treeRow(page, /^Convoy Manners, 2 of 2, landed/).waitFor();
  });

  it('fast-forwards from the context menu of the rig', async () => {
    await focus('Agents');
    await arrowTo(page, /^Rig notes.*2 commits ready/);
    await press('ContextMenu');
    await menuTo(page, /^Fast-Forward Repository/);
    await treeRow(page, /^Rig notes$/).waitFor();
    assert.deepEqual(git('log', '--format=%s', '-2').split('\n'), ['goodbye', 'hello']);
  });

  it('opens a change and approves it', async () => {
    const { env, home } = session.sandbox;
    cli('gt', env, path.join(home, 'gt'), 'rig', 'set', 'notes', 'review=person');
    await create('Say sorry', 'echo sorry > sorry.txt; git add -A; git commit -qm sorry');
    await palette(page, 'Gas Town: Sling Bead');
    await step(page, 'Select a bead');
    await answer(page, 'Say sorry');
    await step(page, 'Select an agent runtime');
    await press('Enter');
    await treeRow(page, /^review…: .*Say sorry/).waitFor();
    await openWith(page.getByRole('tab', { name: /^Review Say sorry/ }), async () => {
      await focus('Needs Attention');
      await arrowTo(page, /^review…: .*Say sorry/);
      await press('Enter');
    });
    await page.locator('.view-line', { hasText: 'sorry' }).first().waitFor();
    await page.keyboard.press('F6'); // to the editor, in case a list has kept the focus
    await session.screenshot('keyboard-review');
    await palette(page, 'Gas Town: Approve Change');
    await treeRow(page, /^Convoy .*Say sorry, 1 of 1, landed/).waitFor();
    await focus('Needs Attention');
    await arrowTo(page, /^fast-forward…/);
  });

  /** Runs Create Bead with the keyboard, and writes the description in an editor. */
  async function create(title: string, script: string): Promise<void> {
    await palette(page, 'Gas Town: Create Bead');
    await step(page, 'Bead title');
    await answer(page, title);
    await step(page, 'Type');
    await press('Enter');
    await step(page, 'Priority');
    await press('Enter');
    await step(page, 'Description in Markdown');
    await writeDescription(page, () => press('Control+e'), `\`\`\`sh\n${script}\n\`\`\`\n`);
  }
});

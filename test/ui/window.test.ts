import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { WAIT_MS } from '../harness/limits';
import { openVsixSession, type VsixSession } from '../harness/vsixSession';
import { waitUntil } from '../helpers/temp';
import { focusedRow } from './hands';
import {
  cli,
  makeProject,
  newestVsix,
  openGasTown,
  palette,
  script,
  terminalText,
  treeRow,
  untilTerminal,
} from './vsix';
import { inOrder, inVsCode } from './versions';

/** The packaged extension with real dialogs, reloads and keys. */
inVsCode('a window with the packaged extension', 'main', function (lane) {
  inOrder(this);
  let scratch: string;
  let session: VsixSession;
  let page: Page;
  let town: string;
  const bead = (title: string, text: string): string =>
    cli(
      'bd',
      session.sandbox.env,
      path.join(town, 'my_toy'),
      'create',
      title,
      '--description',
      script(text),
      '--silent',
    );

  before(async () => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'gt-ui-'));
    session = await openVsixSession({
      lane,
      vsix: newestVsix(),
      workspace: makeProject(path.join(scratch, 'my toy')),
    });
    page = session.page;
    town = path.join(session.sandbox.home, 'gt');
  });

  after(async () => {
    await session?.dispose();
    rmSync(scratch, { recursive: true, force: true });
  });

  it('shows the exact commands before it asks for approval', async () => {
    await openGasTown(page);
    await page.getByRole('button', { name: 'Set Up Gas Town for This Repository' }).click();
    const dialog = page.locator('.monaco-dialog-box');
    await dialog.waitFor();
    assert.match(await dialog.innerText(), /test: npm test/);
    await session.screenshot('consent');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await treeRow(page, /^Rig my_toy, commands need your approval/).waitFor();
    await page.getByRole('tab', { name: /^Gas Town.*1 item needs your attention/ }).waitFor();
    await treeRow(page, /^approve…: /).click();
    await dialog.getByRole('button', { name: 'Allow' }).click();
    await treeRow(page, /^Rig my_toy$/).waitFor();
    await page.getByText('Nothing needs your attention.').waitFor();
  });

  it('shows changes that are made on the command line', async () => {
    const { env } = session.sandbox;
    cli('gt', env, town, 'config', 'default-agent', 'script');
    const chat = bead(
      'Chat',
      'echo ready to talk\nwhile read -r line; do echo "you said $line"; [ "$line" = bye ] && break; done\necho bye > chat.txt\ngit add -A\ngit commit -qm chat',
    );
    cli('gt', env, town, 'convoy', 'create', '--launch', 'Talk', chat);
    await treeRow(page, /^Convoy Talk, 0 of 1$/).waitFor();
    cli('gt', env, town, 'up');
    await treeRow(page, /^Agent furiosa, polecat, working/).waitFor();
  });

  it('opens the terminal of an agent with a click, and restores it after a reload without taking the focus', async () => {
    await treeRow(page, /^Agent furiosa/).click();
    await untilTerminal(page, 'ready to talk');
    await page.locator('.terminal-wrapper.active .xterm-screen').click();
    await page.keyboard.type('hello\n');
    await untilTerminal(page, 'you said hello');
    await session.screenshot('terminal-before-reload');
    const started = Date.now();
    await session.reload();
    const shown = await untilTerminal(page, 'you said hello');
    console.log(`      the terminal is back ${Date.now() - started} ms after the reload began`);
    assert.match(shown, /ready to talk/);
    assert.equal(await page.locator('.terminal-wrapper:focus-within').count(), 0, 'the terminal took the focus');
    await session.screenshot('terminal-after-reload');
    await page.locator('.terminal-wrapper.active .xterm-screen').click();
    await page.keyboard.type('again\n');
    await untilTerminal(page, 'you said again');
  });

  it('continues in the same terminal after a kill -9 of the server', async () => {
    const server = path.join(town, '.runtime', 'server.json');
    const pid = (): number => (JSON.parse(readFileSync(server, 'utf8')) as { pid: number }).pid;
    const before = pid();
    const started = Date.now();
    process.kill(before, 'SIGKILL');
    await waitUntil('another server has started', () => existsSync(server) && pid() !== before, WAIT_MS);
    console.log(`      another server answers ${Date.now() - started} ms after the kill`);
    await page.keyboard.type('still there\n');
    await untilTerminal(page, 'you said still there');
    await treeRow(page, /^Agent furiosa, polecat, working/).waitFor();
  });

  it('stops and resumes an agent', async () => {
    await treeRow(page, /^Agent furiosa/).hover();
    await treeRow(page, /^Agent furiosa/)
      .getByRole('button', { name: 'Stop Agent…' })
      .click();
    await treeRow(page, /^Agent furiosa, polecat, stopped/).waitFor();
    await untilTerminal(page, 'The next one of furiosa appears here');
    await treeRow(page, /^Agent furiosa/).hover();
    await treeRow(page, /^Agent furiosa/)
      .getByRole('button', { name: 'Resume Agent…' })
      .click();
    await treeRow(page, /^Agent furiosa, polecat, working/).waitFor();
    await untilTerminal(page, 'ready to talk');
    await page.locator('.terminal-wrapper.active .xterm-screen').click();
    await page.keyboard.type('again\n');
    await untilTerminal(page, 'you said again');
  });

  it('does not affect the agent when its terminal is closed', async () => {
    await palette(page, 'Terminal: Kill the Active Terminal Instance');
    // VS Code may show a shell in its place.
    const isClosed = async (): Promise<boolean> => !(await terminalText(page)).includes('you said');
    await waitUntil('the terminal is closed', isClosed, WAIT_MS);
    await treeRow(page, /^Agent furiosa, polecat, working/).click();
    await untilTerminal(page, 'you said again');
    await page.locator('.terminal-wrapper.active .xterm-screen').click();
    await page.keyboard.type('bye\n');
    await treeRow(page, /^Convoy Talk, 1 of 1, landed/).waitFor();
    await page.getByText('Convoy landed: Talk').first().waitFor();
    await session.screenshot('convoy-landed');
  });

  it('can be used by keyboard alone', async () => {
    const { env } = session.sandbox;
    const first = bead('By keys', 'echo typed > keys.txt\ngit add -A\ngit commit -qm keys');
    cli('gt', env, town, 'convoy', 'create', 'Keys', first, '--stage');
    await palette(page, 'Gas Town: Focus on Convoys View');
    await treeRow(page, /^Convoy Keys, 0 of 1, staged/).waitFor();
    await page.keyboard.press('Home');
    await focusedRow(page, /^Convoy Keys/);
    await page.keyboard.press('ArrowDown');
    await focusedRow(page, /^Bead By keys, staged/);
    await page.keyboard.press('Enter');
    await page.getByRole('tab', { name: `${first}.md` }).waitFor();
    await palette(page, 'Gas Town: Launch Convoy');
    await page.locator('.quick-input-widget').getByRole('option', { name: /^Keys/ }).waitFor();
    await page.keyboard.press('Enter');
    await palette(page, 'Gas Town: Focus on Convoys View');
    await treeRow(page, /^Convoy Keys, 1 of 1, landed/).waitFor();
  });

  it('reconnects by itself after the server has stopped', async () => {
    const { env } = session.sandbox;
    cli('gt', env, town, 'shutdown');
    await page.locator('[id="gastown.gastown-vscode.gastown.status"]', { hasText: '0' }).waitFor();
    const next = bead('After', 'echo after > after.txt\ngit add -A\ngit commit -qm after');
    cli('gt', env, town, 'convoy', 'create', '--launch', 'Later', next);
    await treeRow(page, /^Convoy Later, 1 of 1, landed/).waitFor();
  });
});

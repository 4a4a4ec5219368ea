import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright-core';
import type { VsixSession } from '../harness/vsixSession';
import { inOrder, inVsCode } from './versions';
import { agentPid, cli, makeTown, openForPictures, openGasTown, palette, script, treeRow, untilTerminal } from './vsix';

/** Two windows show the same town. */
inVsCode('two windows on one town', 'oldest', function (lane) {
  inOrder(this);
  let scratch: string;
  let session: VsixSession;
  let first: Page;
  let second: Page;
  let town: string;

  before(async () => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'gt-two-'));
    session = await openForPictures(path.join(scratch, 'notes'), lane);
    first = session.page;
    town = await makeTown(session, 'notes');
  });

  after(async () => {
    await session?.dispose();
    rmSync(scratch, { recursive: true, force: true });
  });

  it('shows in one window what is done in the other', async () => {
    const { env } = session.sandbox;
    cli('gt', env, town, 'config', 'default-agent', 'script');
    const talk =
      'echo ready to talk\nwhile read -r line; do echo "you said $line"; [ "$line" = bye ] && break; done\necho bye > chat.txt\ngit add -A\ngit commit -qm chat';
    const bead = cli('bd', env, path.join(town, 'notes'), 'create', 'Chat', '-d', script(talk), '--silent');
    cli('gt', env, town, 'convoy', 'create', 'Talk', bead, '--stage');
    second = await session.openWindow(town); // another folder: the town itself
    await openGasTown(second);
    for (const page of [first, second]) await treeRow(page, /^Convoy Talk, 0 of 1, staged/).waitFor();
    await second.bringToFront();
    await treeRow(second, /^Convoy Talk/).hover();
    await treeRow(second, /^Convoy Talk/)
      .getByRole('button', { name: 'Launch Convoy…' })
      .click();
    await treeRow(first, /^Convoy Talk, 0 of 1$/).waitFor();
    await first.bringToFront();
    await palette(first, 'Gas Town: Start Engine');
    for (const page of [first, second]) await treeRow(page, /^Agent furiosa, polecat, working/).waitFor();
  });

  it('shows the same terminal in both: input in one appears in the other', async () => {
    for (const page of [first, second]) {
      await page.bringToFront();
      await treeRow(page, /^Agent furiosa/).click();
      await untilTerminal(page, 'ready to talk');
    }
    await second.locator('.terminal-wrapper.active .xterm-screen').click();
    await second.keyboard.type('from the second\n');
    for (const page of [second, first]) await untilTerminal(page, 'you said from the second');
    await session.screenshot('two-windows-second', second);
    await first.bringToFront();
    await first.locator('.terminal-wrapper.active .xterm-screen').click();
    await first.keyboard.type('from the first\n');
    for (const page of [first, second]) await untilTerminal(page, 'you said from the first');
    await session.screenshot('two-windows-first', first);
  });

  it('does not affect agents when one window is closed', async () => {
    const pid = agentPid(town, 'furiosa');
    await second.close();
    await treeRow(first, /^Agent furiosa, polecat, working/).waitFor();
    await first.keyboard.type('alone again\n');
    await untilTerminal(first, 'you said alone again');
    assert.equal(agentPid(town, 'furiosa'), pid);
    await first.keyboard.type('bye\n');
    await treeRow(first, /^Convoy Talk, 1 of 1, landed/).waitFor();
  });
});

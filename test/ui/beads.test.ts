import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { WAIT_MS } from '../harness/limits';
import type { VsixSession } from '../harness/vsixSession';
import { waitUntil } from '../helpers/temp';
import { cli, makeTown, openForPictures, palette } from './vsix';
import { inVsCode } from './versions';

/** The Beads view with the mouse. */
inVsCode('the Beads view in a window', 'oldest', function (lane) {
  let scratch: string;
  let session: VsixSession;

  before(async () => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'gt-beads-'));
    session = await openForPictures(path.join(scratch, 'notes'), lane);
  });

  after(async () => {
    await session?.dispose();
    rmSync(scratch, { recursive: true, force: true });
  });

  it('shows reasons, pages, epics with progress and a filter, and drags beads onto a convoy', async () => {
    const {
      page,
      sandbox: { env },
    } = session;
    const town = await makeTown(session, 'notes');
    const bd = (...args: string[]): string => cli('bd', env, path.join(town, 'notes'), ...args);
    const bead = (title: string, ...more: string[]): string => bd('create', title, '--silent', ...more);
    const wall = bead('Build the wall', '-p', '1', '-d', 'As high as a tree.');
    const climb = bead('Climb the wall', '--deps', `blocked-by:${wall}`);
    bead('Paint the wall', '--deps', `blocked-by:${climb}`);
    bead('Next year', '--defer', '+400d');
    bd('update', bead('Dig a pond'), '--status', 'in_progress', '--assignee', 'ann');
    bd('close', bead('Buy seeds'));
    const epic = bead('A garden', '-t', 'epic');
    for (const part of ['Plant a tree', 'Cut the lawn', 'Sow the seeds']) bead(part, '--parent', epic);
    bd('close', `${epic}.1`);
    cli('gt', env, town, 'convoy', 'create', 'Walls', bead('A plan'), '--stage');

    const row = (view: string, name: RegExp) => page.getByRole('tree', { name: view }).getByRole('treeitem', { name });
    const beads = (name: RegExp) => row('Beads', name);
    await palette(page, 'Gas Town: Focus on Beads View');
    for (const header of ['Agents', 'Needs Attention'])
      await page.locator(`.pane-header[aria-label^="${header}"]`).click();
    await beads(/^Ready, 5 beads/).waitFor();
    await beads(/^Closed, 2 beads/).waitFor(); // the last row: the tree is complete
    await beads(/^Bead Climb the wall, waiting for Build the wall/).waitFor();
    await row('Convoys', /^Convoy Walls, 0 of 1, staged/).waitFor();
    // Both trees show the same.
    for (const view of ['Convoys', 'Beads']) await row(view, /^Bead Dig a pond, ann is working/).waitFor();
    await row('Convoys', /^Bead Next year, deferred/).waitFor();
    await page.mouse.move(900, 300);
    await session.screenshot('beads-by-state');

    // In steps: the tree decides what may be dropped while the pointer moves.
    await beads(/^Bead Climb the wall, waiting/).hover();
    await page.mouse.down();
    const convoy = await row('Convoys', /^Convoy Walls/).boundingBox();
    assert.ok(convoy);
    await page.mouse.move(convoy.x + 60, convoy.y + 12, { steps: 15 });
    let moves = 0;
    const isAccepted = async (): Promise<boolean> => {
      await page.mouse.move(convoy.x + 60 + (moves++ % 10), convoy.y + 12);
      return (await page.locator('.monaco-list-row.drop-target').count()) > 0;
    };
    await waitUntil('the convoy accepts the drop', isAccepted, WAIT_MS);
    await page.mouse.up();
    await row('Convoys', /^Convoy Walls, 0 of 2/).waitFor();

    await palette(page, 'Gas Town: Group Beads by Epic');
    await beads(/^Bead A garden, 1\/3/).waitFor();
    await beads(/^Bead Cut the lawn, ready/).waitFor();
    await beads(/^Bead Build the wall/).click();
    await page.getByRole('tab', { name: `${wall}.md` }).waitFor();
    await page.getByText('Not slung yet').first().waitFor();
    await page.mouse.move(900, 700);
    // A click on the header of a view may move the whole window by some pixels.
    await page.evaluate(
      'document.querySelectorAll(".monaco-workbench, .monaco-grid-view, .monaco-split-view2, .split-view-container, body").forEach((part) => part.scrollTo(0, 0))',
    );
    await session.screenshot('beads-by-epic');
    bd('comment', wall, 'From the command line');
    await palette(page, 'Markdown: Open Preview');
    const preview = page.frameLocator('iframe.webview.ready').frameLocator('#active-frame');
    await preview.getByRole('heading', { name: 'Build the wall' }).waitFor();
    await session.screenshot('bead-page-preview');

    await palette(page, 'Gas Town: Filter Beads');
    await page.locator('.quick-input-title', { hasText: 'Filter Beads' }).waitFor();
    await page.keyboard.type('lawn');
    await page.keyboard.press('Enter');
    await beads(/^Bead Cut the lawn/).waitFor();
    await beads(/^No epic/).waitFor({ state: 'detached' });
    await session.screenshot('beads-filtered');
    await palette(page, 'Gas Town: Clear Bead Filter');
    await palette(page, 'Gas Town: Group Beads by Rig');
    await beads(/^notes, \d+ beads/).waitFor();
    assert.equal(await beads(/^Town, /).count(), 0);
  });
});

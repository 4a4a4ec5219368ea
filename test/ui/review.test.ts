import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { WAIT_MS } from '../harness/limits';
import type { VsixSession } from '../harness/vsixSession';
import { waitUntil } from '../helpers/temp';
import { openWith } from './hands';
import { cli, isStored, makeTown, openForPictures, palette, script, treeRow } from './vsix';
import { inVsCode } from './versions';

/** The review of a change with mouse and keyboard. */
inVsCode('a review in a window', 'main', function (lane) {
  let scratch: string;
  let session: VsixSession;

  before(async () => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'gt-review-'));
    session = await openForPictures(path.join(scratch, 'notes'), lane);
  });

  after(async () => {
    await session?.dispose();
    rmSync(scratch, { recursive: true, force: true });
  });

  it('opens the change from the attention list, adds a comment on a line and requests changes', async () => {
    const {
      page,
      sandbox: { env },
    } = session;
    const town = await makeTown(session, 'notes');
    cli('gt', env, town, 'config', 'default-agent', 'script');
    cli('gt', env, town, 'rig', 'set', 'notes', 'review=person');
    const text =
      'echo "exports.twice = (a) => 2 * a; // attempt $GT_ATTEMPT" > twice.js\nsed -i "s/a + b/b + a/" sum.js\nprintf "\\\\000" > logo.bin\ngit add -A\ngit commit -qm "Double numbers"';
    const bead = cli('bd', env, path.join(town, 'notes'), 'create', 'Double numbers', '-d', script(text), '--silent');
    cli('gt', env, town, 'sling', bead, 'notes');
    cli('gt', env, town, 'up');
    await page.getByRole('button', { name: 'Review', exact: true }).waitFor(); // the message
    await session.screenshot('review-asked');
    const tab = page.getByRole('tab', { name: /^Review Double numbers/ });
    await openWith(tab, () => treeRow(page, /^review…: .*Double numbers/).click());
    await page.locator('.multiDiffEntry').getByText('twice.js').first().waitFor();
    await page.locator('.view-line', { hasText: 'attempt' }).first().waitFor();
    for (const action of ['Approve Change', 'Request Changes', 'Land Change'])
      await page
        .getByRole('button', { name: new RegExp(`^${action}`) })
        .first()
        .waitFor();
    await palette(page, 'Notifications: Clear All Notifications');
    await page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
    await page.mouse.move(900, 780);
    await session.screenshot('review');

    const line = await page.locator('.view-line', { hasText: 'attempt' }).first().boundingBox();
    const plus = await page
      .locator('.multiDiffEntry', { hasText: 'twice.js' })
      .locator('.modified .comment-range-glyph')
      .first()
      .boundingBox();
    assert.ok(line && plus);
    await page.mouse.move(line.x + 60, line.y + 8);
    await page.mouse.move(plus.x + plus.width / 2, line.y + 8, { steps: 5 });
    await page.mouse.click(plus.x + plus.width / 2, line.y + 8);
    await page.locator('.review-widget .monaco-editor.focused').waitFor();
    await session.screenshot('review-comment-open');
    await page.keyboard.type('Where is its test?');
    await page
      .getByRole('button', { name: /^Add Comment/ })
      .first()
      .click();
    await page.getByText('not sent yet').first().waitFor();
    await session.screenshot('review-comment');

    await page
      .getByRole('button', { name: /^Request Changes/ })
      .first()
      .click();
    await page.locator('.quick-input-message', { hasText: 'Your 1 comment on lines will be included' }).waitFor();
    await page.keyboard.type('Almost.');
    await page.locator('.quick-input-widget').getByRole('button', { name: 'Write in an editor' }).click();
    await page.getByRole('tab', { name: /^Request Changes not-/ }).waitFor();
    await page.locator('.view-line', { hasText: 'Almost.' }).last().waitFor();
    await page.keyboard.press('Control+End');
    await page.keyboard.type('\nPlease write a test.');
    await session.screenshot('review-draft');
    await page.keyboard.press('Control+Enter');
    await page.getByRole('tab', { name: /^Request Changes not-/ }).waitFor({ state: 'detached' });
    assert.match(
      cli('bd', env, path.join(town, 'notes'), 'show', bead, '--json'),
      /Almost\.\\nPlease write a test\.\\n\\n- twice\.js:1: Where is its test\?/,
    );

    const secondRound = page.getByRole('tab', { name: /^Review Double numbers \(round 2\)/ });
    await openWith(secondRound, () => treeRow(page, /^review…: .*Double numbers/).click());
    await page.locator('.view-line', { hasText: 'Where is its test' }).first().waitFor();
    await page.mouse.move(900, 780);
    await session.screenshot('review-second-round');
    await page
      .getByRole('button', { name: /^Show Bead/ })
      .first()
      .click();
    await page.getByRole('tab', { name: `${bead}.md` }).waitFor();
    await session.screenshot('review-bead-beside');
    await page.getByRole('tab', { name: /^Review Double numbers \(round 2\)/ }).click();
    await waitUntil('VS Code has saved which editors are open', () => isStored(page, 'round 2'), WAIT_MS);
    await session.reload();
    // VS Code may not have saved which group was active; the commands are shown in that one only.
    await page.getByRole('tab', { name: /^Review Double numbers \(round 2\)/ }).click();
    await page
      .getByRole('button', { name: /^Approve Change/ })
      .first()
      .click();
    await treeRow(page, /^fast-forward/)
      .first()
      .waitFor();
    await session.screenshot('review-merged');
  });
});

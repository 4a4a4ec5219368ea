import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { VsixSession } from '../harness/vsixSession';
import { inVsCode } from './versions';
import { cli, makeTown, openForPictures, script, treeRow } from './vsix';

/** An agent escalates: the person sees it from anywhere in the window, opens, acknowledges and closes it. */
inVsCode('an escalation of an agent', 'oldest', function (lane) {
  let scratch: string;
  let session: VsixSession;

  before(async () => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'gt-help-'));
    session = await openForPictures(path.join(scratch, 'notes'), lane);
  });

  after(async () => {
    await session?.dispose();
    rmSync(scratch, { recursive: true, force: true });
  });

  it('is shown to the person, who acknowledges and closes it', async () => {
    const {
      page,
      sandbox: { env },
    } = session;
    const town = await makeTown(session, 'notes');
    const show = (id: string): string => cli('gt', env, town, 'escalate', 'show', id);
    cli('gt', env, town, 'config', 'default-agent', 'script');
    const ask = script(
      'gt escalate -s critical --bead "$GT_BEAD" "Which database may I drop?"\necho asked the person\nread -r answer',
    );
    const bead = cli('bd', env, path.join(town, 'notes'), 'create', 'Clean up the tables', '-d', ask, '--silent');
    cli('gt', env, town, 'convoy', 'create', '--launch', 'Spring cleaning', bead);
    await page
      .getByRole('tab', { name: /^Explorer/ })
      .first()
      .click(); // another view is shown
    cli('gt', env, town, 'up');

    const toast = page.locator('.notification-toast', { hasText: 'Which database may I drop?' });
    await toast.waitFor();
    await page.getByRole('tab', { name: /^Gas Town.*1 item needs your attention/ }).waitFor();
    const status = page.locator('[id="gastown.gastown-vscode.gastown.status"]');
    await status.and(page.locator('.warning-kind')).waitFor();
    assert.match(
      (await status.locator('[role="button"]').getAttribute('aria-label')) ?? '',
      /1 agent active, 1 item needs your attention/,
    );
    await session.screenshot('escalation-told');
    await toast.getByRole('button', { name: 'Show' }).click();
    await page.getByRole('tab', { name: `${bead}.md` }).waitFor();

    await status.click();
    await page
      .locator('.quick-input-widget')
      .getByRole('option', { name: /Which database may I drop/ })
      .waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('tab', { name: /^Gas Town/ }).click();
    const row = treeRow(page, /^escalation · critical: .*Which database may I drop\?/);
    await row.hover();
    await session.screenshot('escalation-row');
    await row.click();
    const dialog = page.locator('.monaco-dialog-box');
    await dialog.getByText('Which database may I drop?').first().waitFor();
    await session.screenshot('escalation-opened');
    await dialog.getByRole('button', { name: 'Acknowledge' }).click();
    await treeRow(page, /^escalation · critical · acknowledged: .*Which database/).waitFor();
    await page.getByRole('tab', { name: /^Gas Town$/ }).waitFor();
    const [id = ''] = /hq-[\w.-]+/.exec(cli('gt', env, town, 'escalate', 'list')) ?? [];
    assert.match(show(id), /ack/i);

    const acknowledged = treeRow(page, /^escalation · critical · acknowledged/);
    await acknowledged.hover();
    await acknowledged.getByRole('button', { name: 'Close Escalation…' }).click();
    await acknowledged.waitFor({ state: 'detached' });
    await page.getByText('Nothing needs your attention.').waitFor();
    assert.match(show(id), /closed/i);
    await treeRow(page, /^Agent furiosa, polecat, working/).waitFor();
  });
});

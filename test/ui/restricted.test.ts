import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { openVsixSession, type VsixSession } from '../harness/vsixSession';
import { inOrder, inVsCode } from './versions';
import { cli, makeProject, newestVsix, openFile, openGasTown, treeRow } from './vsix';

/** A folder without trust: it can be viewed, and nothing runs. */
inVsCode('Restricted Mode', 'main', function (lane) {
  inOrder(this);
  let scratch: string;
  let project: string;
  let session: VsixSession;
  let page: Page;

  before(async () => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'gt-trust-'));
    project = makeProject(path.join(scratch, 'notes'));
    session = await openVsixSession({ lane, vsix: newestVsix(), workspace: project, asksForTrust: true });
    page = session.page;
  });

  after(async () => {
    await session?.dispose();
    rmSync(scratch, { recursive: true, force: true });
  });

  /** The oldest VS Code asks when a folder is opened for the first time, the newest starts in Restricted Mode. */
  async function distrust(window: Page): Promise<void> {
    if (lane === 'floor')
      await window
        .locator('.monaco-dialog-box')
        .getByRole('button', { name: /^No, I don't trust/ })
        .click();
    await window.locator('.statusbar-item', { hasText: 'Restricted Mode' }).waitFor();
    await window.locator('.monaco-dialog-box').waitFor({ state: 'detached' });
  }

  const server = (): string => path.join(session.sandbox.home, 'gt', '.runtime', 'server.json');

  it('explains itself, and starts nothing', async () => {
    await distrust(page);
    await openGasTown(page);
    await page.getByText('In Restricted Mode it starts nothing').waitFor();
    await page.getByRole('button', { name: 'Manage Workspace Trust' }).waitFor();
    await session.screenshot('restricted-nothing');
    assert.ok(!existsSync(path.join(session.sandbox.home, 'gt')));
    assert.equal(await page.getByRole('button', { name: /Set Up Gas Town/ }).count(), 0);
    await page.keyboard.press('F1');
    await page.keyboard.type('Gas Town: ');
    const commands = page.locator('.quick-input-widget').getByRole('option', { name: /^Gas Town: / });
    await commands.first().waitFor();
    assert.doesNotMatch(
      (await commands.allInnerTexts()).join('\n'),
      /Set Up Gas Town|Create Town|Start Engine|Add Rig|Create Bead/,
    );
    await page.keyboard.press('Escape');
  });

  it('supports formulas with a process for the window', async () => {
    writeFileSync(
      path.join(project, 'plan.formula.toml'),
      'formula = "plan"\n[[steps]]\nid = "a"\ntitle = "A"\nneeds = ["nobody"]\n',
    );
    await openFile(page, 'plan.formula.toml');
    await page.locator('.view-overlays .squiggly-error').first().waitFor();
    await session.screenshot('restricted-formula');
    assert.ok(!existsSync(path.join(session.sandbox.home, 'gt')));
  });

  it('shows a town that the person created while its server runs, and does not start it', async () => {
    const { env, home } = session.sandbox;
    const town = path.join(home, 'gt');
    cli('gt', env, scratch, 'install', town);
    cli('gt', env, town, 'rig', 'add', 'notes', project);
    cli('bd', env, path.join(town, 'notes'), 'create', 'Read me', '--silent');
    await treeRow(page, /^Rig notes/).waitFor();
    await page.getByText('Restricted Mode: read-only. Trust the folder to make changes.').first().waitFor();
    await treeRow(page, /^approve…: /).waitFor();
    await session.screenshot('restricted-read-only');
    await treeRow(page, /^Town gt/).hover();
    assert.ok(
      await treeRow(page, /^Town gt/)
        .getByRole('button', { name: 'Start Engine' })
        .isDisabled(),
      'it offers what would be refused',
    );
    const before = readFileSync(server(), 'utf8');
    cli('gt', env, town, 'shutdown');
    await page.getByText('The server of this town has stopped: this is the last known state.').first().waitFor();
    await session.reload();
    await openGasTown(page);
    await page.getByText('the server of this town does not run, and this window does not start it').first().waitFor();
    assert.ok(!existsSync(server()) || readFileSync(server(), 'utf8') === before, 'it started a server');
    await session.screenshot('restricted-not-running');
  });

  it('runs nothing of a town that the folder ships', async () => {
    const foreign = path.join(scratch, 'foreign');
    mkdirSync(path.join(foreign, 'mayor'), { recursive: true });
    writeFileSync(path.join(foreign, 'mayor', 'town.json'), '{"type":"town","version":2,"name":"evil"}');
    const other = await session.openWindow(foreign);
    await distrust(other);
    await openGasTown(other);
    await other.getByText('In Restricted Mode it starts nothing').waitFor();
    assert.ok(!existsSync(path.join(foreign, '.runtime')));
    await other.close();
  });

  it('shows the town and starts its server once the folder is trusted', async () => {
    await page.bringToFront();
    await page.getByRole('button', { name: 'Manage Workspace Trust' }).first().click();
    await page.getByRole('button', { name: 'Trust', exact: true }).first().click();
    // The newest shows its page in a modal editor.
    if (lane === 'newest')
      await page
        .locator('.monaco-modal-editor-block')
        .getByRole('button', { name: /^Close/ })
        .last()
        .click();
    await treeRow(page, /^Rig notes/).waitFor();
    await treeRow(page, /^Town gt/).hover();
    await treeRow(page, /^Town gt/)
      .getByRole('button', { name: 'Start Engine' })
      .waitFor();
    assert.ok(existsSync(server()));
    await session.screenshot('restricted-granted');
  });
});

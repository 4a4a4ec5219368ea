import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openVsixSession, type VsixSession } from '../harness/vsixSession';
import { cli, makeProject, newestVsix, openGasTown, treeRow } from './vsix';
import { inVsCode } from './versions';

/** A window that is open while the town is created in a shell. */
inVsCode('a town that is created in a shell', 'oldest', function (lane) {
  let scratch: string;
  let session: VsixSession;

  before(async () => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'gt-shell-'));
    session = await openVsixSession({ lane, vsix: newestVsix(), workspace: makeProject(path.join(scratch, 'toy')) });
  });

  after(async () => {
    await session?.dispose();
    rmSync(scratch, { recursive: true, force: true });
  });

  it('is found by the window of its repository without a click', async () => {
    const {
      page,
      sandbox: { env, home },
    } = session;
    await openGasTown(page);
    await page.getByRole('button', { name: 'Set Up Gas Town for This Repository' }).waitFor();
    const town = path.join(home, 'gt');
    cli('gt', env, scratch, 'install', town);
    await page.getByRole('button', { name: 'Add This Repository to My Town' }).waitFor();
    cli('gt', env, town, 'rig', 'add', 'toy', path.join(scratch, 'toy'));
    await treeRow(page, /^Rig toy/).waitFor();
  });

  it('is shown in the window of a folder inside it', async () => {
    const {
      page,
      sandbox: { home },
    } = session;
    const origin = new URL(page.url()).origin;
    await page.goto(`${origin}/?folder=${encodeURIComponent(path.join(home, 'gt'))}`);
    await page.locator('.monaco-workbench .statusbar').waitFor();
    await openGasTown(page);
    await treeRow(page, /^Rig toy/).waitFor();
  });
});

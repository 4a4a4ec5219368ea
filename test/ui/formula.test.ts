import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import assert from 'node:assert/strict';
import os from 'node:os';
import path from 'node:path';
import type { VsixSession } from '../harness/vsixSession';
import { waitUntil } from '../helpers/temp';
import { inOrder, inVsCode } from './versions';
import { openFile, openForPictures, palette } from './vsix';

const release = `formula = "release"
description = "A release of {{version}}, step by step"

[vars.version]
description = "Number of the release, such as 1.4.0"
required = true

[[steps]]
id = "branch"
title = "Branch off {{version}}"

[[steps]]
id = "test"
title = "Run every test"
needs = ["branch"]

[[steps]]
id = "notes"
title = "Write the notes"
description = """
What has changed since the last release, for **people**:
- what is new
- what to do when you update to {{version}}
"""
needs = ["branhc"]

[[steps]]
id = "publish"
title = "Publish {{version}}"
needs = ["test", "notes"]
`;

/** A formula in the editor, with the installed extension and without a town. */
inVsCode('a formula', 'main', function (lane) {
  inOrder(this);
  let scratch: string;
  let session: VsixSession;
  let file: string;

  before(async () => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'gt-formula-'));
    session = await openForPictures(path.join(scratch, 'notes'), lane);
    file = path.join(session.workspace, 'release.formula.toml');
    writeFileSync(file, release);
  });

  after(async () => {
    await session?.dispose();
    rmSync(scratch, { recursive: true, force: true });
  });

  it('shows a mistake where it is, with a suggestion', async () => {
    const { page } = session;
    await openFile(page, 'release.formula.toml');
    await page.locator('.view-overlays .squiggly-error').first().waitFor();
    await palette(page, 'Go to Next Problem');
    await page
      .locator('.zone-widget, .marker-widget')
      .getByText(/branch/)
      .first()
      .waitFor();
    await session.screenshot('formula-problem');
    await page.keyboard.press('Escape');
  });

  it('completes the steps that a step may need', async () => {
    const { page } = session;
    await page.keyboard.press('Control+End');
    await page.keyboard.type('\n[[steps]]\nid = "announce"\ntitle = "Tell everybody"\nneeds = ["', { delay: 40 });
    await page.keyboard.press('Control+Space');
    const offered = page.locator('.suggest-widget.visible').getByRole('option');
    await offered.filter({ hasText: 'publish' }).first().waitFor();
    assert.equal(await offered.filter({ hasText: 'announce' }).count(), 0, 'a step cannot wait for itself');
    await session.screenshot('formula');
    await page.keyboard.type('pub');
    await page.locator('.suggest-widget.visible .monaco-list-row.focused', { hasText: 'publish' }).waitFor();
    await offered.filter({ hasText: 'branch' }).waitFor({ state: 'detached' }); // the list is filtered
    await page.keyboard.press('Enter');
    await page.keyboard.press('Control+s');
    // The editor saves by itself, too: what was saved before is not the answer.
    const answer = /id = "announce"\ntitle = "Tell everybody"\nneeds = \["publish"\]/;
    await waitUntil('it is saved', () => answer.test(readFileSync(file, 'utf8')));
  });
});

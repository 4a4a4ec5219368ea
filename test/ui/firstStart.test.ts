import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { WAIT_MS } from '../harness/limits';
import { openVsixSession, type VsixSession } from '../harness/vsixSession';
import { waitUntil } from '../helpers/temp';
import {
  choose,
  clickAndAnswer,
  entry,
  openWith,
  quickInput,
  step,
  STEP_MS,
  succeeds,
  tick,
  writeDescription,
} from './hands';
import { inOrder, inVsCode } from './versions';
import { makeProject, newestVsix, openGasTown, treeRow, untilTerminal } from './vsix';

/** A new user with a mouse: from the first window along the walkthrough to merged work in their own checkout. */
inVsCode('the first start, with the mouse', 'main', function (lane) {
  inOrder(this);
  let scratch: string;
  let project: string;
  let session: VsixSession;
  let page: Page;
  const git = (...args: string[]): string => execFileSync('git', args, { cwd: project, encoding: 'utf8' }).trim();

  before(async () => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'gt-first-'));
    project = makeProject(path.join(scratch, 'notes'));
    session = await openVsixSession({
      lane,
      vsix: newestVsix(),
      workspace: project,
      settings: { 'workbench.startupEditor': 'welcomePage' },
    });
    page = session.page;
  });

  after(async () => {
    await session?.dispose();
    rmSync(scratch, { recursive: true, force: true });
  });

  const walkthroughStep = (title: string): Locator => page.locator('.getting-started-step', { hasText: title });
  const done = (title: string, checked = true): Locator =>
    walkthroughStep(title).locator(`[role="checkbox"][aria-checked="${checked}"]`);
  /** Opens a step of the walkthrough and clicks one of its buttons. */
  async function follow(title: string, button: string): Promise<void> {
    const link = walkthroughStep(title).getByRole('button', { name: button });
    const heading = walkthroughStep(title).getByText(title).first();
    const list = page.getByRole('button', { name: /^Get Started with Gas Town/ });
    const tab = page.getByRole('tab', { name: /^(Walkthrough: Gas Town|Welcome)/ });
    // The page draws its steps again after each change, so that a click may miss; a click on a step that is open would close it.
    await waitUntil(
      `the step “${title}” has “${button}”`,
      async () => {
        if (await link.isVisible()) return succeeds(link.click({ timeout: STEP_MS }));
        if (await heading.isVisible()) await succeeds(heading.click({ timeout: STEP_MS }));
        else if (await list.isVisible()) await succeeds(list.click({ timeout: STEP_MS }));
        else await succeeds(tab.click({ timeout: STEP_MS }));
        await succeeds(link.or(heading).or(list).first().waitFor({ timeout: STEP_MS }));
        await succeeds(link.waitFor({ timeout: STEP_MS }));
        return false;
      },
      WAIT_MS,
    );
  }

  it('does nothing by itself, and explains itself in its view', async () => {
    const tab = page.getByRole('tab', { name: /^Gas Town/ });
    await tab.waitFor();
    assert.equal(await tab.getAttribute('aria-expanded'), 'false', 'the view opened by itself');
    await openGasTown(page);
    await page.getByRole('button', { name: 'Set Up Gas Town for This Repository' }).waitFor();
    await session.screenshot('first-start-welcome');
    assert.deepEqual(
      readdirSync(session.sandbox.home).filter((name) => !name.startsWith('.')),
      [],
    );
    assert.equal(await page.locator('.notification-toast').count(), 0, 'it speaks without being asked');
  });

  it('has a walkthrough of five steps, each with a picture', async () => {
    await page.locator('.welcome-view-content a', { hasText: 'how it works' }).click();
    const titles = [
      'Add your repository',
      'Describe work as beads',
      'Group beads in a convoy',
      'Start the engine',
      'Watch and take part',
    ];
    for (const [index, title] of titles.entries()) {
      await done(title, false).waitFor();
      if (index > 0) await walkthroughStep(title).getByText(title).first().click();
      await page
        .locator('.getting-started-media :is(img, svg, iframe, .webview)')
        .first()
        .waitFor({ state: 'attached' });
      await walkthroughStep(title).getByRole('button').last().waitFor();
    }
    assert.equal(await page.locator('.getting-started-step').count(), titles.length);
    await session.screenshot('first-start-walkthrough');
  });

  it('sets up the open folder with one click and one approval', async () => {
    await follow('Add your repository', 'Open the Gas Town View');
    await page.getByRole('button', { name: 'Set Up Gas Town for This Repository' }).click();
    const dialog = page.locator('.monaco-dialog-box');
    await dialog.waitFor();
    await session.screenshot('first-start-consent');
    await dialog.getByRole('button', { name: 'Allow' }).click();
    await treeRow(page, /^Rig notes$/).waitFor();
    await done('Add your repository').waitFor();
    await session.screenshot('first-start-town');
  });

  it('creates beads, with the title in a box and the description in an editor', async () => {
    await follow('Start the engine', 'Set Default Agent');
    await choose(page, 'script');
    await follow('Describe work as beads', 'Create Bead');
    await describe(
      'Say hello',
      'echo hello from an agent; for n in $(seq 12); do echo $n; sleep 0.5; done; echo hello > hello.txt; git add -A; git commit -qm hello',
    );
    await page.locator('.pane-header[aria-label^="Convoys"]').hover();
    await page.getByRole('button', { name: 'Create Bead…' }).first().click();
    await describe('Say goodbye', 'echo goodbye > bye.txt; git add -A; git commit -qm goodbye');
  });

  it('groups them in a convoy in sequence, and launches it', async () => {
    await follow('Group beads in a convoy', 'Create Convoy');
    await step(page, 'Convoy name');
    await clickAndAnswer(page, 'Manners');
    await step(page, 'Select beads');
    await tick(page, 'Say hello');
    await tick(page, 'Say goodbye');
    await session.screenshot('first-start-convoy-beads');
    await openWith(entry(page, 'In sequence'), () =>
      succeeds(quickInput(page).getByRole('button', { name: 'OK' }).click({ timeout: STEP_MS })),
    );
    await choose(page, 'In sequence');
    await choose(page, 'Launch now');
    await treeRow(page, /^Convoy Manners, 0 of 2$/).waitFor();
    await treeRow(page, /^Bead Say goodbye, waiting for Say hello/).waitFor();
    await page.getByText('The engine is paused: nothing new starts.').first().waitFor();
    for (const title of ['Describe work as beads', 'Group beads in a convoy']) await done(title).waitFor();
  });

  it('starts the engine, and an agent works in a terminal', async () => {
    await follow('Start the engine', 'Start Engine');
    await treeRow(page, /^Agent furiosa, polecat, working/).waitFor();
    await follow('Watch and take part', 'Open Agent Terminal');
    await choose(page, 'furiosa');
    await untilTerminal(page, 'hello from an agent');
    for (const title of ['Start the engine', 'Watch and take part']) await done(title).waitFor();
    await page.mouse.move(900, 300);
    await session.screenshot('first-start-agent');
  });

  it('lands the convoy, and fast-forwards the checkout with one click', async () => {
    await treeRow(page, /^Convoy Manners, 2 of 2, landed/).waitFor();
    assert.ok(!existsSync(path.join(project, 'hello.txt')), 'the checkout was touched');
    await treeRow(page, /^Agent \w+, polecat/)
      .first()
      .waitFor({ state: 'detached' }); // it has been removed after the merge
    await treeRow(page, /^Rig notes.*2 commits ready/).hover();
    await treeRow(page, /^Rig notes/)
      .getByRole('button', { name: 'Fast-Forward Repository to Merged Work' })
      .click();
    await treeRow(page, /^Rig notes$/).waitFor();
    await session.screenshot('first-start-landed');
    assert.deepEqual(git('log', '--format=%s', '-2').split('\n'), ['goodbye', 'hello']);
    assert.equal(git('status', '--porcelain'), '');
  });

  /** Answers Create Bead with the mouse, and writes its description in an editor. */
  async function describe(title: string, script: string): Promise<void> {
    await step(page, 'Bead title');
    await clickAndAnswer(page, title);
    await choose(page, 'task');
    await choose(page, 'P2');
    await step(page, 'Description in Markdown');
    await writeDescription(
      page,
      () => quickInput(page).getByRole('button', { name: 'Write in an editor' }).click(),
      `\`\`\`sh\n${script}\n\`\`\`\n`,
    );
  }
});

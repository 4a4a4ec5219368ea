import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { WAIT_MS } from '../harness/limits';
import { repoRoot } from '../harness/paths';
import type { VsixSession } from '../harness/vsixSession';
import { waitUntil } from '../helpers/temp';
import { arrowTo, assertFocusIsSeen } from './hands';
import { inOrder, inVsCode } from './versions';
import { cli, makeTown, openForPictures, palette, script, treeRow } from './vsix';

interface Violation {
  id: string;
  nodes: { html: string; failureSummary?: string }[];
}

/** Rules about the content that this extension puts into VS Code's widgets, not about the widgets. */
const ours = [
  'aria-command-name',
  'aria-hidden-focus',
  'aria-input-field-name',
  'aria-roles',
  'aria-toggle-field-name',
  'aria-treeitem-name',
  'aria-valid-attr',
  'aria-valid-attr-value',
  'button-name',
  'duplicate-id-aria',
  'image-alt',
  'link-name',
  'label',
  'svg-img-alt',
  'tabindex',
];

/** Names for screen readers, contrast of icons, Tab order. */
inVsCode('the accessibility of the views', 'oldest', function (lane) {
  inOrder(this);
  let scratch: string;
  let session: VsixSession;
  let page: Page;

  before(async () => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'gt-access-'));
    session = await openForPictures(path.join(scratch, 'notes'), lane);
    page = session.page;
    await fill(session);
  });

  after(async () => {
    await session?.dispose();
    rmSync(scratch, { recursive: true, force: true });
  });

  it('breaks no rule that applies to content of this extension', async () => {
    await page.evaluate(
      readFileSync(createRequire(path.join(repoRoot(), 'package.json')).resolve('axe-core/axe.min.js'), 'utf8'),
    );
    const { found, kept } = await page.evaluate<{
      found: Violation[];
      kept: string[];
    }>(`axe.run({ include: ['[id="workbench.view.extension.gastown"]', '[id="gastown.gastown-vscode.gastown.status"]'] },
      { runOnly: ${JSON.stringify(ours)} }).then(({ violations, passes }) => ({ found: JSON.parse(JSON.stringify(violations)), kept: passes.map(({ id }) => id) }))`);
    assert.deepEqual(
      found.map(({ id, nodes }) => [id, ...nodes.slice(0, 3).map((node) => node.html.slice(0, 300))]),
      [],
    );
    for (const rule of ['aria-treeitem-name', 'aria-command-name', 'aria-valid-attr-value'])
      assert.ok(kept.includes(rule), `${rule} had nothing to look at`);
  });

  it('gives each row a name with its kind and state', async () => {
    const names = await page
      .locator('[id="workbench.view.extension.gastown"] [role="treeitem"]')
      .evaluateAll((rows) =>
        rows.map(
          (row) => (row as unknown as { getAttribute(name: string): string | null }).getAttribute('aria-label') ?? '',
        ),
      );
    assert.deepEqual(
      names.filter(
        (name) =>
          !/^(Town|Rig|Agent|Convoy|Bead) \S+|^[\p{L}… ·-]+: \S+|^[\p{L} ]+, \d+ (beads?|convoys?)$/u.test(name),
      ),
      [],
    );
    assert.deepEqual(
      names.filter((name) => /\$\(|undefined|NaN|\[object/.test(name)),
      [],
    );
  });

  it('lets Tab leave the views, forwards and backwards', async () => {
    await palette(page, 'Gas Town: Focus on Agents View');
    await arrowTo(page, /^Town gt/);
    for (const key of ['Tab', 'Shift+Tab']) {
      const inView = page.locator('[id="workbench.view.extension.gastown"]:focus-within');
      for (let press = 0; press < 60 && (await inView.count()) > 0; press++) {
        await page.keyboard.press(key);
        await assertFocusIsSeen(page);
      }
      assert.equal(await inView.count(), 0, `${key} never leaves the views`);
      await palette(page, 'Gas Town: Focus on Agents View');
      await inView.waitFor();
    }
  });

  for (const [theme, name, least] of [
    ['Default High Contrast', 'dark-high-contrast', 3],
    ['Default High Contrast Light', 'light-high-contrast', 3],
    ['Default Light Modern', 'light', 1.6],
    ['Default Dark Modern', 'dark', 1.6],
  ] as const) {
    it(`has visible icons in ${theme}`, async () => {
      const background = await sidebarColour(page);
      session.configure({ 'workbench.colorTheme': theme });
      await waitUntil('the theme changes', async () => (await sidebarColour(page)) !== background, WAIT_MS);
      await page.mouse.move(900, 300);
      await session.screenshot(`themes-${name}`);
      await assertNoFaintIcons(least);
    });
  }

  /** Colours fade in after a change of the theme. */
  async function assertNoFaintIcons(least: number): Promise<void> {
    const faintIcons = async () => (await iconContrasts(page)).filter(({ contrast }) => contrast < least);
    const deadline = Date.now() + WAIT_MS;
    let faint = await faintIcons();
    while (faint.length > 0 && Date.now() < deadline) faint = await faintIcons();
    assert.deepEqual(faint, []);
  }
});

/** Rows of every kind: work in each state, a failure, an escalation, a staged convoy. */
async function fill(session: VsixSession): Promise<void> {
  const {
    page,
    sandbox: { env },
  } = session;
  const town = await makeTown(session, 'notes');
  const bead = (title: string, text: string, ...more: string[]): string =>
    cli('bd', env, path.join(town, 'notes'), 'create', title, '-d', script(text), '--silent', ...more);
  cli('gt', env, town, 'config', 'default-agent', 'script');
  const quick = bead('Index the titles', 'echo index > index.txt; git add -A; git commit -qm index');
  const slow = bead('Add a search box', 'gt escalate -s critical "Which box?"\nsleep 600', '--deps', quick);
  cli(
    'gt',
    env,
    town,
    'convoy',
    'create',
    '--launch',
    'Search',
    quick,
    slow,
    bead('Rank the hits', 'true', '--deps', slow),
  );
  cli('gt', env, town, 'convoy', 'create', 'Export', bead('Write the exporter', 'true'), '--stage');
  cli('gt', env, town, 'escalate', '-s', 'low', 'A note');
  cli('gt', env, town, 'up');
  await treeRow(page, /^escalation · critical: .*Which box\?/).waitFor();
  await treeRow(page, /^fast-forward…: /).waitFor();
  await palette(page, 'Gas Town: Focus on Beads View');
  await treeRow(page, /^Ready, /).waitFor();
  await treeRow(page, /^Loading/)
    .first()
    .waitFor({ state: 'detached' });
  await palette(page, 'Notifications: Clear All Notifications');
}

const views = '[id="workbench.view.extension.gastown"]';

function sidebarColour(page: Page): Promise<string> {
  return page.evaluate<string>('getComputedStyle(document.getElementById("workbench.parts.sidebar")).backgroundColor');
}

/** The contrast of each icon against its background, as WCAG defines it. */
function iconContrasts(page: Page): Promise<{ row: string; contrast: number }[]> {
  return page.evaluate(`(() => {
    const numbers = (colour) => { const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number); return { rgb: [r, g, b], a }; };
    const light = (rgb) => rgb.map((part) => part / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = numbers(getComputedStyle(document.getElementById('workbench.parts.sidebar')).backgroundColor).rgb;
    return [...document.querySelectorAll('${views} .monaco-list-row:not(.selected) .custom-view-tree-node-item-icon.codicon')].map((icon) => {
      const { rgb, a } = numbers(getComputedStyle(icon, '::before').color);
      const [x, y] = [light(rgb.map((part, i) => part * a + behind[i] * (1 - a))), light(behind)];
      return { row: icon.closest('[role="treeitem"]').getAttribute('aria-label'), contrast: Math.round(100 * (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05)) / 100 };
    });
  })()`);
}

// Actions of a person in VS Code, with mouse and keyboard, and checks of the visible focus.
import assert from 'node:assert/strict';
import type { Locator, Page } from 'playwright-core';
import { WAIT_MS } from '../harness/limits';
import { waitUntil } from '../helpers/temp';

export function quickInput(page: Page): Locator {
  return page.locator('.quick-input-widget');
}

/** Waits for the step of a command with this text, as its message or as the placeholder of its input. */
export async function step(page: Page, text: string): Promise<void> {
  await page
    .locator(`.quick-input-widget :is(.quick-input-message:has-text("${text}"), input[placeholder*="${text}"])`)
    .waitFor();
}

/**
 * Answers in a box while VS Code's walkthrough takes the focus back, as it does when a step is completed: repeated until the box
 * is gone, or is that of the next step.
 */
export async function clickAndAnswer(page: Page, text: string): Promise<void> {
  const box = quickInput(page).locator('.quick-input-box input');
  const hasText = async (): Promise<boolean> => (await box.isVisible()) && (await box.inputValue()) === text;
  await waitUntil(
    `“${text}” is answered`,
    async () => {
      await succeeds(box.fill(text, { timeout: STEP_MS }));
      if (!(await hasText())) return false;
      await succeeds(box.press('Enter', { timeout: STEP_MS }));
      return succeeds(waitUntil('the box is another one', async () => !(await hasText()), STEP_MS));
    },
    WAIT_MS,
  );
}

export async function answer(page: Page, text: string): Promise<void> {
  await page.keyboard.type(text);
  await page.keyboard.press('Enter');
}

/** An entry of a quick pick. The name of an icon comes first. */
export function entry(page: Page, name: string): Locator {
  return quickInput(page).getByRole('option', { name: new RegExp(`^(\\S+ +)?${name}`) });
}

/** After this time without an effect a click is repeated. */
export const STEP_MS = 5_000;

/** Whether an action of the browser succeeded in its time. */
export function succeeds(action: Promise<unknown>): Promise<boolean> {
  return action.then(
    () => true,
    () => false,
  );
}

/** Clicks an entry of a quick pick. The list may be drawn again at that moment, and then the click has no effect. */
export async function choose(page: Page, name: string): Promise<void> {
  const wanted = entry(page, name);
  await wanted.waitFor();
  await waitUntil(
    `“${name}” is chosen`,
    async () => {
      await succeeds(wanted.click({ timeout: STEP_MS }));
      return succeeds(wanted.waitFor({ state: 'hidden', timeout: STEP_MS }));
    },
    WAIT_MS,
  );
}

/** Checks an entry of a quick pick with checkboxes. */
export async function tick(page: Page, name: string): Promise<void> {
  const box = quickInput(page)
    .getByRole('checkbox', { name: new RegExp(`^${name}`) })
    .first();
  await box.waitFor();
  await waitUntil(
    `“${name}” is checked`,
    async () => {
      if (await box.isChecked()) return true;
      await succeeds(box.click({ timeout: STEP_MS }));
      return succeeds(waitUntil('the click has its effect', () => box.isChecked(), STEP_MS));
    },
    WAIT_MS,
  );
}

/** Waits until this row of a list has the focus. */
export async function focusedRow(page: Page, name: RegExp): Promise<void> {
  await page
    .locator('.monaco-list:focus-within .monaco-list-row.focused')
    .and(page.getByRole('treeitem', { name }))
    .waitFor();
}

/** Moves to a row of the focused tree with the arrow keys. */
export async function arrowTo(page: Page, name: RegExp): Promise<void> {
  await page.locator('.monaco-list:focus-within').getByRole('treeitem').first().waitFor();
  await page.keyboard.press('Home');
  const focused = page
    .locator('.monaco-list:focus-within .monaco-list-row.focused')
    .and(page.getByRole('treeitem', { name }));
  for (let row = 0; row < 50 && (await focused.count()) === 0; row++) {
    await page.keyboard.press('ArrowDown');
    await assertFocusIsSeen(page);
  }
  await focused.waitFor();
}

/**
 * Repeats what opens something until it is there: a row that is drawn anew in that moment takes neither click nor key, and a row
 * of before opens what was there before.
 */
export async function openWith(opened: Locator, action: () => Promise<unknown>): Promise<void> {
  await waitUntil(
    `${String(opened)} is there`,
    async () => {
      await action();
      return succeeds(opened.waitFor({ timeout: STEP_MS }));
    },
    WAIT_MS,
  );
}

/** Runs an item of the open menu with the keyboard. */
export async function menuTo(page: Page, name: RegExp): Promise<void> {
  const menu = page.locator('.monaco-menu');
  await menu.getByRole('menuitem', { name }).waitFor();
  const focused = menu.locator('.action-item.focused').getByRole('menuitem', { name });
  for (let item = 0; item < 30 && (await focused.count()) === 0; item++) {
    await page.keyboard.press('ArrowDown');
    await assertFocusIsSeen(page);
  }
  await page.keyboard.press('Enter');
}

/** Presses Tab until this has the focus; fails if Tab does not reach it. */
export async function tabTo(page: Page, target: Locator, keys = 'Tab'): Promise<void> {
  const reached = target.and(page.locator(':focus'));
  for (let press = 0; press < 40 && (await reached.count()) === 0; press++) {
    await page.keyboard.press(keys);
    await assertFocusIsSeen(page);
  }
  assert.equal(await reached.count(), 1, `${keys} never reaches ${String(target)}`);
}

/** Widgets whose focused element is invisible: the widget shows the focus. */
const carriers =
  '.monaco-editor, .xterm, .quick-input-widget, .monaco-menu, .monaco-dialog-box, .monaco-list, .native-edit-context';

/** The focus must be visible, at the latest after an animation. */
export async function assertFocusIsSeen(page: Page): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const problem = await focusProblem(page);
    if (problem === undefined) return;
    assert.ok(Date.now() < deadline, problem);
    await page.waitForTimeout(50);
  }
}

async function focusProblem(page: Page): Promise<string | undefined> {
  const focused = page.locator(':focus');
  if ((await focused.count()) === 0) return 'nothing has the focus';
  const name = await focused
    .first()
    .getAttribute('class', { timeout: 500 })
    .catch(() => '');
  const inside = page.locator(`:is(${carriers}):focus-within`);
  const carrier = (await inside.count()) > 0 ? inside.last() : focused.first();
  const box = await carrier.boundingBox({ timeout: 500 }).catch(() => null);
  const view = page.viewportSize();
  if (!box || !view || box.width <= 1 || box.height <= 1) return `what has the focus has no size: ${String(name)}`;
  return box.x < view.width && box.y < view.height && box.x + box.width > 0 && box.y + box.height > 0
    ? undefined
    : `what has the focus is out of sight: ${String(name)}`;
}

/** Counts events of the pointer, to prove that no mouse was used. */
export async function countPointer(page: Page): Promise<() => Promise<number>> {
  await page.evaluate(
    'window.pointerEvents = 0; for (const kind of ["pointerdown", "pointermove", "wheel"]) window.addEventListener(kind, (event) => { if (event.isTrusted) window.pointerEvents++; }, true)',
  );
  return () => page.evaluate<number>('window.pointerEvents');
}

/** Writes a bead's description into the editor that `open` opens, and saves it. */
export async function writeDescription(page: Page, open: () => Promise<void>, text: string): Promise<void> {
  const active = page.locator('.editor-group-container.active .tab.active');
  const before = (await active.count()) > 0 ? await active.getAttribute('data-resource-name') : '';
  await open();
  await active.and(page.locator(`[data-resource-name$=".md"]:not([data-resource-name="${before}"])`)).waitFor();
  const name = (await active.getAttribute('data-resource-name')) ?? '';
  await page.locator(`:focus[aria-label^="${name}"]`).waitFor({ state: 'attached' });
  await page.keyboard.insertText(text);
  await page
    .locator('.editor-group-container.active .view-line', { hasText: text.split('\n')[0] ?? '' })
    .first()
    .waitFor();
  await page.keyboard.press('Control+s');
  await active.and(page.locator(':not(.dirty)')).waitFor();
}

import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { VsixSession } from '../harness/vsixSession';
import { cli, makeTown, openForPictures, openGasTown, palette, script, treeRow, untilTerminal } from './vsix';
import { inVsCode } from './versions';

/** The pictures of the README: a running convoy whose dependencies form a diamond. */
inVsCode('pictures of a running convoy', 'oldest', function (lane) {
  let scratch: string;
  let session: VsixSession;

  before(async () => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'gt-pictures-'));
    session = await openForPictures(path.join(scratch, 'notes'), lane);
  });

  after(async () => {
    await session?.dispose();
    rmSync(scratch, { recursive: true, force: true });
  });

  it('shows the sidebar and a terminal', async () => {
    const {
      page,
      sandbox: { env },
    } = session;
    await openGasTown(page);
    await page.getByRole('button', { name: 'Set Up Gas Town for This Repository' }).waitFor();
    await away();
    await session.screenshot('first-look');
    const town = await makeTown(session, 'notes');
    cli('gt', env, town, 'config', 'default-agent', 'script');
    const bead = (title: string, seconds: number, needs: string[] = [], before = ''): string => {
      const name = title.toLowerCase().replace(/\W+/g, '-');
      const text = `${before}for n in $(seq ${seconds * 2}); do echo "$n: writing ${name}.js"; sleep 0.5; done\necho "exports.title = '${name}';" > ${name}.js\ngit add -A\ngit commit -qm "${title}"`;
      return cli(
        'bd',
        env,
        path.join(town, 'notes'),
        'create',
        title,
        '-d',
        script(text),
        '--silent',
        ...(needs.length > 0 ? ['--deps', needs.join(',')] : []),
      );
    };
    const index = bead('Index the titles', 1);
    const box = bead(
      'Add a search box',
      60,
      [index],
      'echo Ready to begin\nread -r go\ngt escalate -s critical --bead "$GT_BEAD" "May I add a library for the search box?"\n',
    );
    const query = bead('Parse queries', 60, [index]);
    const rank = bead('Rank the hits', 2, [query]);
    const page1 = bead('Show hits as you type', 2, [box, query]);
    const docs = bead('Document the search', 1, [rank, page1]);
    cli('gt', env, town, 'convoy', 'create', '--launch', 'Search in notes', index, box, query, rank, page1, docs);
    cli('gt', env, town, 'convoy', 'create', 'Export to Markdown', bead('Write the exporter', 1), '--stage');
    cli('gt', env, town, 'up');
    await treeRow(page, /^Convoy Search in notes, 1 of 6/).waitFor();
    await treeRow(page, /^Bead Parse queries, \w+ is working/).waitFor();
    await treeRow(page, /^Bead Add a search box, \w+ is working/).waitFor();
    await away();
    await session.screenshot('sidebar-convoy-running');
    await treeRow(page, /^Bead Parse queries/).click();
    await page.getByRole('tab', { name: /\.md/ }).waitFor();
    await openTerminalOf('Parse queries');
    await untilTerminal(page, '3: writing parse-queries.js');
    await away();
    await session.screenshot('agent-terminal');
    await openTerminalOf('Add a search box');
    await untilTerminal(page, 'Ready to begin');
    await page.keyboard.type('go ahead\n');
    await treeRow(page, /^escalation · critical: /).waitFor();
    await page.locator('.notification-toast', { hasText: 'May I add a library' }).waitFor();
    await untilTerminal(page, '2: writing add-a-search-box.js');
    await away();
    await session.screenshot('needs-attention');
    // Beside the side bar the newer VS Code has no room for the picture of a step.
    await palette(page, 'View: Toggle Primary Side Bar Visibility');
    await palette(page, 'Gas Town: Open Walkthrough');
    await page.getByText('Group beads in a convoy').first().click();
    // Its picture is drawn in a frame of its own; beside it there is another one while it loads.
    await page
      .frameLocator('iframe.webview.ready')
      .frameLocator('#active-frame')
      .locator('svg:visible')
      .first()
      .waitFor();
    await session.screenshot('walkthrough');

    /** From the row of the bead: that of the agent may be out of view. */
    async function openTerminalOf(title: string): Promise<void> {
      const row = treeRow(page, new RegExp(`^Bead ${title}, \\w+ is working`));
      await row.hover();
      await row.getByRole('button', { name: 'Open Agent Terminal…' }).click();
    }

    /** So that nothing is hovered. */
    async function away(): Promise<void> {
      await page.mouse.move(900, 300);
    }
  });
});

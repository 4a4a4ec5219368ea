import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { VsixSession } from '../harness/vsixSession';
import { cli, makeTown, openForPictures, palette, script, treeRow, untilTerminal } from './vsix';
import { inVsCode } from './versions';

/** The pictures of the README: a convoy in a diamond, under way. */
inVsCode('pictures of a convoy under way', 'oldest', function (lane) {
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
    const { page, sandbox: { env } } = session;
    const town = await makeTown(session, 'notes');
    cli('gt', env, town, 'config', 'default-agent', 'script');
    const bead = (title: string, seconds: number, ...needs: string[]): string => {
      const name = title.toLowerCase().replace(/\W+/g, '-');
      const text = `for n in $(seq ${seconds * 2}); do echo "$n: writing ${name}.js"; sleep 0.5; done\necho "exports.title = '${name}';" > ${name}.js\ngit add -A\ngit commit -qm "${title}"`;
      return cli('bd', env, path.join(town, 'notes'), 'create', title, '-d', script(text), '--silent', ...(needs.length > 0 ? ['--deps', needs.join(',')] : []));
    };
    const index = bead('Index the titles', 1);
    const box = bead('Add a search box', 20, index);
    const query = bead('Parse queries', 20, index);
    const rank = bead('Rank the hits', 2, query);
    const page1 = bead('Show hits as you type', 2, box, query);
    const docs = bead('Document the search', 1, rank, page1);
    cli('gt', env, town, 'convoy', 'create', 'Search in notes', index, box, query, rank, page1, docs);
    cli('gt', env, town, 'convoy', 'create', 'Export to Markdown', bead('Write the exporter', 1), '--stage');
    cli('gt', env, town, 'up');
    await treeRow(page, /^Convoy Search in notes, 1 of 6/).waitFor({ timeout: 60_000 });
    await treeRow(page, /^Bead Parse queries, \w+ works on it/).waitFor();
    await treeRow(page, /^Bead Add a search box, \w+ works on it/).waitFor();
    await page.mouse.move(900, 300);
    await page.waitForTimeout(500);
    await session.screenshot('sidebar-convoy-running');
    await treeRow(page, /^Agent \w+, polecat, working · Parse queries/).click();
    await untilTerminal(page, '3: writing parse-queries.js');
    await page.mouse.move(900, 300);
    await page.waitForTimeout(500);
    await session.screenshot('agent-terminal');
    await palette(page, 'Gas Town: Open Walkthrough');
    await page.getByText('Bundle beads in a convoy').first().click();
    await page.waitForTimeout(1_500);
    await session.screenshot('walkthrough');
  });
});

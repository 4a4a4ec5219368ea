import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { WAIT_MS } from '../harness/limits';
import { repoRoot } from '../harness/paths';
import { openVsixSession, type VsixSession } from '../harness/vsixSession';
import { waitUntil } from '../helpers/temp';
import { inVsCode } from './versions';
import { agentPid, makeProject, newestVsix, openGasTown, script, treeRow, untilTerminal } from './vsix';

/** The extension is updated while agents work: the server is replaced, and the agents are not affected. */
inVsCode('an update while an agent works', 'oldest', function (lane) {
  let scratch: string;
  let older: string;
  let project: string;
  let session: VsixSession;

  before(async () => {
    scratch = mkdtempSync(path.join(os.tmpdir(), 'gt-update-'));
    project = makeProject(path.join(scratch, 'notes'));
    older = path.join(repoRoot(), 'out', 'older'); // in the checkout, so that it finds the terminal library
    execFileSync(process.execPath, ['esbuild.mjs', `--out=${older}`, '--stamp=1000'], { cwd: repoRoot() });
    session = await openVsixSession({
      lane,
      vsix: newestVsix(),
    });
  });

  after(async () => {
    await session?.dispose();
    rmSync(scratch, { recursive: true, force: true });
  });

  it('hands the town over to the newer server; the agent continues in the same process and terminal', async () => {
    const {
      page,
      sandbox: { env, home, root },
    } = session;
    const town = path.join(home, 'gt');
    const cli = (program: string, cwd: string, ...args: string[]): string =>
      execFileSync(process.execPath, [path.join(older, `${program}.js`), ...args], {
        cwd,
        env,
        encoding: 'utf8',
      }).trim();
    const serverPid = (): number =>
      (JSON.parse(readFileSync(path.join(town, '.runtime', 'server.json'), 'utf8')) as { pid: number }).pid;
    const shim = (): string => readFileSync(path.join(town, '.runtime', 'bin', 'gt'), 'utf8');
    cli('gt', scratch, 'install', town);
    cli('gt', town, 'rig', 'add', 'notes', project, '--yes');
    cli('gt', town, 'config', 'default-agent', 'script');
    const talk =
      'echo born under the older one\nwhile read -r line; do echo "you said $line"; [ "$line" = bye ] && break; done\necho bye > chat.txt\ngit add -A\ngit commit -qm chat';
    cli(
      'gt',
      town,
      'convoy',
      'create',
      '--launch',
      'Talk',
      cli('bd', path.join(town, 'notes'), 'create', 'Chat', '-d', script(talk), '--silent'),
    );
    cli('gt', town, 'up');
    const isWorking = (): boolean => {
      try {
        return agentPid(town, 'furiosa') > 0;
      } catch {
        return false;
      }
    };
    await waitUntil('the agent works', isWorking, WAIT_MS);
    const [agent, server] = [agentPid(town, 'furiosa'), serverPid()];
    assert.ok(shim().includes(older), 'the older programs do not run this town');

    await page.goto(`${new URL(page.url()).origin}/?folder=${encodeURIComponent(project)}`);
    await openGasTown(page);
    await treeRow(page, /^Agent furiosa, polecat, working/).click();
    await untilTerminal(page, 'born under the older one');
    assert.notEqual(serverPid(), server, 'the older server still runs the town');
    assert.equal(agentPid(town, 'furiosa'), agent);
    assert.ok(process.kill(agent, 0));
    assert.ok(shim().includes(root) && !shim().includes(older), `agents still get the older gt: ${shim()}`);
    await page.locator('.terminal-wrapper.active .xterm-screen').click();
    await page.keyboard.type('hello\n');
    await untilTerminal(page, 'you said hello');
    await session.screenshot('update-goes-on');
    await page.keyboard.type('bye\n');
    await treeRow(page, /^Convoy Talk, 1 of 1, landed/).waitFor();
  });
});

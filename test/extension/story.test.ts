import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import type { GasTownApi } from '../../client/src/extension';
import { BeadCreate, BeadList, CommentAdd } from '../../server/src/protocol/bead';
import { driver, hasDriver, print } from '../harness/driverClient';
import { TEST_MS } from '../harness/limits';
import {
  answer,
  answerQuestions,
  choose,
  clickUntil,
  gastown,
  git,
  makeRepository,
  palette,
  step,
  tick,
  until,
  workspaceFolder,
} from './gastown';

/** From an open repository to merged work, as a person does it: welcome, palette, trees, terminal. */
describe('the main job in VS Code', function () {
  this.timeout(TEST_MS);
  this.bail(true); // each test needs the one before
  let api: GasTownApi;
  const beads: string[] = [];

  before(async function () {
    if (!hasDriver()) return this.skip();
    api = await gastown();
    return undefined;
  });

  const row = (namePattern: string) => ({ role: 'treeitem', namePattern });
  const state = () => ({
    convoys: api.store.convoys.all(),
    beads: api.store.beads.all(),
    attention: api.store.attention.all().map((item) => item.title),
  });

  it('explains what is missing in a folder that is not a repository', async () => {
    await driver.click({ role: 'tab', namePattern: '^Gas Town' });
    await driver.waitFor({ role: 'button', name: 'Initialize Repository' });
  });

  it('runs nothing of a town that the folder ships', async () => {
    const folder = workspaceFolder();
    mkdirSync(path.join(folder, 'mayor'));
    writeFileSync(path.join(folder, 'mayor', 'town.json'), '{"type":"town","version":2,"name":"evil"}');
    await api.resolver.refresh();
    await driver.waitFor({ role: 'button', name: 'Trust This Town' });
    await driver.screenshot('welcome-unregistered');
    assert.equal(api.connection.state.kind, 'none');
    assert.ok(!existsSync(path.join(folder, '.runtime')));
    const asked = answerQuestions(api, () => undefined);
    await driver.click({ role: 'button', name: 'Trust This Town' });
    await until('the question', () => asked.length === 1);
    assert.equal(api.resolver.finding?.kind, 'unregistered');
    rmSync(path.join(folder, 'mayor'), { recursive: true });
  });

  it('sets up the open repository with one click, and asks about its commands', async () => {
    makeRepository(workspaceFolder(), {
      'package.json': JSON.stringify({ name: 'story', version: '1.0.0', scripts: { test: 'node --test' } }, null, 2),
      'sum.js': 'exports.sum = (a, b) => a + b;\n',
      'sum.test.js':
        "const { test } = require('node:test');\ntest('sum', () => require('node:assert').equal(require('./sum').sum(1, 2), 3));\n",
    });
    await api.resolver.refresh();
    const asked = answerQuestions(api);
    await driver.waitFor({ role: 'button', name: 'Set Up Gas Town for This Repository' });
    await driver.screenshot('welcome');
    const started = Date.now();
    await driver.click({ role: 'button', name: 'Set Up Gas Town for This Repository' });
    const rig = await until('the rig', () => api.store.rigs.all()[0]);
    print(`      town and rig after ${Date.now() - started} ms`);
    await until('the consent', () => api.store.rigs.all()[0]?.accepted, state);
    assert.equal(rig.id, 'workspace');
    assert.equal(asked.length, 1);
    assert.match(asked[0]?.detail ?? '', /test: npm test/);
    assert.ok(existsSync(path.join(process.env['HOME'] ?? '', 'gt', 'mayor', 'town.json')));
    await driver.waitFor(row('^Town gt, engine paused'));
    await driver.waitFor(row('^Rig workspace'));
  });

  it('sets the runtime of the town from the palette', async () => {
    await palette('Gas Town: Set Default Agent');
    await choose('script');
    await until('the default agent', () => api.store.town?.defaultAgent === 'script');
  });

  it('creates beads from the palette', async () => {
    for (const title of ['Add greeting', 'Use greeting', 'Document it']) {
      await palette('Gas Town: Create Bead');
      await step('Bead title');
      await answer(title);
      await step('Type');
      await driver.press('Enter');
      await step('Priority');
      await driver.press('Enter');
      await step('Description in Markdown');
      await driver.press('Enter');
      beads.push(await createdBead(title));
    }
    assert.equal(new Set(beads).size, 3);
    const [first = '', second = '', third = ''] = beads;
    await describeBead(
      first,
      'echo working on the greeting; sleep 3; echo "exports.greet = (n) => `hi ${n}`;" > greet.js; git add -A; git commit -qm "add greeting"',
    );
    await describeBead(
      second,
      'echo what shall it say; read -r words; echo "$words" > words.txt; git add -A; git commit -qm "use greeting"',
    );
    await describeBead(third, 'echo documented > README.md; git add -A; git commit -qm "document it"');
  });

  it('creates a staged convoy of them with dependencies', async () => {
    await palette('Gas Town: Create Convoy');
    await step('Convoy name');
    await answer('Greetings');
    await step('Select beads');
    await driver.press('ArrowDown', 'Space'); // one by keyboard, the others by mouse
    await tick('Use greeting');
    await tick('Document it');
    await driver.waitFor({ selector: '.quick-input-count', text: '3 Selected' });
    await driver.screenshot('convoy-beads');
    await driver.press('Enter');
    await step('Select the order');
    await choose('Choose for each bead');
    await driver.waitFor({ selector: '.quick-input-title', text: 'bead 1 of 3' });
    await driver.press('Enter');
    await driver.waitFor({ selector: '.quick-input-title', text: 'bead 2 of 3' });
    await tick('Add greeting');
    await driver.screenshot('convoy-dependencies');
    await driver.press('Enter');
    await driver.waitFor({ selector: '.quick-input-title', text: 'bead 3 of 3' });
    await tick('Use greeting');
    await driver.press('Enter');
    await choose('Stage');
    await driver.waitFor(row('^Convoy Greetings, 0 of 3, staged'));
    await driver.waitFor(row('^Bead Use greeting, waiting for Add greeting'));
    await driver.screenshot('sidebar-convoy-staged');
  });

  it('launches it and starts the engine; the trees are updated', async () => {
    await palette('Gas Town: Launch Convoy');
    await step('Select a convoy');
    await driver.press('Enter');
    await until('the launch', () => api.store.convoys.all()[0]?.status === 'open');
    await driver.waitFor(row('^Convoy Greetings, 0 of 3$'));
    const started = Date.now();
    await driver.hover({ role: 'treeitem', namePattern: '^Convoy Greetings' });
    await driver.click({ role: 'button', name: 'Start Engine' });
    await driver.waitFor(row('^Bead Add greeting, \\w+ is working'));
    print(`      an agent at work ${Date.now() - started} ms after the engine's start`);
    await driver.waitFor(row('^Agent furiosa, polecat, working'));
    await driver.waitFor({ selector: '[id="gastown.gastown-vscode.gastown.status"]', text: '1' });
    await driver.screenshot('story-running');
  });

  it('opens the terminal of an agent, and sends input to it', async () => {
    await driver.waitFor(row('^Bead Use greeting, \\w+ is working'));
    const agent = await until('the agent', () =>
      api.store.agents.all().find((one) => one.bead === beads[1] && one.session),
    );
    await clickUntil('its terminal', row(`^Agent ${agent.name},`), () =>
      vscode.window.activeTerminal?.name.startsWith(agent.name),
    );
    await driver.waitFor({ selector: '.terminal-wrapper.active .xterm-rows', text: 'what shall it say' });
    await driver.screenshot('story-terminal');
    await driver.click({ selector: '.terminal-wrapper.active .xterm-screen' });
    await driver.type('hello from the person');
    await driver.press('Enter');
    await driver.waitFor(row('^Convoy Greetings, 2 of 3'));
  });

  it('lands the convoy, notifies the person, and offers a fast-forward', async () => {
    const convoy = await until(
      'the landing',
      () => api.store.convoys.all().find((one) => one.status === 'closed'),
      state,
    );
    assert.equal(convoy.done, 3);
    const told = await until(
      'the message',
      () => api.notifications.shown.find((text) => text.includes('Greetings')),
      () => api.notifications.shown,
    );
    print(`      "${told}"`);
    await until('the offer', () => api.store.attention.all().some((item) => item.kind === 'fast-forward'), state);
    await driver.waitFor({ role: 'treeitem', namePattern: 'fast-forward' });
    await driver.screenshot('sidebar-convoy-landed');
    await driver.click({ role: 'treeitem', namePattern: 'fast-forward' });
    const folder = workspaceFolder();
    await until(
      'the files in the checkout',
      () => existsSync(path.join(folder, 'words.txt')) && existsSync(path.join(folder, 'greet.js')),
    );
    assert.equal(readFileSync(path.join(folder, 'words.txt'), 'utf8').trim(), 'hello from the person');
    assert.equal(git(folder, 'status', '--porcelain'), '');
    print(git(folder, 'log', '--graph', '--format=%s (%an)').replace(/^/gm, '      '));
    await until('nothing more to do', () => api.store.attention.size === 0, state);
  });

  it('shows the page of a bead with its history', async () => {
    await vscode.commands.executeCommand('gastown.showBead', { bead: beads[0] });
    const text = vscode.window.activeTextEditor?.document.getText() ?? '';
    for (const part of ['Add greeting', 'merged', 'echo working on the greeting', 'Use greeting'])
      assert.ok(text.includes(part), `${part} is missing in\n${text}`);
    await driver.screenshot('bead-page');
  });

  it('lists every bead by state, epic and rig with reasons, and filters', async () => {
    const rig = 'workspace';
    const wall = await api.connection.call(BeadCreate.spec, { ledger: rig, title: 'Build the wall' });
    await api.connection.call(BeadCreate.spec, {
      ledger: rig,
      title: 'Climb the wall',
      deps: [['blocked-by', wall.id]],
    });
    const epic = await api.connection.call(BeadCreate.spec, { ledger: rig, title: 'A garden', type: 'epic' });
    await api.connection.call(BeadCreate.spec, { ledger: rig, title: 'Plant a tree', parent: epic.id });
    await vscode.commands.executeCommand('gastown.beads.focus');
    // Rows out of view are not in the page: the view gets the space of the others.
    for (const header of ['Convoys', 'Agents', 'Needs Attention'])
      await driver.click({ selector: `.pane-header[aria-label^="${header}"]` });
    await driver.waitFor(row('^Ready, 3 beads'));
    await driver.waitFor(row('^Bead Climb the wall, waiting for Build the wall'));
    await driver.waitFor(row('^Closed, 3 beads'));
    await driver.screenshot('beads-by-state');
    await vscode.commands.executeCommand('gastown.groupBeadsByEpic');
    await driver.waitFor(row('^Bead A garden, 0/1'));
    await driver.waitFor(row('^Bead Plant a tree, ready'));
    await driver.screenshot('beads-by-epic');
    await vscode.commands.executeCommand('gastown.groupBeadsByRig');
    await driver.waitFor(row('^workspace, 4 beads'));
    await vscode.commands.executeCommand('gastown.filterBeads', { text: 'climb' });
    await driver.waitFor(row('^workspace, 1 bead$'));
    await vscode.commands.executeCommand('gastown.clearBeadFilter');
    await vscode.commands.executeCommand('gastown.groupBeadsByState');
    const staged = await vscode.commands.executeCommand<{ status: string }>('gastown.stageConvoy', {
      beads: [wall.id],
      title: 'A wall',
    });
    assert.equal(staged.status, 'staged_ready');
    await vscode.commands.executeCommand('gastown.closeBead', { beads: [wall.id], reason: 'Built by hand' });
    await driver.waitFor(row('^Ready, 3 beads')); // without the wall, with the bead that waited for it
    await driver.waitFor(row('^Bead Climb the wall, P2'));
  });

  it('opens the target of a link, and reports a link without one', async () => {
    const link = await vscode.commands.executeCommand<string>('gastown.copyLink', { kind: 'bead', id: beads[0] });
    assert.equal(await vscode.env.clipboard.readText(), link);
    await api.links.handleUri(vscode.Uri.parse(link));
    assert.ok(
      vscode.window.activeTextEditor?.document.uri.path.includes(beads[0] ?? ''),
      String(vscode.window.activeTextEditor?.document.uri),
    );
    const convoy = [...api.store.convoys.all()][0]?.id ?? '';
    await api.links.handleUri(vscode.Uri.parse(`vscode://gastown.gastown-vscode/convoy/${convoy}`));
    await api.links.handleUri(vscode.Uri.parse('vscode://gastown.gastown-vscode/convoy/hq-none'));
    await driver.waitFor({ selector: '.notification-list-item-message', text: 'has no convoy hq-none' });
    await api.links.handleUri(vscode.Uri.parse('vscode://gastown.gastown-vscode/attention/fast-forward-none'));
    await driver.waitFor({ selector: '.notification-list-item-message', text: 'has no attention fast-forward-none' });
    await vscode.commands.executeCommand('notifications.clearAll');
  });

  it('has a page for a merged bead, and updates it', async () => {
    await vscode.commands.executeCommand('gastown.showBead', { bead: beads[1] });
    const document = vscode.window.activeTextEditor?.document;
    const text = document?.getText() ?? '';
    const parts = [
      `[${beads[0]}](${beads[0]}.md) Add greeting: closed`,
      'merged',
      '## Merge requests',
      '```diff',
      '+hello from the person',
      '**merged**',
    ];
    for (const part of parts) assert.ok(text.includes(part), `${part} is missing in\n${text}`);
    const links = await vscode.commands.executeCommand<vscode.DocumentLink[]>(
      'vscode.executeLinkProvider',
      document?.uri,
    );
    assert.ok(
      links.some((link) => link.target?.path === `/bead/${beads[0]}.md`),
      JSON.stringify(links),
    );
    await driver.screenshot('bead-page-merged');
    await api.connection.call(CommentAdd.spec, { id: beads[1] ?? '', text: 'Well done' });
    await until('the comment on the page', () => document?.getText().includes('> Well done'));
  });

  async function describeBead(bead: string, script: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme: 'gastown-description', path: `/${bead}.md` });
    const text = `A part of the story.\n\n\`\`\`sh\n${script.replaceAll('; ', '\n')}\n\`\`\`\n`;
    await vscode.workspace.fs.writeFile(uri, Buffer.from(text));
    assert.equal(Buffer.from(await vscode.workspace.fs.readFile(uri)).toString(), text);
  }

  /** The snapshot has no beads outside of convoys; the ledger has them. */
  function createdBead(title: string): Promise<string> {
    return until(`the bead "${title}"`, async () => {
      const beads = await api.connection.call(BeadList.spec, { ledger: 'workspace', limit: 0 });
      return beads.find((bead) => bead.title === title)?.id;
    });
  }
});

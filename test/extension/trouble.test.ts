import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import type { GasTownApi } from '../../client/src/extension';
import type { Bead } from '../../server/src/protocol/bead';
import type { ConvoyInfo } from '../../server/src/protocol/town';
import { driver, hasDriver } from '../harness/driverClient';
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
} from './gastown';

/** Failures of work, and the commands beside the main story. Uses the town of the story. */
describe('failures in VS Code', function () {
  this.timeout(TEST_MS);
  this.bail(true);
  let api: GasTownApi;
  let scratch: string;

  before(async function () {
    if (!hasDriver()) return this.skip();
    api = await gastown();
    assert.ok(api.store.hasSnapshot, 'the story, which runs before, leaves a town behind');
    scratch = mkdtempSync(path.join(os.tmpdir(), 'gt-trouble-'));
    await vscode.commands.executeCommand('gastown.convoys.focus');
    return undefined;
  });

  after(() => {
    if (scratch) rmSync(scratch, { recursive: true, force: true });
  });

  const row = (namePattern: string) => ({ role: 'treeitem', namePattern });
  const create = (title: string, rig: string, script: string) =>
    vscode.commands.executeCommand<Bead>('gastown.createBead', {
      title,
      rig,
      description: `\`\`\`sh\n${script}\n\`\`\`\n`,
    });

  it('adds a rig by its URL from the palette', async () => {
    const source = path.join(scratch, 'lib source');
    makeRepository(source, { 'README.md': 'a library\n' });
    const bare = path.join(scratch, 'lib.git');
    git(scratch, 'clone', '-q', '--bare', source, bare);
    await palette('Gas Town: Add Rig');
    await choose('Git URL');
    await step('URL of the git repository');
    await answer(`file://${bare}`);
    await step('Name of the rig');
    await driver.press('Enter');
    // Another test may have closed this view.
    await vscode.commands.executeCommand('gastown.agents.focus');
    await driver.waitFor(row('^Rig lib$'));
    assert.equal(api.store.rigs.get('lib')?.sourceIsFolder, false);
  });

  it('slings a bead from the palette, and its work reaches the remote', async () => {
    const bead = await create('Sling me', 'lib', 'echo slung > slung.txt\ngit add -A\ngit commit -qm slung');
    await palette('Gas Town: Sling Bead');
    await choose('Sling me');
    await choose('Default of the rig');
    const landed = await until(
      'the landing',
      () => api.store.convoys.all().find((convoy) => convoy.beads.includes(bead.id) && convoy.status === 'closed'),
      () => [api.store.beads.get(bead.id), api.store.attention.all()],
    );
    assert.match(landed.title, /Sling me/);
    assert.equal(git(path.join(scratch, 'lib.git'), 'show', 'main:slung.txt'), 'slung');
  });

  it('shows a failure with its reason, notifies the person, and works again after a fix', async () => {
    const bead = await create('Break it', 'lib', 'echo I cannot do this\nexit 3');
    await vscode.commands.executeCommand('gastown.createConvoy', { title: 'Doomed', beads: [bead.id] });
    await driver.waitFor(row('^Bead Break it, failed'));
    const item = await until('the escalation', () =>
      api.store.attention.all().find((one) => one.kind === 'escalation'),
    );
    assert.equal(item.bead, bead.id);
    await driver.waitFor(row('^Convoy Doomed, 0 of 1, 1 failed'));
    await driver.waitFor({ role: 'tab', namePattern: '^Gas Town.*1 item needs your attention' });
    await driver.hover(row('^Bead Break it'));
    await driver.waitFor({ selector: '.monaco-hover' });
    await driver.screenshot('bead-failed');
    const asked = answerQuestions(api, (question) => question.actions.find((action) => action.startsWith('Close')));
    await driver.click(row('^escalation: '));
    await until('the end of the escalation', () => api.store.attention.size === 0);
    assert.equal(asked.length, 1);
    assert.ok(asked[0]?.detail, 'it says nothing about the cause');
    const uri = vscode.Uri.from({ scheme: 'gastown-description', path: `/${bead.id}.md` });
    await vscode.workspace.fs.writeFile(
      uri,
      Buffer.from('```sh\necho repaired > repaired.txt\ngit add -A\ngit commit -qm repaired\n```\n'),
    );
    await vscode.commands.executeCommand('gastown.sling', { bead: bead.id });
    await until(
      'the landing',
      () => api.store.convoys.all().find((convoy) => convoy.title === 'Doomed')?.status === 'closed',
      () => [api.store.beads.get(bead.id), api.store.attention.all()],
    );
    assert.equal(git(path.join(scratch, 'lib.git'), 'show', 'main:repaired.txt'), 'repaired');
  });

  it('renames, pauses, resumes and closes a convoy, and its bead in progress goes on', async () => {
    const go = path.join(scratch, 'go');
    const commit = 'echo kept > kept.txt\ngit add -A\ngit commit -qm kept';
    const kept = await create('Keep going', 'lib', `until test -f "${go}"; do sleep 0.2; done\n${commit}`);
    const dropped = await create('Not needed', 'lib', 'true');
    const { id } = await vscode.commands.executeCommand<ConvoyInfo>('gastown.createConvoy', {
      title: 'Plan',
      beads: [kept.id, dropped.id],
      stage: true,
    });
    await vscode.commands.executeCommand('gastown.renameConvoy', { convoy: id, title: 'Better plan' });
    await driver.waitFor(row('^Convoy Better plan, 0 of 2, staged$'));
    await until('both beads', () => api.store.convoys.get(id)?.beads.length === 2);
    await vscode.commands.executeCommand('gastown.removeFromConvoy', { bead: dropped.id });
    await driver.waitFor(row('^Convoy Better plan, 0 of 1, staged$'));
    await vscode.commands.executeCommand('gastown.launchConvoy', { convoy: id });
    await driver.waitFor(row('^Bead Keep going, \\w+ is working'));
    await vscode.commands.executeCommand('gastown.pauseConvoy', { convoy: id });
    await driver.waitFor(row('^Convoy Better plan, 0 of 1, paused$'));
    await vscode.commands.executeCommand('gastown.resumeConvoy', { convoy: id });
    await driver.waitFor(row('^Convoy Better plan, 0 of 1$'));
    const asked = answerQuestions(api);
    await vscode.commands.executeCommand('gastown.closeConvoy', { convoy: id, reason: 'not now' });
    await until('the end of the convoy', () => api.store.convoys.get(id)?.status === 'closed');
    assert.match(asked[0]?.message ?? '', /before its work is done/);
    assert.equal(api.store.convoys.get(id)?.cancelled, 'not now');
    writeFileSync(go, '');
    await until('the merge', () =>
      git(path.join(scratch, 'lib.git'), 'log', '--format=%s', 'main').split('\n').includes('kept'),
    );
  });

  it('creates a convoy on a feature branch, which starts when it is launched', async () => {
    const bead = await create('Keep apart', 'lib', 'true');
    const created = vscode.commands.executeCommand<ConvoyInfo>('gastown.createConvoy', { title: 'Apart' });
    await step('Select beads');
    await tick('Keep apart');
    await driver.press('Enter');
    await choose('On a feature branch, later');
    const convoy = await created;
    assert.deepEqual([convoy.beads, convoy.status], [[bead.id], 'staged_ready']);
    assert.ok(convoy.feature, 'it has a branch of its own');
    await driver.waitFor(row('^Convoy Apart, 0 of 1, staged'));
    const asked = answerQuestions(api);
    await vscode.commands.executeCommand('gastown.closeConvoy', { convoy: convoy.id, reason: 'seen' });
    assert.ok(asked.length > 0);
  });

  it('stops all agents with one command', async () => {
    const bead = await create('Endless', 'lib', 'while true; do sleep 1; done');
    await vscode.commands.executeCommand('gastown.createConvoy', { title: 'Long', beads: [bead.id] });
    await driver.waitFor(row('^Bead Endless, \\w+ is working'));
    const asked = answerQuestions(api);
    await palette('Gas Town: Stop All Agents');
    await until(
      'the stop',
      () => api.store.town?.up === false && !api.store.agents.all().some((agent) => agent.session),
    );
    assert.match(asked[0]?.message ?? '', /Stop all agents/);
    await driver.waitFor(row('^Agent \\w+, polecat, stopped'));
    await driver.waitFor({ selector: '.pane-body .message', text: 'The engine is paused' });
  });

  it('lists active agents and attention items from the status bar', async () => {
    await driver.click({ selector: '[id="gastown.gastown-vscode.gastown.status"]' });
    await step('0 agents active');
    await driver.screenshot('overview');
    await choose('Start Engine');
    await until('the engine', () => api.store.town?.up === true);
    await driver.waitFor(row('^Bead Endless, \\w+ is working'));
    await vscode.commands.executeCommand('gastown.stopAll');
  });

  it('shows the decisions of a built-in role', async () => {
    await clickUntil('the log', row('^Agent refinery'), () =>
      vscode.window.activeTextEditor?.document.uri.path.endsWith('refinery.md'),
    );
    assert.match(vscode.window.activeTextEditor?.document.getText() ?? '', /merged/);
  });
});

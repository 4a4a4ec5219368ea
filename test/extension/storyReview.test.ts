import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import type { GasTownApi } from '../../client/src/extension';
import type { ChangeRef } from '../../client/src/features/review/changeUri';
import type { Bead } from '../../server/src/protocol/bead';
import {
  MqList,
  MqReject,
  RigSet,
  SnapshotList,
  type AgentInfo,
  type AttentionInfo,
} from '../../server/src/protocol/town';
import { driver, hasDriver } from '../harness/driverClient';
import { TEST_MS } from '../harness/limits';
import { answer, answerQuestions, gastown, step, until, workspaceFolder } from './gastown';

/** A person reviews the work of an agent, requests changes, and approves the second attempt. Uses the town of the story. */
describe('a review in VS Code', function () {
  this.timeout(TEST_MS);
  this.bail(true);
  let api: GasTownApi;
  let bead: string;
  let first: ChangeRef;

  before(async function () {
    if (!hasDriver()) return this.skip();
    api = await gastown();
    assert.ok(api.store.hasSnapshot, 'the story, which runs before, leaves a town behind');
    await api.connection.call(RigSet.spec, { name: 'workspace', settings: { review: 'person' } });
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await vscode.commands.executeCommand('gastown.attention.focus');
    return undefined;
  });

  const waitForReview = (): Promise<AttentionInfo> =>
    until(
      'the review',
      () => api.store.attention.all().find((item) => item.kind === 'review' && item.bead === bead),
      () => [api.store.beads.get(bead), api.store.attention.all()],
    );
  const shown = (file: string, attempt: string): vscode.TextDocument | undefined =>
    vscode.workspace.textDocuments.find(
      (document) =>
        document.uri.scheme === 'gastown-change' &&
        document.uri.path === `/${file}` &&
        document.getText().includes(attempt),
    );
  const textIn = (side: string, file: string, ref: ChangeRef): Promise<string> =>
    Promise.resolve(
      vscode.workspace.fs.readFile(
        vscode.Uri.from({ scheme: 'gastown-change', path: `/${file}`, query: JSON.stringify({ ...ref, side }) }),
      ),
    ).then((bytes) => Buffer.from(bytes).toString());
  const label = (): string => vscode.window.tabGroups.activeTabGroup.activeTab?.label ?? '';

  it('asks a person once, and opens all changes in one editor', async () => {
    const script =
      'echo "attempt $GT_ATTEMPT" > judged.txt\nsed -i "s/a + b/b + a/" sum.js\nprintf "\\\\000\\\\001" > blob.bin\ngit add -A\ngit commit -qm judged';
    const made = await vscode.commands.executeCommand<Bead>('gastown.createBead', {
      title: 'Judge me',
      rig: 'workspace',
      description: `\`\`\`sh\n${script}\n\`\`\`\n`,
    });
    bead = made.id;
    await vscode.commands.executeCommand('gastown.sling', { bead });
    await vscode.commands.executeCommand('gastown.startEngine');
    await waitForReview();
    await until(
      'the message',
      () => api.notifications.shown.find((text) => text.includes('Judge me')),
      () => api.notifications.shown,
    );
    await driver.click({ role: 'treeitem', namePattern: '^review…: .*Judge me' });
    await until('the editor', () => label().startsWith('Review Judge me'), label);
    await driver.waitFor({ selector: '.multiDiffEntry' });
    await until('the new file', () => shown('judged.txt', 'attempt 1'));
    await until('the page before the files', () => shown('About this change.md', 'Judge me'));
    first = api.reviews.openedOf(bead)!;
    assert.match(await textIn('base', 'sum.js', first), /a \+ b/);
    assert.match(await textIn('change', 'sum.js', first), /b \+ a/);
    assert.match(await textIn('about', 'About this change.md', first), /3 files[\s\S]*blob\.bin \(binary, added\)/);
    await driver.waitFor({ selector: '.multiDiffEntry .view-line', text: 'attempt' });
    await driver.screenshot('review-multi-diff');
  });

  it('takes comments on lines, and keeps the draft until it is sent', async () => {
    const uri = vscode.Uri.from({
      scheme: 'gastown-change',
      path: '/sum.js',
      query: JSON.stringify({ ...first, side: 'change' }),
    });
    await vscode.commands.executeCommand('gastown.addReviewComment', {
      thread: { uri, range: new vscode.Range(0, 0, 0, 0), comments: [] },
      text: 'Why turn it round?',
    });
    await driver.click({ role: 'button', namePattern: '^Request Changes' });
    await step('What has to change?');
    await step('Your 1 comment on lines will be included');
    await driver.type('Half a tho');
    await driver.press('Escape');
    await until('the draft', () => api.reviews.drafts.of(first).text === 'Half a tho');
    await driver.screenshot('review-actions');
    await driver.click({ role: 'button', namePattern: '^Request Changes' });
    await step('What has to change?');
    await answer('ught: make it the second attempt');
    await until(
      'its second attempt',
      () => (api.store.beads.get(bead)?.attempt ?? 0) === 2,
      () => api.store.beads.get(bead),
    );
    assert.equal(api.reviews.drafts.of(first).text, '');
    assert.deepEqual(api.reviews.drafts.of(first).comments, []);
    await waitForReview();
  });

  it('refuses a verdict on an old version, and opens the new one', async () => {
    assert.match(await textIn('change', 'judged.txt', first), /attempt 1/, 'what was looked at can still be read');
    const whole = vscode.Uri.from({
      scheme: 'gastown-change',
      path: `/${bead}`,
      query: JSON.stringify({ ...first, side: 'whole' }),
    });
    const asked = answerQuestions(api);
    assert.equal(await vscode.commands.executeCommand('gastown.approveChange', whole), 'changed');
    assert.match(asked[0]?.message ?? '', /has changed since you opened it/);
    await until('the editor of the new one', () => label().startsWith('Review Judge me (round 2)'), label);
    await until('its file', () => shown('judged.txt', 'attempt 2'));
    const about = await until('the page', () => shown('About this change.md', 'Earlier reviews'));
    assert.match(about.getText(), /Half a thought: make it the second attempt[\s\S]*sum\.js:1: Why turn it round\?/);
    const links = await vscode.commands.executeCommand<vscode.DocumentLink[]>('vscode.executeLinkProvider', about.uri);
    assert.ok(
      links.some((link) => link.target?.path === `/bead/${bead}.md`),
      JSON.stringify(links),
    );
    await driver.screenshot('review-second-round');
  });

  it('keeps a long text in an editor, also when sending fails', async () => {
    const second = api.reviews.openedOf(bead)!;
    api.reviews.drafts.setText(second, 'One\nTwo');
    await vscode.commands.executeCommand('gastown.requestChanges');
    const editor = await until('the editor', () =>
      vscode.window.activeTextEditor?.document.uri.scheme === 'gastown-review'
        ? vscode.window.activeTextEditor
        : undefined,
    );
    await editor.edit((edit) => edit.insert(new vscode.Position(2, 0), '\nThree'));
    await driver.screenshot('review-draft');
    const call = api.connection.call.bind(api.connection);
    api.connection.call = async (spec, params, options) => {
      if (spec.method === MqReject.spec.method) throw new Error('no answer');
      return call(spec, params, options);
    };
    await vscode.commands.executeCommand('gastown.sendReview');
    api.connection.call = call;
    assert.match(editor.document.getText(), /Two\s+Three/);
    assert.match(api.reviews.drafts.of(second).text, /Two\s+Three/);
    api.reviews.drafts.clear(second);
    await api.reviews.closeDraft(second);
  });

  it('approves the second attempt, which is then merged', async () => {
    await until('the editor', () => label().startsWith('Review Judge me (round 2)'), label);
    await driver.click({ role: 'button', namePattern: '^Approve Change' });
    await until(
      'the merge',
      () =>
        api.store.beads.get(bead)?.phase === 'merged' ||
        api.store.convoys.all().find((one) => one.beads.includes(bead))?.status === 'closed',
      () => [api.store.beads.get(bead), api.store.attention.all()],
    );
    await until('the offer', () => api.store.attention.all().some((item) => item.kind === 'fast-forward'));
    await vscode.commands.executeCommand('gastown.fastForward', { rig: 'workspace' });
    await until('the file', () => existsSync(path.join(workspaceFolder(), 'judged.txt')));
    await api.connection.call(RigSet.spec, { name: 'workspace', settings: { review: 'off' } });
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await until(
      'nothing more to do',
      () => api.store.attention.size === 0,
      () => api.store.attention.all(),
    );
  });

  it('opens what a gate printed, also of what is merged, and tries nothing again that is merged', async () => {
    await api.connection.call(RigSet.spec, { name: 'workspace', gates: { test: 'echo looked at it' } });
    const made = await vscode.commands.executeCommand<Bead>('gastown.createBead', {
      title: 'Look at me',
      rig: 'workspace',
      description: '```sh\necho looked > looked.txt\n```\n',
    });
    await vscode.commands.executeCommand('gastown.sling', { bead: made.id });
    await until(
      'the merge',
      async () => (await api.connection.call(MqList.spec, { status: 'merged' })).some((info) => info.bead === made.id),
      () => [api.store.beads.get(made.id), api.store.attention.all()],
    );
    await vscode.commands.executeCommand('gastown.openGateLog', { bead: made.id });
    assert.equal(vscode.window.activeTextEditor?.document.getText(), 'looked at it\n');
    assert.equal(
      await vscode.commands.executeCommand('gastown.retryMerge', { bead: made.id }),
      undefined,
      'it is merged already',
    );
    await api.connection.call(RigSet.spec, { name: 'workspace', gates: { test: '' } });
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await until('the offer', () => api.store.attention.all().some((item) => item.kind === 'fast-forward'));
    await vscode.commands.executeCommand('gastown.fastForward', { rig: 'workspace' });
    await until(
      'nothing more to do',
      () => api.store.attention.size === 0,
      () => api.store.attention.all(),
    );
  });

  it('restarts an agent, removes it, restores its work, and resumes it', async () => {
    const go = path.join(workspaceFolder(), '..', 'go on');
    const made = await vscode.commands.executeCommand<Bead>('gastown.createBead', {
      title: 'Long work',
      rig: 'workspace',
      description: `\`\`\`sh\necho part >> part.txt\nwhile [ ! -f '${go}' ]; do sleep 0.3; done\ngit add -A\ngit commit -qm long\n\`\`\`\n`,
    });
    await vscode.commands.executeCommand('gastown.sling', { bead: made.id });
    const worker = (): AgentInfo | undefined =>
      api.store.agents.all().find((agent) => agent.bead === made.id && agent.session !== undefined);
    const written = (agent: AgentInfo | undefined, text: string): boolean =>
      agent?.worktree !== undefined &&
      existsSync(path.join(agent.worktree, 'part.txt')) &&
      readFileSync(path.join(agent.worktree, 'part.txt'), 'utf8') === text;
    const first = await until('the agent', worker);
    await until('its file', () => written(first, 'part\n'));
    assert.equal(
      await vscode.commands.executeCommand('gastown.nudgeAgent', { agent: first.id, message: 'Hurry' }),
      undefined,
      'a script reads no words',
    );
    await vscode.commands.executeCommand('gastown.restartSession', { agent: first.id });
    await until('its next session', () => worker()?.session !== first.session && worker());
    await until('its work once more', () => written(worker(), 'part\npart\n'), worker);
    const asked = answerQuestions(api);
    await vscode.commands.executeCommand('gastown.removeAgent', { agent: first.id });
    assert.match(asked[0]?.detail ?? '', /A snapshot keeps its work/);
    assert.deepEqual(asked[0]?.actions, ['Remove']);
    await until(
      'its end',
      () => worker() === undefined && !existsSync(path.join(first.worktree ?? '', 'part.txt')),
      worker,
    );
    const [kept] = await api.connection.call(SnapshotList.spec, { bead: made.id });
    const restored = await vscode.commands.executeCommand<{ agent: string; worktree: string }>(
      'gastown.restoreSnapshot',
      { bead: made.id, snapshot: kept?.label },
    );
    assert.equal(readFileSync(path.join(restored.worktree, 'part.txt'), 'utf8'), 'part\npart\n');
    await until(
      'its row',
      () => api.store.agents.get(restored.agent)?.state === 'off',
      () => api.store.agents.all(),
    );
    writeFileSync(go, '');
    await vscode.commands.executeCommand('gastown.resumeAgent', { agent: restored.agent });
    await until(
      'the offer',
      () => api.store.attention.all().some((item) => item.kind === 'fast-forward'),
      () => [api.store.beads.get(made.id), api.store.attention.all()],
    );
    await vscode.commands.executeCommand('gastown.fastForward', { rig: 'workspace' });
    await until('the file', () => existsSync(path.join(workspaceFolder(), 'part.txt')));
    await until(
      'nothing more to do',
      () => api.store.attention.size === 0,
      () => api.store.attention.all(),
    );
  });
});

import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import type { GasTownApi } from '../../client/src/extension';
import { readEndpoint, serverEndpointFile } from '../../server/src/protocol/transport';
import { TEST_MS } from '../harness/limits';
import { gastown, until } from './gastown';

const step = (id: string, more = ''): string => `[[steps]]\nid = "${id}"\ntitle = "T"\n${more}`;

/** Uses the town of the story, whose server serves formulas, too. */
describe('formulas in a window with a town', function () {
  this.timeout(TEST_MS);
  let api: GasTownApi;
  let root: string;
  let folder: string;
  let uri: vscode.Uri;

  before(async function () {
    api = await gastown();
    if (!api.connection.isReady || api.connection.state.kind !== 'ready') return this.skip();
    root = api.connection.state.root;
    folder = path.join(root, '.beads', 'formulas');
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'base.formula.toml'), `formula = "base"\n${step('a')}`);
    uri = vscode.Uri.file(path.join(folder, 'child.formula.toml'));
    writeFileSync(uri.fsPath, `formula = "child"\nextends = ["base"]\n${step('b', 'needs = ["a", "zz"]\n')}`);
    await vscode.window.showTextDocument(uri);
    return undefined;
  });

  after(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    if (folder) rmSync(folder, { recursive: true, force: true });
  });

  const messages = (): string[] => vscode.languages.getDiagnostics(uri).map((one) => one.message);

  it('are served only by the town, which knows its other formulas', async () => {
    await until(
      'the diagnostics',
      () => messages().length > 0,
      () => api.formulas.serving,
    );
    assert.equal(api.formulas.serving, 'town');
    assert.deepEqual(messages(), ['needs references unknown step "zz"']);
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      uri,
      new vscode.Position(3, 6),
    );
    assert.equal(hovers.length, 1, 'served twice');
  });

  it("are served again after the town's server was killed", async () => {
    const pid = readEndpoint(serverEndpointFile(root))?.pid;
    assert.ok(pid);
    process.kill(pid, 'SIGKILL');
    await until('the loss is seen', () => !api.connection.isReady);
    const edit = new vscode.WorkspaceEdit();
    edit.insert(uri, new vscode.Position(0, 0), 'nonsense = 1\n');
    assert.ok(await vscode.workspace.applyEdit(edit));
    await until(
      'the warning',
      () => messages().some((message) => message.startsWith('unknown key "nonsense"')),
      () => [messages(), api.formulas.serving],
    );
    await until('the town serves again', () => api.connection.isReady && api.formulas.serving === 'town');
    await until('each problem is told once', () => messages().length === 2, messages);
    await vscode.commands.executeCommand('workbench.action.files.revert');
  });
});

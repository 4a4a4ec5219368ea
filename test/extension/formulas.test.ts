import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import type { GasTownApi } from '../../client/src/extension';
import { driver, hasDriver } from '../harness/driverClient';
import { TEST_MS } from '../harness/limits';
import { gastown, until } from './gastown';

const text = `formula = "demo"
[vars.feature]
description = "What is built"
[[steps]]
id = "design"
title = "Design {{feature}}"
[[steps]]
id = "build"
title = "Build it"
needs = ["design"]
[[steps]]
id = "check"
title = "Check it"
needs = [""]
`;

/** Runs before the story, which creates a town, and so without one. */
describe('formulas in VS Code', function () {
  this.timeout(TEST_MS);
  let api: GasTownApi;
  let folder: string;
  let uri: vscode.Uri;

  before(async () => {
    api = await gastown();
    folder = mkdtempSync(path.join(os.tmpdir(), 'gt formulas '));
    uri = vscode.Uri.file(path.join(folder, 'demo.formula.toml'));
    writeFileSync(uri.fsPath, text);
  });

  after(async () => {
    await vscode.commands.executeCommand('workbench.action.files.revert').then(undefined, () => undefined);
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    rmSync(folder, { recursive: true, force: true });
  });

  const position = (needle: string, behind = 0): vscode.Position => {
    const document = open();
    const at = document.getText().indexOf(needle);
    assert.ok(at >= 0, `${needle} is not there`);
    return document.positionAt(at + behind);
  };
  const open = (): vscode.TextDocument =>
    vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri.toString())!;
  const problems = (): vscode.Diagnostic[] => vscode.languages.getDiagnostics(uri);
  const shown = (): string[] => problems().map((one) => `${open().getText(one.range)}: ${one.message}`);

  async function replace(from: string, to: string): Promise<void> {
    const edit = new vscode.WorkspaceEdit();
    edit.replace(uri, new vscode.Range(position(from), position(from, from.length)), to);
    assert.ok(await vscode.workspace.applyEdit(edit));
  }

  async function labels(at: vscode.Position): Promise<string[]> {
    const list = await vscode.commands.executeCommand<vscode.CompletionList>(
      'vscode.executeCompletionItemProvider',
      uri,
      at,
      '"',
    );
    return list.items.map((item) => (typeof item.label === 'string' ? item.label : item.label.label));
  }

  it('have their own language, which other TOML files do not have', async () => {
    const document = await vscode.workspace.openTextDocument(uri);
    assert.equal(document.languageId, 'gastown-formula');
    writeFileSync(path.join(folder, 'other.toml'), 'x = 1\n');
    assert.notEqual(
      (await vscode.workspace.openTextDocument(path.join(folder, 'other.toml'))).languageId,
      'gastown-formula',
    );
    await vscode.window.showTextDocument(document);
  });

  it('are served without a town once one is open', async () => {
    await until(
      'the language server',
      () => api.formulas.serving === 'standalone' || api.formulas.serving === 'town',
      () => [api.formulas.serving, api.connection.state],
    );
    if (!api.store.hasSnapshot) assert.equal(api.formulas.serving, 'standalone');
  });

  it('show problems at their place', async () => {
    await until('the diagnostics', () => problems().length > 0);
    assert.deepEqual(shown(), ['"": needs references unknown step ""']);
    assert.deepEqual([problems()[0]?.source, problems()[0]?.code], ['Gas Town', 'unknown-step']);
    await until(
      'the language status',
      () => api.formulaStatus.text === 'Formula: 1 problem',
      () => api.formulaStatus.text,
    );
  });

  it('complete the ids of steps, each once', async () => {
    assert.deepEqual((await labels(position('needs = [""]', 10))).sort(), ['build', 'design']);
    assert.deepEqual((await labels(position('needs = ["design"]', 10))).sort(), ['check', 'design']);
  });

  it('report a cycle with its whole path, also in unsaved text', async () => {
    await replace('needs = [""]', 'needs = ["build"]');
    await until('no problem', () => problems().length === 0, shown);
    assert.deepEqual(
      await labels(position('needs = ["design"]', 10)),
      [],
      'check waits for it by now, and words of the text are none',
    );
    await replace('title = "Design {{feature}}"', 'title = "Design {{feature}}"\nneeds = ["check"]');
    const cycle = await until('the circle', () => problems()[0]);
    assert.equal(cycle.message, 'cycle detected involving: design → check → build → design');
    assert.deepEqual(
      cycle.relatedInformation?.map((one) => one.message),
      ['design needs check', 'check needs build', 'build needs design'],
    );
    assert.ok(open().isDirty);
    await replace('\nneeds = ["check"]', '');
  });

  it('are supported while their text is broken', async () => {
    await replace('needs = ["build"]', 'needs = ["');
    await until('the slip', () => problems().length > 0);
    assert.ok(
      problems().every((one) => typeof one.code === 'string' && one.code.startsWith('toml-')),
      shown().join('\n'),
    );
    assert.deepEqual((await labels(position('needs = ["\n', 10))).sort(), ['build', 'design']);
    await replace('needs = ["\n', 'needs = ["build"]\n');
    await until('no problem', () => problems().length === 0, shown);
  });

  it('have hovers for steps, variables and keys', async () => {
    const said = async (at: vscode.Position): Promise<string> => {
      const hovers = await vscode.commands.executeCommand<vscode.Hover[]>('vscode.executeHoverProvider', uri, at);
      return hovers
        .flatMap((hover) => hover.contents.map((content) => (typeof content === 'string' ? content : content.value)))
        .join('\n');
    };
    assert.match(await said(position('"build"', 2)), /Build it[^]*Wave 2 · needs `design` · needed by `check`/);
    assert.match(await said(position('{{feature}}', 4)), /What is built/);
    assert.match(await said(position('needs =', 2)), /must be done before/);
    const once = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      uri,
      position('needs =', 2),
    );
    assert.equal(once.length, 1, 'served twice');
  });

  it('have an outline, go to definition and rename', async () => {
    const symbols = await vscode.commands.executeCommand<vscode.DocumentSymbol[]>(
      'vscode.executeDocumentSymbolProvider',
      uri,
    );
    assert.deepEqual(
      symbols.map((symbol) => symbol.name),
      ['demo', 'feature', 'design', 'build', 'check'],
    );
    const [target] = await vscode.commands.executeCommand<vscode.Location[]>(
      'vscode.executeDefinitionProvider',
      uri,
      position('needs = ["design"]', 12),
    );
    assert.deepEqual(target?.range.start, position('id = "design"', 6));
    const edit = await vscode.commands.executeCommand<vscode.WorkspaceEdit>(
      'vscode.executeDocumentRenameProvider',
      uri,
      position('id = "design"', 7),
      'plan',
    );
    assert.equal(edit.get(uri).length, 2);
  });

  it('have colours, also for variables within strings', async function () {
    if (!hasDriver()) return this.skip();
    await vscode.window.showTextDocument(open());
    await driver.waitFor({ selector: '.view-lines', text: 'Design' });
    await driver.screenshot('formula');
    return undefined;
  });

  it('can be written with the keyboard, accepting completions with Enter', async function () {
    if (!hasDriver()) return this.skip();
    await vscode.window.showTextDocument(open());
    await vscode.commands.executeCommand('workbench.action.focusActiveEditorGroup');
    await vscode.commands.executeCommand('cursorBottom');
    const widget = '.suggest-widget.visible .monaco-list-row.focused';
    await driver.type('[[steps]]\nid = "last"\ntitle = "Last"\nnee');
    await driver.waitFor({ selector: widget, text: 'needs' });
    await driver.press('Enter');
    await until(
      'the key',
      () => open().getText().includes('needs = [""]'),
      () => open().getText(),
    );
    await driver.waitFor({ selector: '.view-lines', text: 'needs' });
    await driver.type('bui');
    await driver.waitFor({ selector: widget, text: 'build' });
    await driver.screenshot('formula-completion');
    await driver.press('Enter');
    await until(
      'the step',
      () => open().getText().includes('id = "last"\ntitle = "Last"\nneeds = ["build"]'),
      () => open().getText(),
    );
    await until('no problem', () => problems().length === 0, shown);
    await vscode.commands.executeCommand('workbench.action.files.revert');
    await replace('needs = [""]', 'needs = ["build"]');
    return undefined;
  });

  it('are served again when their server has been killed', async function () {
    if (api.formulas.serving !== 'standalone' || process.platform !== 'linux') return this.skip();
    const pids = execFileSync('pgrep', ['-P', String(process.pid), '-f', 'server.js'], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map(Number);
    assert.equal(pids.length, 1);
    process.kill(pids[0]!, 'SIGKILL');
    await until('the loss is seen', () => api.formulas.serving !== 'standalone');
    await until('the next one', () => api.formulas.serving === 'standalone');
    await replace('needs = ["build"]', 'needs = ["buidl"]');
    await until('the diagnostics', () => problems()[0]?.code === 'unknown-step', shown);
    await replace('needs = ["buidl"]', 'needs = ["build"]');
    return undefined;
  });

  it('need no server while none is open', async function () {
    if (api.connection.isReady) return this.skip();
    await vscode.commands.executeCommand('workbench.action.files.revert');
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    // VS Code keeps a hidden document for a while; with another language it counts as closed.
    const document = vscode.workspace.textDocuments.find((one) => one.languageId === 'gastown-formula');
    if (document) await vscode.languages.setTextDocumentLanguage(document, 'plaintext');
    await until(
      'the end of the server',
      () => api.formulas.serving === 'nobody',
      () => api.formulas.serving,
    );
    return undefined;
  });
});

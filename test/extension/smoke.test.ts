import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import * as vscode from 'vscode';
import { driver, hasDriver } from '../harness/driverClient';

describe('VS Code that runs these tests', () => {
  it('is at least the version that package.json asks for', () => {
    const [major = 0, minor = 0] = vscode.version.split('.').map(Number);
    assert.ok(major > 1 || (major === 1 && minor >= 100), `VS Code is ${vscode.version}`);
  });

  it('has a folder open', () => {
    assert.equal(vscode.workspace.workspaceFolders?.length, 1);
  });

  it('can be driven from a test', async function () {
    if (!hasDriver()) return this.skip();
    await driver.waitFor({ selector: '.monaco-workbench .statusbar' });
    await driver.press('F1');
    await driver.type('Reload Window');
    await driver.waitFor({ role: 'option', namePattern: 'Reload Window' });
    assert.ok(existsSync(await driver.screenshot('smoke')));
    await driver.press('Escape');
  });
});

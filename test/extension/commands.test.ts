import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { commandIds, type CommandId } from '../../client/src/ui/commandIds';
import { gastown } from './gastown';

describe('the extension', () => {
  it('registers exactly the commands that it contributes', async () => {
    await gastown();
    const registered = (await vscode.commands.getCommands(true)).filter((id) => /^gastown\.[a-zA-Z]+$/.test(id));
    assert.deepEqual(registered.sort(), [...commandIds].sort());
  });

  it('reports a missing town to the person, not to the caller', async () => {
    const api = await gastown();
    if (api.store.hasSnapshot) return;
    assert.equal(await vscode.commands.executeCommand('gastown.createBead', { title: 'x' }), undefined);
  });

  it('disables in Restricted Mode exactly the commands that need trust', async () => {
    const { commandTable } = await gastown();
    const extension = vscode.extensions.getExtension('gastown.gastown-vscode');
    const contributed = (
      extension?.packageJSON as { contributes: { commands: { command: CommandId; enablement?: string }[] } }
    ).contributes.commands;
    for (const { command, enablement } of contributed) {
      assert.equal(
        enablement,
        ['trust', 'town'].includes(commandTable[command].requires) ? 'isWorkspaceTrusted' : undefined,
        command,
      );
    }
  });

  it('writes gt and bd into a folder, updates them, and does not touch other programs of these names', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gt bin '));
    assert.equal(await vscode.commands.executeCommand('gastown.addToPath', { folder }), folder);
    assert.match(execFileSync(path.join(folder, 'gt'), ['--help'], { encoding: 'utf8' }), /Gas Town/);
    const taken = fs.mkdtempSync(path.join(os.tmpdir(), 'gt bin '));
    fs.writeFileSync(path.join(taken, 'gt'), '#!/bin/sh\necho another\n', { mode: 0o755 });
    assert.equal(await vscode.commands.executeCommand('gastown.addToPath', { folder: taken }), undefined);
    assert.equal(execFileSync(path.join(taken, 'gt'), { encoding: 'utf8' }), 'another\n');
    assert.ok(!fs.existsSync(path.join(taken, 'bd')));
    const { commandLine } = await gastown();
    fs.appendFileSync(path.join(folder, 'gt'), 'exit 1\n');
    commandLine.refresh();
    assert.doesNotMatch(fs.readFileSync(path.join(folder, 'gt'), 'utf8'), /exit 1/);
    const linked = fs.mkdtempSync(path.join(os.tmpdir(), 'gt bin '));
    fs.symlinkSync('/nowhere/gt', path.join(linked, 'gt'));
    assert.equal(
      await vscode.commands.executeCommand('gastown.addToPath', { folder: linked }),
      undefined,
      'a dangling link belongs to somebody',
    );
    assert.equal(fs.readlinkSync(path.join(linked, 'gt')), '/nowhere/gt');
    for (const made of [folder, taken, linked]) fs.rmSync(made, { recursive: true });
  });
});

import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { commandIds } from '../../client/src/commands/ids';
import { gastown } from './gastown';

describe('the extension', () => {
  it('registers every command that it contributes, and no other', async () => {
    await gastown();
    const registered = (await vscode.commands.getCommands(true)).filter((id) => /^gastown\.[a-zA-Z]+$/.test(id));
    assert.deepEqual(registered.sort(), [...commandIds].sort());
  });

  it('says what is missing where there is no town, and throws at nobody', async () => {
    const api = await gastown();
    if (api.model.hasSnapshot) return;
    assert.equal(await vscode.commands.executeCommand('gastown.createBead', { title: 'x' }), undefined);
  });
});

import * as vscode from 'vscode';
import { UserError } from '../../../../server/src/base/errors';
import { plural } from '../../../../server/src/base/text';
import type { Caller } from '../../../../server/src/protocol/request';
import { MayorAsk, MayorStart, MayorStatus } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/editor';
import { oneLine } from '../../base/text';
import { textParam, type Commands } from '../../ui/command';
import { askChoice, askTextOrEditor } from '../../ui/prompts';
import type { AgentTerminals } from '../agents/terminals/agentTerminals';
import type { Consent } from '../consent/consent';
import type { EngineReminder } from '../town/engine';

interface Services {
  connection: Caller;
  terminals: AgentTerminals;
  consent: Consent;
  engine: EngineReminder;
}

/**
 * Maximum size in UTF-16 units: more than a user would write. The server also refuses a whole file that was selected by
 * mistake.
 */
const MAX_TEXT = 100_000;

export function mayorCommands(services: Services): Commands<'gastown.askMayor' | 'gastown.startMayor'> {
  const { connection, terminals, consent } = services;
  return {
    'gastown.askMayor': {
      requires: 'town',
      async run(argument) {
        const text = textParam(argument, 'text') ?? (await askRequest());
        return text === undefined ? undefined : askMayor(services, text);
      },
    },
    'gastown.startMayor': {
      requires: 'town',
      async run() {
        const { runtime } = await connection.call(MayorStatus.spec, {});
        const result = await consent.startAllowed(runtime, () => connection.call(MayorStart.spec, {}));
        if (result) terminals.open('mayor');
        return result;
      },
    },
  };
}

/**
 * Asks for the request. The text of the editor is offered, never sent without asking. Undefined if the user continues
 * in an editor.
 */
async function askRequest(): Promise<string | undefined> {
  const title = l10n.t('Ask the Mayor');
  const editorText = textOfEditor();
  if (editorText && (await askSource(title, editorText))) return editorText.text;
  const request = await askTextOrEditor({
    title,
    prompt: l10n.t(
      'Describe what you want. The Mayor answers with a staged convoy. The pencil (Ctrl+E) opens an editor for several lines.',
    ),
  });
  if (!request.inEditor) return request.text;
  const document = await vscode.workspace.openTextDocument({ language: 'markdown', content: request.text });
  await vscode.window.showTextDocument(document);
  vscode.window.setStatusBarMessage(l10n.t('Write the request, then run "Gas Town: Ask the Mayor" again.'), 10_000);
  return undefined;
}

interface EditorText {
  text: string;
  selected: boolean;
}

function askSource(title: string, { text, selected }: EditorText): Promise<boolean> {
  const source = selected ? l10n.t('The selected text') : l10n.t('The text of this editor');
  return askChoice(
    [
      {
        label: `$(${selected ? 'selection' : 'file'}) ${source}`,
        description: plural(text.split('\n').length, l10n.t('line'), l10n.t('lines')),
        detail: oneLine(text, 100),
        value: true,
      },
      { label: `$(edit) ${l10n.t('Something else…')}`, value: false },
    ],
    { title, placeHolder: l10n.t('Select the request') },
  );
}

function textOfEditor(): EditorText | undefined {
  const editor = vscode.window.activeTextEditor;
  if (!editor) return undefined;
  const selection = editor.document.getText(editor.selection).trim();
  if (selection !== '') return { text: selection, selected: true };
  const text = editor.document.isUntitled ? editor.document.getText().trim() : '';
  return text === '' ? undefined : { text, selected: false };
}

async function askMayor({ connection, engine }: Services, text: string): Promise<unknown> {
  if (text.trim() === '') throw new UserError(l10n.t('the request is empty'), l10n.t('describe what you want'));
  if (text.length > MAX_TEXT)
    throw new UserError(l10n.t('the request is too long'), l10n.t('shorten it, and refer to files for the details'));
  const result = await connection.call(MayorAsk.spec, { text });
  const sent = l10n.t('Sent to the Mayor. You are notified when the plan is ready.');
  vscode.window.setStatusBarMessage(`$(organization) ${sent}`, 6_000);
  if (!result.live) engine.remind(l10n.t('Sent to the Mayor.'));
  return result;
}

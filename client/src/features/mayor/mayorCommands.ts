import * as vscode from 'vscode';
import { UserError } from '../../../../server/src/base/errors';
import { MayorAsk, MayorStart, MayorStatus } from '../../../../server/src/protocol/town';
import { plural } from '../../../../server/src/base/text';
import { l10n } from '../../base/l10n';
import { oneLine } from '../../base/text';
import { askChoice, askTextOrEditor } from '../../ui/prompts';
import { offerEngine } from '../beads/beadCommands';
import type { Command, Services } from '../../ui/command';
import { startConsented } from '../attention/consent';

/** More than a person writes; a whole file by mistake is refused by the server anyway. */
const MAX_TEXT = 100_000;

export const mayorCommands = {
  'gastown.askMayor': {
    needs: 'town',
    async run(services, { params }) {
      const given = params['text'];
      const text = typeof given === 'string' ? given : await wish();
      return text === undefined ? undefined : ask(services, text);
    },
  },
  'gastown.startMayor': {
    needs: 'town',
    async run(services) {
      const { runtime } = await services.connection.call(MayorStatus.spec, {});
      const result = await startConsented(services, runtime, () => services.connection.call(MayorStart.spec, {}));
      if (result) services.terminals.open('mayor');
      return result;
    },
  },
} satisfies Record<string, Command>;

/** What stands in the editor may be what the person wants to ask: it is offered, never just taken. */
async function wish(): Promise<string | undefined> {
  const title = l10n.t('Ask the Mayor');
  const written = textOfEditor();
  if (written) {
    const lines = written.text.split('\n').length;
    const use = await askChoice(
      [
        {
          label: `$(${written.selected ? 'selection' : 'file'}) ${written.selected ? l10n.t('The selected text') : l10n.t('The text of this editor')}`,
          description: plural(lines, l10n.t('line'), l10n.t('lines')),
          detail: oneLine(written.text, 100),
          value: true,
        },
        { label: `$(edit) ${l10n.t('Something else…')}`, value: false },
      ],
      { title, placeHolder: l10n.t('What do you want to ask for?') },
    );
    if (use) return written.text;
  }
  const answer = await askTextOrEditor({
    title,
    prompt: l10n.t(
      'Describe what you want. The Mayor answers with a staged convoy. The pencil (Ctrl+E) opens an editor for more than one line.',
    ),
  });
  if (!answer.inEditor) return answer.text;
  const document = await vscode.workspace.openTextDocument({ language: 'markdown', content: answer.text ?? '' });
  await vscode.window.showTextDocument(document);
  vscode.window.setStatusBarMessage(l10n.t('Write it down, then run "Gas Town: Ask the Mayor" again.'), 10_000);
  return undefined;
}

function textOfEditor(): { text: string; selected: boolean } | undefined {
  const editor = vscode.window.activeTextEditor;
  if (!editor) return undefined;
  const selection = editor.document.getText(editor.selection).trim();
  if (selection !== '') return { text: selection, selected: true };
  const text = editor.document.isUntitled ? editor.document.getText().trim() : '';
  return text === '' ? undefined : { text, selected: false };
}

async function ask(services: Services, text: string): Promise<unknown> {
  if (text.trim() === '') throw new UserError(l10n.t('say what you want'));
  if (text.length > MAX_TEXT)
    throw new UserError(
      l10n.t('that is too much text for one request'),
      l10n.t('describe it more briefly, and name the files that say more'),
    );
  const result = await services.connection.call(MayorAsk.spec, { text });
  vscode.window.setStatusBarMessage(
    `$(organization) ${l10n.t('The Mayor is asked. You are told when the plan is there.')}`,
    6_000,
  );
  if (!result.live) offerEngine(services, l10n.t('The Mayor is asked.'));
  return result;
}

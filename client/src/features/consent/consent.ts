import { UserError } from '../../../../server/src/base/errors';
import { plural } from '../../../../server/src/base/text';
import type { Caller } from '../../../../server/src/protocol/request';
import { ConsentGive, type AttentionInfo, type ConsentKind, type RigInfo } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/editor';
import { oneLine, revealHidden } from '../../base/text';
import type { TownStore } from '../../state/townStore';
import type { Dialogs } from '../../ui/dialogs';

/** How long to wait for the attention item, which may arrive after the answer that refers to it. */
const ITEM_LIMIT_MS = 5_000;
/** Maximum length of a text in a dialog, which does not scroll: longer texts are shown in an editor. */
const MAX_DIALOG_TEXT = 1_500;
const MAX_DIALOG_LINES = 20;

interface Services {
  connection: Caller;
  store: TownStore;
  dialogs: Pick<Dialogs, 'confirm'>;
  documents: { showText(title: string, text: string): Promise<void> };
}

/**
 * Asks the user before commands, scripts and runtimes run for the first time. The text shown is exactly what the hash
 * covers.
 */
export class Consent {
  constructor(private readonly services: Services) {}

  /** Asks about the commands found in the repository of a new rig. */
  async askForRig(rig: RigInfo): Promise<boolean> {
    const item = await this.find(({ consent, rig: name }) => consent?.kind === 'rig-commands' && name === rig.id);
    return item === undefined || this.ask(item);
  }

  /** Asks for consent. @returns whether the user gave it */
  async ask(item: AttentionInfo): Promise<boolean> {
    const { consent } = item;
    if (!consent) throw new UserError(l10n.t('“{0}” does not ask for your approval', oneLine(item.title)));
    const text = revealHidden(consent.text);
    const lines = text.split('\n').length;
    const isLong = text.length > MAX_DIALOG_TEXT || lines > MAX_DIALOG_LINES;
    if (isLong) await this.services.documents.showText(item.title, text);
    const shown = isLong
      ? l10n.t(
          'The whole text ({0}) is in the editor behind this dialog.',
          plural(lines, l10n.t('line'), l10n.t('lines')),
        )
      : text;
    const allowed = await this.services.dialogs.confirm(
      question(consent),
      `${explanation(consent.kind)}\n\n${shown}\n\n${l10n.t('You are asked again when any of this changes.')}`,
      l10n.t('Allow'),
    );
    if (!allowed) return false;
    await this.services.connection.call(ConsentGive.spec, { kind: consent.kind, hash: consent.hash });
    return true;
  }

  /** Starts an agent. If its runtime is not allowed yet, the user is asked first. Undefined if they refuse. */
  async startAllowed<T>(runtime: string, start: () => Promise<T>): Promise<T | undefined> {
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof UserError && error.code === 'consent')) throw error;
      const item = await this.find(({ consent }) => consent?.kind === 'runtime' && consent.runtime === runtime);
      if (!item) throw error;
      return (await this.ask(item)) ? start() : undefined;
    }
  }

  private find(accept: (item: AttentionInfo) => boolean): Promise<AttentionInfo | undefined> {
    const { attention } = this.services.store;
    const look = (): AttentionInfo | undefined => attention.all().find(accept);
    return new Promise((resolve) => {
      const present = look();
      if (present) return resolve(present);
      const finish = (item: AttentionInfo | undefined): void => {
        clearTimeout(timer);
        listener.dispose();
        resolve(item);
      };
      const timer = setTimeout(() => finish(undefined), ITEM_LIMIT_MS);
      const listener = attention.onDidChange(() => {
        const item = look();
        if (item) finish(item);
      });
    });
  }
}

function question({ kind, runtime }: { kind: ConsentKind; runtime?: string }): string {
  switch (kind) {
    case 'rig-commands':
      return l10n.t('Allow Gas Town to run these commands?');
    case 'script':
      return l10n.t('Allow this script to run?');
    case 'runtime':
      return l10n.t('Allow {0} to run without permission prompts?', runtime ?? l10n.t('this agent'));
  }
}

function explanation(kind: ConsentKind): string {
  switch (kind) {
    case 'rig-commands':
      return l10n.t('These commands run on every change before it is merged:');
    case 'script':
      return l10n.t('This script runs in the worktree of an agent:');
    case 'runtime':
      return l10n.t('This command runs agents in their worktrees. It does not ask before each step:');
  }
}

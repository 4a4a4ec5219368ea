import * as vscode from 'vscode';
import { Disposable, toDisposable } from '../../../server/src/base/lifecycle';
import { PersonNotified } from '../../../server/src/protocol/town';
import { l10n } from '../base/l10n';
import { settings } from '../base/settings';
import { noIcons } from '../base/text';
import type { ServerConnection } from '../state/townSync';
import { mergeNotifications, needsPerson, type PersonNotification } from './notificationBatch';

/** What comes within this time is told in one message. */
const BATCH_MS = 700;
/** How long the status bar says what needs nobody. */
const QUIET_MS = 15_000;

/** Tells the person what the town has to say, such as a landed convoy. */
export class Notifications extends Disposable {
  private readonly waiting: PersonNotification[] = [];
  private timer: NodeJS.Timeout | undefined;
  /** Everything told in this window, for tests. */
  readonly shown: string[] = [];

  constructor(
    link: ServerConnection,
    private readonly show: (notice: PersonNotification) => Promise<void>,
    private readonly launch: (convoy: string) => Thenable<unknown>,
  ) {
    super();
    this._register(link.onNotification(PersonNotified.spec, (notice) => this.add(notice)));
    this._register(toDisposable(() => clearTimeout(this.timer)));
  }

  add(notice: PersonNotification): void {
    this.waiting.push(notice);
    this.timer ??= setTimeout(() => void this.tell(), BATCH_MS);
  }

  private async tell(): Promise<void> {
    this.timer = undefined;
    const batch = mergeNotifications(this.waiting.splice(0));
    if (!batch) return;
    const { notice: first, text: message } = batch;
    this.shown.push(message);
    if (settings.notifications === 'off') return;
    if (settings.notifications === 'needsYou' && !needsPerson(first)) {
      vscode.window.setStatusBarMessage(`$(check) ${noIcons(message)}`, QUIET_MS);
      return;
    }
    const show =
      first.severity === 'error'
        ? vscode.window.showErrorMessage
        : first.severity === 'warning'
          ? vscode.window.showWarningMessage
          : vscode.window.showInformationMessage;
    // A plan waits for its launch; all else is only shown.
    const action = first.plan ? l10n.t('Open Convoy') : first.review === undefined ? l10n.t('Show') : l10n.t('Review');
    const launch = l10n.t('Launch');
    const choice = await show(
      message,
      action,
      ...(first.plan && first.convoy !== undefined && vscode.workspace.isTrusted ? [launch] : []),
    );
    if (choice === action) await this.show(first);
    if (choice === launch && first.convoy !== undefined) await this.launch(first.convoy);
  }
}

import * as vscode from 'vscode';
import { messageOf } from '../../../server/src/base/errors';
import { Disposable, toDisposable } from '../../../server/src/base/lifecycle';
import { PersonNotified } from '../../../server/src/protocol/town';
import { l10n, type Log } from '../base/editor';
import { settings } from '../base/settings';
import { noIcons } from '../base/text';
import type { ServerConnection } from '../connection/serverConnection';
import { mergeNotifications, needsPerson, type PersonNotification } from './notificationBatch';

/** Messages within this time are shown as one. */
const BATCH_MS = 700;
/** How long the status bar shows messages that need no action. */
const STATUS_BAR_MS = 15_000;

export interface NotificationActions {
  /** Opens the subject of the notification. */
  open(notification: PersonNotification): Promise<void>;
  launch(convoy: string): Thenable<unknown>;
}

/** Shows the messages of the town, such as a landed convoy. */
export class Notifications extends Disposable {
  private readonly pending: PersonNotification[] = [];
  private timer: NodeJS.Timeout | undefined;
  /** The last messages of this window, for tests. */
  readonly shown: string[] = [];

  constructor(
    connection: Pick<ServerConnection, 'onNotification'>,
    private readonly actions: NotificationActions,
    private readonly log: Log,
  ) {
    super();
    this._register(connection.onNotification(PersonNotified.spec, (notification) => this.add(notification)));
    this._register(toDisposable(() => clearTimeout(this.timer)));
  }

  add(notification: PersonNotification): void {
    this.pending.push(notification);
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.show().catch((error: unknown) => this.log.error(`cannot show a notification: ${messageOf(error)}`));
    }, BATCH_MS);
  }

  private async show(): Promise<void> {
    const batch = mergeNotifications(this.pending.splice(0));
    if (!batch) return;
    const { notification, text } = batch;
    this.shown.push(text);
    if (this.shown.length > 100) this.shown.shift();
    if (settings.notifications === 'off') return;
    if (settings.notifications === 'needsYou' && !needsPerson(notification)) {
      vscode.window.setStatusBarMessage(`$(check) ${noIcons(text)}`, STATUS_BAR_MS);
      return;
    }
    const open = openLabel(notification);
    const launch = l10n.t('Launch');
    const canLaunch = notification.plan && notification.convoy !== undefined && vscode.workspace.isTrusted;
    const choice = await messageFunction(notification)(text, open, ...(canLaunch ? [launch] : []));
    if (choice === open) await this.actions.open(notification);
    if (choice === launch && notification.convoy !== undefined) await this.actions.launch(notification.convoy);
  }
}

function openLabel(notification: PersonNotification): string {
  if (notification.plan) return l10n.t('Open Convoy');
  return notification.review === undefined ? l10n.t('Show') : l10n.t('Review');
}

type ShowMessage = (text: string, ...actions: string[]) => Thenable<string | undefined>;

function messageFunction({ severity }: PersonNotification): ShowMessage {
  switch (severity) {
    case 'error':
      return vscode.window.showErrorMessage;
    case 'warning':
      return vscode.window.showWarningMessage;
    case 'info':
      return vscode.window.showInformationMessage;
  }
}

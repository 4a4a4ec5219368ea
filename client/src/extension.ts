import * as vscode from 'vscode';
import { setUnexpectedErrorHandler, stackOf } from '../../server/src/base/errors';
import { setTranslator } from './base/editor';
import { Container } from './container';
import { showError } from './ui/errors';

/** What `activate` returns, for tests. */
export type GasTownApi = Container;

/** Creates the container and returns; everything that takes time runs afterwards. */
export function activate(context: vscode.ExtensionContext): GasTownApi | undefined {
  const started = performance.now();
  const log = vscode.window.createOutputChannel('Gas Town', { log: true });
  const languageLog = vscode.window.createOutputChannel('Gas Town Language Server', { log: true });
  context.subscriptions.push(log, languageLog);
  try {
    setUnexpectedErrorHandler((error) => log.error(stackOf(error)));
    setTranslator((message, ...args) => vscode.l10n.t(message, ...args));
    const container = new Container(context, log, languageLog);
    context.subscriptions.push(container);
    container.start().catch((error: unknown) => void showError(error, log));
    container.activationMs = performance.now() - started;
    return container;
  } catch (error) {
    void showError(error, log);
    return undefined;
  }
}

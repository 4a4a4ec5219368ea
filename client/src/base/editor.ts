import { onUnexpectedError } from '../../../server/src/base/errors';

/** VS Code services (texts, log, storage) for modules that must load without VS Code. */

export type Translate = (message: string, ...args: (string | number)[]) => string;

let translate: Translate = (message, ...args) =>
  message.replace(/\{(\d+)\}/g, (_, index: string) => String(args[Number(index)] ?? ''));

/** Localised texts; `vscode.l10n` once the extension is active. */
export const l10n = {
  t: (message: string, ...args: (string | number)[]): string => translate(message, ...args),
};

export function setTranslator(translator: Translate): void {
  translate = translator;
}

/** The part of VS Code's LogOutputChannel that services use. */
export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** The part of VS Code's Memento that services use. */
export interface Memory {
  get(key: string): unknown;
  update(key: string, value: unknown): PromiseLike<void>;
}

/** Stores a value without waiting for it. A failure is logged: only a convenience is lost. */
export function remember(memory: Memory, key: string, value: unknown): void {
  memory.update(key, value).then(undefined, onUnexpectedError);
}

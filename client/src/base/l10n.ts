export type Translate = (message: string, ...args: (string | number)[]) => string;

let translate: Translate = (message, ...args) =>
  message.replace(/\{(\d+)\}/g, (_, index: string) => String(args[Number(index)] ?? ''));

/** Texts that people read. Stands between us and `vscode.l10n`, so that pure modules load without an editor. */
export const l10n = {
  t: (message: string, ...args: (string | number)[]): string => translate(message, ...args),
};

export function setTranslator(translator: Translate): void {
  translate = translator;
}

/** The part of VS Code's LogOutputChannel that services need; tests bring their own. */
export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** What a command's page says beyond its line, its arguments and its options, which stand where it is defined. */
export interface Page {
  /** More than the one line. */
  text?: string;
  /** Runnable, each with what it is for. */
  examples?: readonly (readonly [command: string, purpose: string])[];
  /** What exit codes mean, where it is more than 0 for success and 1 for an error. */
  exits?: Readonly<Record<string, string>>;
  see?: readonly string[];
}

export interface Manual {
  /** Headings of the overview, each with its commands. */
  groups: readonly (readonly [heading: string, commands: readonly string[]])[];
  /** By the path of the command without the program's name, such as `convoy create`. */
  pages: Readonly<Record<string, Page>>;
  /** What arguments are, by their names; an argument may say more itself. */
  glossary: Readonly<Record<string, string>>;
}

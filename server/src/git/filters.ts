/** The programs of a filter as in git's configuration (gitattributes, `filter`), such as those of git-lfs. */
export interface GitFilter {
  clean?: string;
  smudge?: string;
  process?: string;
  required?: boolean;
}

export type GitFilters = Readonly<Record<string, GitFilter>>;

export const PROGRAMS = ['clean', 'smudge', 'process'] as const;

/** Names that are safe in a line of a configuration file, and in the text that a person is asked to accept. */
export const FILTER_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
export const FILTER_COMMAND = /^[^\p{Cc}]{1,4096}$/u;

/** Each program of the filters, with the name under which it is accepted. */
export function filterCommands(filters: GitFilters): { name: string; command: string }[] {
  return Object.entries(filters).flatMap(([name, filter]) =>
    PROGRAMS.flatMap((program) => {
      const command = filter[program];
      return command === undefined ? [] : [{ name: `filter ${name} (${program})`, command }];
    }),
  );
}

/** Lines of a git configuration that name the filters. */
export function filterSettings(filters: GitFilters): string[] {
  return Object.entries(filters).flatMap(([name, { required, ...programs }]) => [
    `[filter "${name}"]`,
    ...PROGRAMS.flatMap((program) => {
      const command = programs[program];
      return command === undefined ? [] : [`\t${program} = "${command.replace(/[\\"]/g, '\\$&')}"`];
    }),
    `\trequired = ${required === true}`,
  ]);
}

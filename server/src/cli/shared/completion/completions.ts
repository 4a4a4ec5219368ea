import type { Command, Option } from 'commander';

export interface Candidate {
  value: string;
  text?: string;
}

/** What may stand in a place: the name of an argument, such as `rig`, or of an option, such as `--status`. */
export type ValueSource = (
  place: string,
  command: Command,
  options: Readonly<Record<string, string>>,
) => Promise<readonly Candidate[]>;

/** Where the word that is being typed stands. */
interface Place {
  command: Command;
  /** Set where it is the value of this option. */
  option?: Option;
  /** Otherwise: how many arguments stand before it. */
  argument: number;
  /** Values of the options before it. */
  options: Record<string, string>;
  /** Behind `--` nothing is an option. */
  plain: boolean;
}

/**
 * Candidates for the last of these words, one a line, with what they are behind a tab. Whatever goes wrong, there are
 * none: somebody is in the middle of typing.
 */
export async function completions(
  program: Command,
  shell: string | undefined,
  given: readonly string[],
  values: ValueSource,
): Promise<string> {
  const words = shell === 'bash' ? rejoined(given) : given;
  try {
    const before = words.slice(0, -1);
    const typed = words.at(-1) ?? '';
    const candidates =
      before[0] === 'help' && !typed.startsWith('-')
        ? beginningWith(typed, commandsOf(placeOf(program, before.slice(1)).command))
        : await candidatesFor(placeOf(program, before), typed, values, shell);
    return candidates.map(({ value, text }) => `${oneLine(value)}${text ? `\t${oneLine(text)}` : ''}\n`).join('');
  } catch {
    return '';
  }
}

/** Bash takes words apart at `=`: `--type=bug` and `review=person` come as three. */
function rejoined(words: readonly string[]): string[] {
  const joined: string[] = [];
  for (const word of words) {
    const before = joined.at(-1) ?? '';
    const continues = joined.length > 0 && (word === '=' ? /^[^=]+$/ : /^[^=]+=$/).test(before);
    if (continues) joined[joined.length - 1] = before + word;
    else joined.push(word);
  }
  return joined;
}

function placeOf(program: Command, before: readonly string[]): Place {
  const place: Place = { command: program, argument: 0, options: {}, plain: false };
  for (const word of before) {
    if (place.option) {
      place.options[place.option.long ?? ''] = word;
      place.option = undefined;
    } else if (word === '--' && !place.plain) place.plain = true;
    else if (word.startsWith('-') && word.length > 1 && !place.plain) takeOption(place, word);
    else takeWord(place, word);
  }
  return place;
}

function takeOption(place: Place, word: string): void {
  const [name = '', value] = word.split(/=(.*)/s);
  const option = findOption(place.command, name);
  if (!option) return;
  if (value !== undefined) place.options[option.long ?? ''] = value;
  else if (option.required) place.option = option;
}

function takeWord(place: Place, word: string): void {
  const next =
    place.argument === 0
      ? place.command.commands.find((command) => command.name() === word || command.aliases().includes(word))
      : undefined;
  if (next) place.command = next;
  else place.argument += 1;
}

function optionsOf(command: Command): Option[] {
  return [...command.options, ...(command.parent ? optionsOf(command.parent) : [])];
}

function findOption(command: Command, name: string): Option | undefined {
  return optionsOf(command).find((option) => option.long === name || option.short === name);
}

async function candidatesFor(
  place: Place,
  typed: string,
  values: ValueSource,
  shell: string | undefined,
): Promise<Candidate[]> {
  const [, name, start] = place.plain || place.option ? [] : (/^(--[^=]+)=(.*)$/s.exec(typed) ?? []);
  if (name === undefined || start === undefined) return beginningWith(typed, await candidatesAt(place, typed, values));
  const option = findOption(place.command, name);
  const found = option ? beginningWith(start, await valuesOfOption(place, option, values)) : [];
  // For bash the word begins behind the `=`.
  return shell === 'bash' ? found : found.map(({ value, text }) => ({ value: `${name}=${value}`, text }));
}

function beginningWith(start: string, candidates: readonly Candidate[]): Candidate[] {
  return candidates.filter(({ value }) => value.startsWith(start));
}

async function candidatesAt(place: Place, typed: string, values: ValueSource): Promise<readonly Candidate[]> {
  if (place.option) return valuesOfOption(place, place.option, values);
  if (typed.startsWith('-') && !place.plain) {
    const options = optionsOf(place.command)
      .filter((option) => !option.hidden && option.long)
      .map((option) => ({ value: option.long!, text: option.description }));
    return [...options, { value: '--help', text: 'all about this command' }];
  }
  const commands = place.argument === 0 ? commandsOf(place.command) : [];
  return [...commands, ...(await valuesOfArgument(place, values))];
}

function commandsOf(command: Command): Candidate[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((child) => ({ value: child.name(), text: child.description() }));
}

async function valuesOfOption(place: Place, option: Option, values: ValueSource): Promise<readonly Candidate[]> {
  return option.argChoices?.map((value) => ({ value })) ?? values(option.long ?? '', place.command, place.options);
}

async function valuesOfArgument(place: Place, values: ValueSource): Promise<readonly Candidate[]> {
  const all = place.command.registeredArguments;
  const argument = all[place.argument] ?? (all.at(-1)?.variadic ? all.at(-1) : undefined);
  if (!argument) return [];
  return argument.argChoices?.map((value) => ({ value })) ?? values(argument.name(), place.command, place.options);
}

function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}

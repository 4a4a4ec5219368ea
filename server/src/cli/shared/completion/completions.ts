import { optionsOf, type CliCommand, type Option } from '../command';

export interface Candidate {
  value: string;
  text?: string;
}

/** Completion values for a place: the name of an argument, such as `rig`, or of an option, such as `--status`. */
export type ValueSource = (
  place: string,
  command: CliCommand,
  options: Readonly<Record<string, string>>,
) => Promise<readonly Candidate[]>;

/** The place of the word to complete. */
interface Place {
  command: CliCommand;
  /** Set if the word is the value of this option. */
  option?: Option;
  /** Number of arguments before it. */
  argument: number;
  /** Values of the options before it, by long name. */
  options: Record<string, string>;
  /** After `--` no word is an option. */
  onlyArguments: boolean;
}

/**
 * Candidates for the last of these words, one per line, each followed by a tab and its description. Errors result in no
 * candidates: a message would appear in the line that the user is typing.
 */
export async function completions(
  program: CliCommand,
  shell: string | undefined,
  given: readonly string[],
  values: ValueSource,
): Promise<string> {
  const words = shell === 'bash' ? joinAtEquals(given) : given;
  try {
    const before = words.slice(0, -1);
    const typed = words.at(-1) ?? '';
    const candidates =
      before[0] === 'help' && !typed.startsWith('-')
        ? startingWith(typed, commandsOf(placeOf(program, before.slice(1)).command))
        : await candidatesFor(placeOf(program, before), typed, values, shell);
    return candidates.map(({ value, text }) => `${oneLine(value)}${text ? `\t${oneLine(text)}` : ''}\n`).join('');
  } catch {
    return '';
  }
}

/** Bash splits words at `=`: `--type=bug` and `review=person` arrive as three. */
function joinAtEquals(words: readonly string[]): string[] {
  const joined: string[] = [];
  for (const word of words) {
    const before = joined.at(-1) ?? '';
    const continues = joined.length > 0 && (word === '=' ? /^[^=]+$/ : /^[^=]+=$/).test(before);
    if (continues) joined[joined.length - 1] = before + word;
    else joined.push(word);
  }
  return joined;
}

function placeOf(program: CliCommand, before: readonly string[]): Place {
  const place: Place = { command: program, argument: 0, options: {}, onlyArguments: false };
  for (const word of before) {
    if (place.option) {
      place.options[place.option.long] = word;
      place.option = undefined;
    } else if (word === '--' && !place.onlyArguments) place.onlyArguments = true;
    else if (word.startsWith('-') && word.length > 1 && !place.onlyArguments) takeOption(place, word);
    else takeWord(place, word);
  }
  return place;
}

function takeOption(place: Place, word: string): void {
  const [name = '', value] = word.split(/=(.*)/s);
  const option = findOption(place.command, name);
  if (!option) return;
  if (value !== undefined) place.options[option.long] = value;
  else if (option.value === 'required') place.option = option;
}

function takeWord(place: Place, word: string): void {
  const next = place.argument === 0 ? place.command.find(word) : undefined;
  if (next) place.command = next;
  else place.argument += 1;
}

function findOption(command: CliCommand, name: string): Option | undefined {
  return optionsOf(command).find((option) => option.long === name || option.short === name);
}

async function candidatesFor(
  place: Place,
  typed: string,
  values: ValueSource,
  shell: string | undefined,
): Promise<Candidate[]> {
  const [, name, start] = place.onlyArguments || place.option ? [] : (/^(--[^=]+)=(.*)$/s.exec(typed) ?? []);
  if (name === undefined || start === undefined) return startingWith(typed, await candidatesAt(place, typed, values));
  const option = findOption(place.command, name);
  const found = option ? startingWith(start, await valuesOfOption(place, option, values)) : [];
  // For bash the word starts after the `=`.
  return shell === 'bash' ? found : found.map(({ value, text }) => ({ value: `${name}=${value}`, text }));
}

function startingWith(start: string, candidates: readonly Candidate[]): Candidate[] {
  return candidates.filter(({ value }) => value.startsWith(start));
}

async function candidatesAt(place: Place, typed: string, values: ValueSource): Promise<readonly Candidate[]> {
  if (place.option) return valuesOfOption(place, place.option, values);
  if (typed.startsWith('-') && !place.onlyArguments) {
    const options = optionsOf(place.command)
      .filter((option) => !option.hidden)
      .map((option) => ({ value: option.long, text: option.description }));
    return [...options, { value: '--help', text: 'show everything about this command' }];
  }
  const commands = place.argument === 0 ? commandsOf(place.command) : [];
  return [...commands, ...(await valuesOfArgument(place, values))];
}

function commandsOf(command: CliCommand): Candidate[] {
  return command.visibleCommands.map((child) => ({ value: child.name, text: child.summary }));
}

async function valuesOfOption(place: Place, option: Option, values: ValueSource): Promise<readonly Candidate[]> {
  return option.choices?.map((value) => ({ value })) ?? values(option.long, place.command, place.options);
}

async function valuesOfArgument(place: Place, values: ValueSource): Promise<readonly Candidate[]> {
  const all = place.command.arguments;
  const argument = all[place.argument] ?? (all.at(-1)?.variadic ? all.at(-1) : undefined);
  if (!argument) return [];
  return argument.choices?.map((value) => ({ value })) ?? values(argument.name, place.command, place.options);
}

function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
}

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { runBd } from '../../../server/src/cli/bd/program';
import { tempDir } from '../../helpers/temp';

/**
 * A transcript is a terminal session as text: a line `$ bd …` or `$ git …`, lines `> …` that are its input, and what it answered.
 * Lines of standard error begin with `! `; the last line `[2]` is the exit code, unless that is 0.
 * `$ write <file>` writes its input to a file, `$ cat <file>` prints one. `| key …` after a command with `--json` keeps these keys.
 * Ids that bd made up are `<id1>`, `<id2>` … in the order in which they appear; commands can name them so. Ids that a command
 * spells out stay.
 * Lines that begin with `#` before the first command say what the session is about.
 */
export interface Session {
  about: string[];
  steps: Step[];
}

interface Step {
  command: string;
  input: string[];
  answer: string[];
}

const ID = /\b(?:t|kw)-(?:(?:wisp|mol)-)?[0-9a-z]+/g;
const TIME = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?/g;

export function parseTranscript(text: string): Session {
  const about: string[] = [];
  const steps: Step[] = [];
  for (const line of text.replace(/\n$/, '').split('\n')) {
    const step = steps.at(-1);
    if (line.startsWith('$ ')) steps.push({ command: line.slice(2), input: [], answer: [] });
    else if (!step) about.push(line);
    else if (line.startsWith('> ') || line === '>') step.input.push(line.slice(2));
    else step.answer.push(line);
  }
  return { about, steps };
}

export function printTranscript({ about, steps }: Session): string {
  const lines = steps.flatMap(({ command, input, answer }) => [
    `$ ${command}`,
    ...input.map((line) => `> ${line}`.trimEnd()),
    ...answer,
  ]);
  return `${[...about, ...lines].join('\n')}\n`;
}

/** Runs the commands of a session in a new repository with a ledger. @returns the session with the answers of now */
export async function replay(session: Session): Promise<Session> {
  const chosen = session.steps.flatMap(({ command, input }) => [command, ...input].join('\n').match(ID) ?? []);
  const terminal = new Terminal(new Set(chosen));
  await terminal.begin();
  const steps: Step[] = [];
  for (const { command, input } of session.steps)
    steps.push({ command, input, answer: await terminal.run(command, input) });
  return { about: session.about, steps };
}

class Terminal {
  private readonly root = fs.realpathSync(tempDir('transcript'));
  private readonly cwd = path.join(this.root, 'project');
  private readonly ids: string[] = [];

  constructor(private readonly chosen: ReadonlySet<string>) {}

  async begin(): Promise<void> {
    fs.mkdirSync(this.cwd);
    this.git(['init', '-q', '-b', 'main']);
    this.git(['config', 'user.name', 'Ann']);
    this.git(['config', 'user.email', 'ann@example.com']);
    this.git(['commit', '-q', '--allow-empty', '-m', 'first']);
    await this.bd(['init', '--prefix', 't', '--quiet'], '');
  }

  /** @returns the lines of its answer */
  async run(command: string, input: string[]): Promise<string[]> {
    const [call = '', keys] = command.split(/ \| (?=[\w ]+$)/);
    const [program, ...args] = wordsOf(this.withIds(call));
    const text = input.map((line) => `${this.withIds(line)}\n`).join('');
    const { code, out, err } = await this.start(program ?? '', args, text);
    const shown = keys && out ? pick(out, keys.split(' ')) : out;
    const lines = [...linesOf(this.normal(shown)), ...linesOf(this.normal(err)).map((line) => `! ${line}`.trimEnd())];
    return code === 0 ? lines : [...lines, `[${code}]`];
  }

  private async start(program: string, args: string[], input: string): Promise<Answer> {
    if (program === 'bd') return this.bd(args, input);
    if (program === 'git') return this.git(args);
    const file = path.join(this.cwd, args[0] ?? '');
    if (program === 'cat') return { code: 0, out: fs.readFileSync(file, 'utf8'), err: '' };
    if (program !== 'write') throw new Error(`a transcript has no command ${program}`);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, input);
    return { code: 0, out: '', err: '' };
  }

  private get env(): NodeJS.ProcessEnv {
    const { PATH } = process.env;
    return { PATH, HOME: this.root, BD_ACTOR: 'ann', EDITOR: 'true', BD_NO_DAEMON: '1', TZ: 'UTC' };
  }

  private git(args: string[]): Answer {
    const { status, stdout, stderr } = spawnSync('git', args, { cwd: this.cwd, env: this.env, encoding: 'utf8' });
    return { code: status ?? 1, out: stdout, err: stderr };
  }

  private async bd(args: string[], input: string): Promise<Answer> {
    let [out, err] = ['', ''];
    const terminal = {
      colour: false,
      write: (text: string) => void (out += text),
      writeError: (text: string) => void (err += text),
    };
    const code = await runBd(args, { terminal, cwd: this.cwd, env: this.env, readStdin: () => input });
    return { code, out, err };
  }

  private withIds(text: string): string {
    return text.replace(/<id(\d+)>/g, (whole, number: string) => this.ids[Number(number) - 1] ?? whole);
  }

  private normal(text: string): string {
    return text
      .replaceAll(this.root, '<root>')
      .replace(ID, (id) => {
        if (this.chosen.has(id)) return id;
        if (!this.ids.includes(id)) this.ids.push(id);
        return `<id${this.ids.indexOf(id) + 1}>`;
      })
      .replace(TIME, '<time>')
      .replace(/\[\d\d:\d\d:\d\d\]/g, '[<time>]')
      .replace(/\bint-[0-9a-f]{8}\b/g, '<entry>')
      .replaceAll(new Date().toISOString().slice(0, 10), '<today>');
  }
}

interface Answer {
  code: number;
  out: string;
  err: string;
}

function linesOf(text: string): string[] {
  return text === ''
    ? []
    : text
        .replace(/\n$/, '')
        .split('\n')
        .map((line) => line.trimEnd());
}

/** Keeps these keys of the rows. @returns one line a row */
function pick(text: string, keys: string[]): string {
  const value = JSON.parse(text) as Record<string, unknown> | Record<string, unknown>[];
  const rows = (Array.isArray(value) ? value : [value]).map((row) =>
    JSON.stringify(Object.fromEntries(keys.filter((key) => key in row).map((key) => [key, row[key]]))),
  );
  return rows.map((row) => `${row}\n`).join('');
}

/** Words of a command line, with quotes as in a shell. */
function wordsOf(line: string): string[] {
  const words = line.match(/(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s"'])+/g) ?? [];
  return words.map((word) =>
    word.replace(
      /"((?:[^"\\]|\\.)*)"|'([^']*)'/g,
      (_, double?: string, single?: string) => single ?? (double ?? '').replace(/\\(.)/g, '$1'),
    ),
  );
}

/** Puts the built `bd` first in the PATH: git starts it to merge. @returns a function that undoes it */
export function withBuiltBd(): () => void {
  const bin = tempDir('transcriptBin');
  fs.symlinkSync(path.resolve('dist/bd.js'), path.join(bin, 'bd'));
  const { PATH } = process.env;
  process.env.PATH = `${bin}${path.delimiter}${PATH}`;
  return () => {
    process.env.PATH = PATH;
  };
}

import assert from 'node:assert/strict';
import { BdContext } from '../../../server/src/cli/bd/context';
import { wholeBd } from '../../../server/src/cli/bd/program';
import { GtContext } from '../../../server/src/cli/gt/context';
import { wholeGt } from '../../../server/src/cli/gt/program';
import type { CliCommand, CliProgram } from '../../../server/src/cli/shared/command';
import { argumentText, helpPage } from '../../../server/src/cli/shared/helpPage';
import { parseFully } from '../../../server/src/cli/shared/parseFully';

const nowhere = { write: () => undefined, writeError: () => undefined, colour: false };
const context = { terminal: nowhere, cwd: '/', env: {}, readStdin: () => '' };

function tree(command: CliCommand): CliCommand[] {
  return [command, ...command.visibleCommands.flatMap(tree)];
}

/** Words of a command as a shell would give them: quotes only, no expansions. */
function shellWords(text: string): string[] {
  return [...text.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) =>
    word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'),
  );
}

/** The part of an example that calls one of the two programs; the rest is the shell's. */
function call(example: string): string[] {
  const text = /(?:^|\| |<\(|")((?:gt|bd) [^|>)]*)/.exec(example)?.[1] ?? '';
  return shellWords(text.trim());
}

describe('help pages', () => {
  const programs = new Map<string, CliProgram>();

  before(async () => {
    programs.set('gt', await wholeGt(new GtContext(context)));
    programs.set('bd', await wholeBd(new BdContext(context)));
  });

  /** Fails where an example names an unknown command or option, or has too few or too many words. */
  function checkCall(example: string): void {
    const [name = '', ...words] = call(example);
    const program = programs.get(name);
    assert.ok(program, `"${example}" calls neither gt nor bd`);
    try {
      assert.ok('command' in parseFully(program, words) || words.length === 0 || words.includes('help'));
    } catch (error) {
      assert.fail(`"${example}": ${String(error)}`);
    }
  }

  function checkReference(name: string): void {
    const [program = '', ...words] = name.split(' ');
    let command: CliCommand | undefined = programs.get(program);
    for (const word of words) {
      if (word.startsWith('-'))
        assert.ok(
          command?.options.some((option) => option.long === word),
          `there is no ${name}`,
        );
      else command = command?.find(word);
      assert.ok(command, `there is no ${name}`);
    }
  }

  for (const name of ['gt', 'bd']) {
    it(`${name}: every command has a summary, and all its arguments and options are described`, () => {
      for (const command of tree(programs.get(name)!)) {
        const { path } = command;
        assert.match(command.summary, /^[^\n]{3,100}$/, `${path} has no summary of one line`);
        for (const argument of command.arguments)
          assert.notEqual(argumentText(command, argument), '', `${path}: <${argument.name}> is not described`);
        for (const option of command.options)
          assert.notEqual(option.description, '', `${path}: ${option.flags} is not described`);
      }
    });

    it(`${name}: every command has an example, and examples and references name existing commands`, () => {
      for (const command of tree(programs.get(name)!)) {
        const { examples = [], see = [] } = command.details;
        if (command.visibleCommands.length === 0) assert.ok(examples.length > 0, `${command.path} has no example`);
        for (const [example, purpose] of examples) {
          checkCall(example);
          assert.match(purpose, /\S/);
        }
        for (const other of see) checkReference(other);
      }
    });

    it(`${name}: the overview has every command once`, () => {
      const program = programs.get(name)!;
      assert.deepEqual(
        program.groups.flatMap(([, commands]) => commands).sort(),
        program.visibleCommands.map((command) => command.name).sort(),
      );
    });

    it(`${name}: pages fit a terminal of 100 columns`, () => {
      for (const command of tree(programs.get(name)!)) {
        const lines = helpPage(command).split('\n');
        // A word or an example that is longer stays whole.
        for (const line of lines.filter((text) => !/^ {2}(?:#|gt |bd |git |source )/.test(text)))
          assert.ok(line.length <= 104, `${command.path}: ${line}`);
      }
    });
  }
});

import assert from 'node:assert/strict';
import type { Command } from 'commander';
import { BdContext } from '../../../server/src/cli/bd/context';
import { wholeBd } from '../../../server/src/cli/bd/program';
import { GtContext } from '../../../server/src/cli/gt/context';
import { wholeGt } from '../../../server/src/cli/gt/program';
import { pathOf, visibleCommands, type CliProgram } from '../../../server/src/cli/shared/command';
import { argumentText, detailsOf, helpPage } from '../../../server/src/cli/shared/helpPage';

const nowhere = { write: () => undefined, writeError: () => undefined, colour: false };
const context = { terminal: nowhere, cwd: '/', env: {}, readStdin: () => '' };

function tree(command: Command): Command[] {
  return [command, ...visibleCommands(command).flatMap(tree)];
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
    for (const command of [...programs.values()].flatMap(tree)) {
      command.exitOverride().configureOutput({ writeErr: () => undefined });
      // Examples are parsed, not run.
      if (command.registeredArguments.length > 0 || command.commands.length === 0) command.action(() => undefined);
    }
  });

  /** Fails where an example names an unknown command or option, or has too few or too many words. */
  function checkCall(example: string): void {
    const [name = '', ...words] = call(example);
    const program = programs.get(name);
    assert.ok(program, `"${example}" calls neither gt nor bd`);
    try {
      program.parse(words, { from: 'user' });
    } catch (error) {
      assert.fail(`"${example}": ${String(error)}`);
    }
  }

  function checkReference(name: string): void {
    const [program = '', ...words] = name.split(' ');
    let command: Command | undefined = programs.get(program);
    for (const word of words) {
      if (word.startsWith('-'))
        assert.ok(
          command?.options.some((option) => option.long === word),
          `there is no ${name}`,
        );
      else command = command?.commands.find((child) => child.name() === word);
      assert.ok(command, `there is no ${name}`);
    }
  }

  for (const name of ['gt', 'bd']) {
    it(`${name}: every command has a summary, and all its arguments and options are described`, () => {
      for (const command of tree(programs.get(name)!)) {
        const path = pathOf(command);
        assert.match(command.description(), /^[^\n]{3,100}$/, `${path} has no summary of one line`);
        for (const argument of command.registeredArguments)
          assert.notEqual(argumentText(command, argument), '', `${path}: <${argument.name()}> is not described`);
        for (const option of command.options)
          assert.notEqual(option.description, '', `${path}: ${option.flags} is not described`);
      }
    });

    it(`${name}: every command has an example, and examples and references name existing commands`, () => {
      for (const command of tree(programs.get(name)!)) {
        const { examples = [], see = [] } = detailsOf(command);
        if (visibleCommands(command).length === 0) assert.ok(examples.length > 0, `${pathOf(command)} has no example`);
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
        visibleCommands(program)
          .map((command) => command.name())
          .sort(),
      );
    });

    it(`${name}: pages fit a terminal of 100 columns`, () => {
      for (const command of tree(programs.get(name)!)) {
        const lines = helpPage(command).split('\n');
        // A word or an example that is longer stays whole.
        for (const line of lines.filter((text) => !/^ {2}(?:#|gt |bd |git |source )/.test(text)))
          assert.ok(line.length <= 104, `${pathOf(command)}: ${line}`);
      }
    });
  }
});

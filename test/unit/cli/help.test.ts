import assert from 'node:assert/strict';
import type { Command } from 'commander';
import { buildBd } from '../../../server/src/cli/bd/program';
import { BdContext } from '../../../server/src/cli/bd/context';
import { bdManual } from '../../../server/src/cli/bd/manual';
import { buildGt } from '../../../server/src/cli/gt/program';
import { gtManual } from '../../../server/src/cli/gt/manual';
import type { Manual } from '../../../server/src/cli/shared/help/manual';
import { argumentText, helpPage, pageOf } from '../../../server/src/cli/shared/help/page';
import { pathOf } from '../../../server/src/cli/shared/run';

const nowhere = { write: () => undefined, writeError: () => undefined, colour: false };

function visible(command: Command): Command[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .filter((child) => command.commands.includes(child));
}

function tree(command: Command): Command[] {
  return [command, ...visible(command).flatMap(tree)];
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

describe('the manual of gt and bd', () => {
  const programs = new Map<string, Command>();
  const manuals: Record<string, Manual> = { gt: gtManual, bd: bdManual };

  before(async () => {
    programs.set('gt', await buildGt());
    programs.set('bd', await buildBd(new BdContext({ terminal: nowhere, cwd: '/', env: {}, readStdin: () => '' })));
    for (const command of [...programs.values()].flatMap(tree)) {
      command.exitOverride().configureOutput({ writeErr: () => undefined });
      // Examples are parsed, not run.
      if (command.registeredArguments.length > 0 || command.commands.length === 0) command.action(() => undefined);
    }
  });

  /** Fails where an example names a command or an option that there is not, or has too few or too many words. */
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

  for (const name of ['gt', 'bd']) {
    it(`${name}: every command has a summary, and everything in it is described`, () => {
      const manual = manuals[name]!;
      for (const command of tree(programs.get(name)!)) {
        const path = pathOf(command);
        assert.match(command.description(), /^[^\n]{3,}$/, `${path} has no summary`);
        assert.ok(
          command.description().length <= 170,
          `the summary of ${path} is no summary: ${command.description().length}`,
        );
        for (const argument of command.registeredArguments)
          assert.notEqual(argumentText(argument, manual), '', `${path}: <${argument.name()}> is not described`);
        for (const option of command.options)
          assert.notEqual(option.description, '', `${path}: ${option.flags} is not described`);
      }
    });

    it(`${name}: every command has an example, and all of them are commands that there are`, () => {
      const manual = manuals[name]!;
      for (const command of tree(programs.get(name)!)) {
        const { examples = [], see = [] } = pageOf(command, manual);
        if (visible(command).length === 0) assert.ok(examples.length > 0, `${pathOf(command)} has no example`);
        for (const [example, purpose] of examples) {
          checkCall(example);
          assert.match(purpose, /\S/);
        }
        for (const other of see) checkName(other);
      }
    });

    it(`${name}: the overview has every command once, and no page is left over`, () => {
      const manual = manuals[name]!;
      const program = programs.get(name)!;
      assert.deepEqual(
        manual.groups.flatMap(([, commands]) => commands).sort(),
        visible(program)
          .map((command) => command.name())
          .sort(),
      );
      const paths = new Set(tree(program).map((command) => pathOf(command).split(' ').slice(1).join(' ')));
      assert.deepEqual(
        Object.keys(manual.pages).filter((path) => !paths.has(path)),
        [],
      );
    });

    it(`${name}: pages fit a terminal of 100 columns`, () => {
      for (const command of tree(programs.get(name)!)) {
        const lines = helpPage(command, manuals[name]!).split('\n');
        // A word or an example that is longer stays whole.
        for (const line of lines.filter((text) => !/^ {2}(?:#|gt |bd |git |source )/.test(text)))
          assert.ok(line.length <= 104, `${pathOf(command)}: ${line}`);
      }
    });
  }

  function checkName(name: string): void {
    const words = name.split(' ');
    let command = programs.get(words.shift()!);
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
});

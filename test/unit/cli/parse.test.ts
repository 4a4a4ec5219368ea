import assert from 'node:assert/strict';
import fc from 'fast-check';
import { UserError } from '../../../server/src/base/errors';
import { BdContext } from '../../../server/src/cli/bd/context';
import { wholeBd } from '../../../server/src/cli/bd/program';
import { CliProgram, InvalidValue, optionsOf, type CliCommand } from '../../../server/src/cli/shared/command';
import { parseFully } from '../../../server/src/cli/shared/parseFully';
import { parseQuickly, type ParsedCall } from '../../../server/src/cli/shared/parseQuickly';
import { GtContext } from '../../../server/src/cli/gt/context';
import { wholeGt } from '../../../server/src/cli/gt/program';

const context = {
  terminal: { write: () => undefined, writeError: () => undefined, colour: false },
  cwd: '/',
  env: {},
  readStdin: () => '',
};

function all(command: CliCommand): CliCommand[] {
  return [command, ...command.commands.flatMap(all)];
}

/** What the two parsers must agree on. */
function shown(call: ParsedCall): unknown {
  const { command, options, allOptions } = call;
  return { command: command.path, arguments: call.arguments, options, allOptions };
}

function quickly(program: CliProgram, words: readonly string[]): ParsedCall | undefined {
  try {
    return parseQuickly(program, words);
  } catch {
    return undefined;
  }
}

/** Words of a call: mostly such as the command takes, and now and then something else. */
function wordsFor(command: CliCommand): fc.Arbitrary<string[]> {
  const options = optionsOf(command);
  const value = fc.constantFrom(
    'a',
    'b c',
    '1',
    'P2',
    'x=y',
    '',
    '-',
    '--',
    '-x',
    'tomorrow',
    '{"a":1}',
    'high',
    'text',
  );
  const option = fc
    .tuple(fc.constantFrom(...options), value, fc.nat(3))
    .map(([{ long, short, value: takes }, text, form]) => {
      if (takes === 'none') return [form === 0 && short ? short : long];
      if (form === 0) return [`${long}=${text}`];
      return form === 1 && short ? [short, text] : [long, text];
    });
  const rest = fc.array(
    fc.oneof({ weight: 3, arbitrary: option }, { weight: 2, arbitrary: value.map((text) => [text]) }),
    {
      maxLength: 5,
    },
  );
  const path = command.path.split(' ').slice(1);
  return fc
    .tuple(fc.array(option, { maxLength: 1 }), rest)
    .map(([before, after]) => [...before.flat(), ...path, ...after.flat()]);
}

describe('parsing of a command line', () => {
  for (const [name, load] of [
    ['gt', () => wholeGt(new GtContext(context))],
    ['bd', () => wholeBd(new BdContext(context))],
  ] as const) {
    it(`${name}: what is parsed quickly is parsed as commander does`, async () => {
      const program = await load();
      let quick = 0;
      for (const command of all(program)) {
        fc.assert(
          fc.property(wordsFor(command), (words) => {
            const call = quickly(program, words);
            if (!call) return;
            quick += 1;
            const full = parseFully(program, words);
            assert.ok('command' in full);
            assert.deepEqual(shown(call), shown(full));
          }),
          { numRuns: 60 },
        );
      }
      assert.ok(quick > 200, `only ${quick} calls were parsed quickly`);
    });

    it(`${name}: an example that runs one command is parsed quickly`, async () => {
      const program = await load();
      for (const command of all(program)) {
        for (const [example] of command.details.examples ?? []) {
          // The shell's own words are not the program's.
          if (/[|<>"'$]/.test(example) || !example.startsWith(`${name} `) || / help| --arg=| --env /.test(example))
            continue;
          assert.ok(quickly(program, example.split(' ').slice(1)), example);
        }
      }
    });
  }

  describe('of a small program', () => {
    const program = new CliProgram('x').option('--json', 'JSON').option('--at <place>', 'place');
    const run = (): undefined => undefined;
    program.command('one <id>').option('-n, --count <n>', 'count', Number, 1).option('--no-auto', 'not').action(run);
    const group = program.command('many').option('--reason <text>', 'outer').action(run).argument('[word]');
    group.command('open').action(run);
    group.command('close <ids...>').option('-r, --reason <text>', 'inner').action(run);
    program
      .command('pick <what>')
      .addOption('--as [form]', 'form', { choices: ['flat', 'deep'], preset: 'flat' })
      .addOption('--size <size>', 'size', {
        parse: (text: string) => {
          if (text !== 'big') throw new InvalidValue('big only');
          return text;
        },
        mandatory: true,
      })
      .action(run);

    const parsed = (line: string): unknown => {
      const call = parseQuickly(program, line.split(' '));
      return call && [call.command.path, call.arguments, call.options, call.allOptions];
    };

    it('has options of the program before and behind the command, and defaults', () => {
      const all = { json: true, at: 'here', count: 1, auto: true };
      assert.deepEqual(parsed('one a --json --at here'), ['x one', ['a'], { count: 1, auto: true }, all]);
      assert.deepEqual(parsed('--json --at=here one a'), ['x one', ['a'], { count: 1, auto: true }, all]);
      assert.deepEqual(parsed('one -n 5 --no-auto a'), [
        'x one',
        ['a'],
        { count: 5, auto: false },
        { count: 5, auto: false },
      ]);
    });

    it('takes words behind -- as arguments', () => {
      assert.deepEqual(parsed('one -- --json'), [
        'x one',
        ['--json'],
        { count: 1, auto: true },
        { count: 1, auto: true },
      ]);
    });

    it('gives an option of a group to the group, wherever it stands, and to its command if that has it too', () => {
      const [command, done] = ['x many close', { reason: 'done' }];
      assert.deepEqual(parsed('many close a b --reason done'), [command, [['a', 'b']], done, done]);
      assert.deepEqual(parsed('many --reason done close a'), [command, [['a']], done, done]);
      assert.deepEqual(parsed('many --reason done open'), ['x many open', [], {}, done]);
      assert.deepEqual(parsed('many word'), ['x many', ['word'], {}, {}]);
    });

    it('takes a preset where an optional value is left out', () => {
      assert.deepEqual(parsed('pick a --size=big --as'), [
        'x pick',
        ['a'],
        { size: 'big', as: 'flat' },
        { size: 'big', as: 'flat' },
      ]);
      assert.deepEqual(parsed('pick a --size=big --as=deep'), [
        'x pick',
        ['a'],
        { size: 'big', as: 'deep' },
        { size: 'big', as: 'deep' },
      ]);
    });

    it('leaves everything else to commander', () => {
      for (const line of [
        'two',
        'one',
        'one a b',
        'one a --help',
        'one a -h',
        'one a --unknown',
        'one a --at',
        'one a --at --json',
        'one a --json=yes',
        'one -n5 a',
        'pick a',
        'pick a --size=big --as=round',
        'pick a --size=big --as deep',
      ])
        assert.equal(parsed(line), undefined, line);
    });

    it('gives errors as commander words them, with a hint', () => {
      const fails = (line: string, message: RegExp, hint: RegExp): void =>
        assert.throws(
          () => parseFully(program, line.split(' ')),
          (error: unknown) => error instanceof UserError && message.test(error.message) && hint.test(error.hint ?? ''),
          line,
        );
      fails('oen', /unknown command 'oen'/, /Did you mean one\?/);
      fails('one a --cuont 1', /unknown flag: --cuont/, /Did you mean --count\?/);
      fails('one a --zzz', /unknown flag: --zzz/, /after --/);
      fails('one', /missing required argument 'id'/, /See x one --help/);
      fails('pick a --size small', /argument 'small' is invalid\. big only/, /See x pick --help/);
      fails('pick a --size big --as round', /Allowed choices are flat, deep/, /See x pick --help/);
    });

    it('knows who asks for help, and who has to choose a command', () => {
      const help = (line: string): unknown => {
        const call = parseFully(program, line.split(' '));
        return 'helpFor' in call && [call.helpFor.path, call.exitCode];
      };
      assert.deepEqual(help('one --help'), ['x one', 0]);
      const bare = new CliProgram('y');
      bare.command('group').command('leaf').action(run);
      const call = parseFully(bare, ['group']);
      assert.ok('helpFor' in call && call.helpFor.path === 'y group' && call.exitCode === 1);
    });
  });
});

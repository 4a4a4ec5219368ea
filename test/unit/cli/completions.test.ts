import assert from 'node:assert/strict';
import { CliProgram } from '../../../server/src/cli/shared/command';
import { completions, type ValueSource } from '../../../server/src/cli/shared/completion/completions';
import { completionScript, shells } from '../../../server/src/cli/shared/completion/scripts';

const run = (): undefined => undefined;
const program = new CliProgram('x').option('--json', 'print JSON').option('--town <folder>', 'the town');
program.command('show <ids...>').description('show beads').option('--status <status>', 'status').action(run);
program.command('secret', { hidden: true }).action(run);
const group = program.command('mail').description('mail');
group.command('read <mail>').alias('show').description('read\none').action(run);
group
  .command('check')
  .description('check')
  .addOption('--inject [form]', 'form', { choices: ['text', 'block'] })
  .action(run);

/** Values that say for which place they were asked for. */
const values: ValueSource = async (place, command, options) =>
  place === 'none' ? [] : [{ value: `${command.name}:${place}`, text: JSON.stringify(options) }];

async function candidates(line: string, shell = 'fish'): Promise<string[]> {
  return (await completions(program, shell, line.split(' '), values)).split('\n').filter(Boolean);
}

describe('completion', () => {
  it('offers commands with their summaries, and none that are hidden', async () => {
    assert.deepEqual(await candidates(''), ['show\tshow beads', 'mail\tmail']);
    assert.deepEqual(await candidates('ma'), ['mail\tmail']);
    assert.deepEqual(await candidates('mail '), ['read\tread one', 'check\tcheck'], 'on one line each');
    assert.deepEqual(await candidates('help mail r'), ['read\tread one']);
  });

  it('offers options, those of the program too, and --help', async () => {
    assert.deepEqual(await candidates('show --'), [
      '--status\tstatus',
      '--json\tprint JSON',
      '--town\tthe town',
      '--help\tshow everything about this command',
    ]);
    assert.deepEqual(await candidates('show -- --'), [], 'behind -- there is none');
  });

  it('asks for the values of arguments and options, with the options before them', async () => {
    assert.deepEqual(await candidates('--town /t show '), ['show:ids\t{"--town":"/t"}']);
    assert.deepEqual(await candidates('show a b '), ['show:ids\t{}'], 'more of them');
    assert.deepEqual(await candidates('show --status '), ['show:--status\t{}']);
    assert.deepEqual(await candidates('mail show '), ['read:mail\t{}'], 'by an alias');
    assert.deepEqual(await candidates('mail read a '), [], 'it takes one only');
    assert.deepEqual(await candidates('mail check --inject='), ['--inject=text', '--inject=block']);
  });

  it('joins what bash splits at =', async () => {
    assert.deepEqual(await candidates('mail check --inject = b', 'bash'), ['block']);
    assert.deepEqual(await candidates('--town = /t show ', 'bash'), ['show:ids\t{"--town":"/t"}']);
  });

  it('is silent where the values cannot be had', async () => {
    const failing: ValueSource = async () => {
      throw new Error('no server');
    };
    assert.equal(await completions(program, 'zsh', ['show', ''], failing), '');
  });

  it('has a script for each shell that calls the program', () => {
    for (const shell of shells) assert.match(completionScript('gt', shell), new RegExp(`__complete ${shell} `));
  });
});

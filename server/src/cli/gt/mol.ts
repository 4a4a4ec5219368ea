import { MoleculeGet, StepClose } from '../../protocol/formula';
import { fullAddress } from '../../town/layout';
import type { CliCommand, Invocation } from '../shared/command';
import { continueLines, moleculeLines, progressLine } from '../shared/moleculeText';
import { painter } from '../shared/output';
import type { GtContext } from './context';

const plain = painter(false);

/** `gt mol`: progress of agents in their molecules. `bd mol` pours and changes molecules. */
export function addMol(program: CliCommand, context: GtContext): void {
  const mol = program.command('mol').alias('molecule').description('molecules: work in steps');
  addStatus(mol, context, 'status', "show an agent's molecule, step by step");
  addStatus(mol, context, 'current', 'same as status');
  addProgress(mol, context);
  addStepDone(mol, context);
}

function addStatus(mol: CliCommand, context: GtContext, name: string, description: string): void {
  mol
    .command(name)
    .description(description)
    .argument('[agent]', 'such as toy/rust (default: you)')
    .withHelp({
      examples: [
        [`gt mol ${name}`, 'your own'],
        [`gt mol ${name} toy/rust`, "another agent's"],
      ],
      see: ['bd mol current'],
    })
    .action(async (agent: string | undefined, _options: unknown, invocation: Invocation) => {
      const params = agent === undefined ? {} : { actor: fullAddress(agent) };
      const molecules = await context.call(invocation, MoleculeGet.spec, params);
      context.print(invocation, molecules, () =>
        molecules.length === 0
          ? `${agent ?? 'You'}: no molecule`
          : molecules.flatMap((molecule) => moleculeLines(molecule, plain)),
      );
    });
}

function addProgress(mol: CliCommand, context: GtContext): void {
  mol
    .command('progress')
    .description('show the progress of a molecule')
    .argument('<molecule>', 'a molecule, a step of one, or the bead that it is attached to')
    .withHelp({ examples: [['gt mol progress toy-a1b2c', 'steps done of all']], see: ['bd mol progress'] })
    .action(async (id: string, _options: unknown, invocation: Invocation) => {
      const molecules = await context.call(invocation, MoleculeGet.spec, { id });
      context.print(invocation, molecules, () => molecules.map((molecule) => progressLine(molecule, plain)));
    });
}

function addStepDone(mol: CliCommand, context: GtContext): void {
  mol
    .command('step')
    .description('one step of a molecule')
    .command('done')
    .description('close a step and start the next one: same as bd close <step> --continue')
    .argument('<step>')
    .option('-m, --message <text>', 'the result')
    .withHelp({
      examples: [['gt mol step done toy-w1x2y -m "tests pass"', 'close a step and start the next one']],
      see: ['bd close --continue'],
    })
    .action(async (id: string, options: { message?: string }, invocation: Invocation) => {
      const result = await context.call(invocation, StepClose.spec, { id, reason: options.message });
      context.print(invocation, result, () => continueLines(result, plain));
    });
}

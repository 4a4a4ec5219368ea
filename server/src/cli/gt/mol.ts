import type { Command } from 'commander';
import { MoleculeGet, StepClose, type MoleculeInfo } from '../../protocol/formula';
import { fullAddress } from '../../town/layout';
import { continueLines, moleculeLines, progressLine } from '../shared/moleculeText';
import { painter } from '../shared/output';
import { print, withTown } from '../shared/connect';

/** `gt mol`: where agents are in their molecules. `bd mol` pours and changes them. */
export function addMoleculeCommands(program: Command): void {
  const mol = program.command('mol').alias('molecule').description('molecules: work step by step');
  const paint = painter(false);
  const show = async (command: Command, molecules: MoleculeInfo[], none: string): Promise<void> => {
    print(command, molecules, () =>
      molecules.length === 0 ? none : molecules.flatMap((molecule) => moleculeLines(molecule, paint)),
    );
  };
  for (const [name, description] of [
    ['status', "what is on an agent's hook, step by step"],
    ['current', 'the same'],
  ] as const) {
    mol
      .command(name)
      .argument('[agent]', 'such as toy/rust; otherwise you')
      .description(description)
      .action(async (agent: string | undefined, _options, command: Command) => {
        const found = await withTown(command, (town) =>
          town.call(MoleculeGet.spec, agent === undefined ? {} : { actor: fullAddress(agent) }),
        );
        await show(command, found, `${agent ?? 'You'}: no molecule`);
      });
  }
  mol
    .command('progress')
    .argument('<molecule>', 'a molecule, a step of one, or the bead that it is attached to')
    .description('how far a molecule has come')
    .action(async (id: string, _options, command: Command) => {
      const found = await withTown(command, (town) => town.call(MoleculeGet.spec, { id }));
      print(command, found, () => found.map((molecule) => progressLine(molecule, paint)));
    });
  mol
    .command('step')
    .description('one step of a molecule')
    .command('done')
    .argument('<step>', 'its id')
    .description('the same as bd close <step> --continue')
    .option('-m, --message <text>', 'how it ended')
    .action(async (id: string, options: { message?: string }, command: Command) => {
      const result = await withTown(command, (town) => town.call(StepClose.spec, { id, reason: options.message }));
      print(command, result, () => continueLines(result, paint));
    });
}

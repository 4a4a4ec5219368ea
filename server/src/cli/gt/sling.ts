import { UserError } from '../../base/errors';
import { collectVariable } from '../shared/variableArgument';
import { Sling } from '../../protocol/convoy';
import type { CliCommand, Invocation } from '../shared/command';
import type { GtContext } from './context';
import { enginePausedHint } from './convoyText';

interface SlingOptions {
  agent?: string;
  model?: string;
  formula?: string;
  on?: string;
  var?: Record<string, string>;
}

export function addSling(program: CliCommand, context: GtContext): void {
  program
    .command('sling')
    .description('assign beads to agents: gt sling <bead…> <rig>[/<agent>]')
    .argument(
      '<beads-and-rig...>',
      'ids of beads (with --on: the name of a formula), and last the rig or one of its agents',
    )
    .option('--agent <runtime>', 'runtime for this work')
    .option('--model <model>', 'model for this work')
    .option('--formula <name>', 'formula whose steps the work follows')
    .option('--on <bead>', 'gt sling <formula> --on <bead> <rig>: the same as --formula, the other way round')
    .option('--var <key=value>', 'value of a variable of the formula', collectVariable)
    .withHelp({
      text: 'A bead that is not in a convoy gets a new one; for an epic the workable beads below it are slung, in one convoy. An agent of the rig starts with it as soon as one is free, its dependencies are merged and the engine is running. A bead that is already in progress is left alone.',
      examples: [
        ['gt sling toy-a1b2c toy', 'to any free agent of the rig'],
        ['gt sling toy-a1b2c toy/rust --agent claude --model opus', 'to this agent, with this runtime and model'],
        ['gt sling toy-a1b2c toy --formula shiny --var feature=login', 'step by step'],
        ['gt sling shiny --on toy-a1b2c toy --var feature=login', 'the same, the other way round'],
      ],
      see: ['gt convoy create', 'gt up', 'bd ready'],
    })
    .action(async (names: string[], options: SlingOptions, invocation: Invocation) => {
      const results = await context.call(invocation, Sling.spec, {
        ...beadsAndFormula(names, options),
        rig: names.at(-1)!,
        runtime: options.agent,
        model: options.model,
        vars: options.var,
      });
      context.print(invocation, results, () => [
        ...results.flatMap((result) => [
          result.changed
            ? `✓ Slung ${result.bead} to ${result.rig} (${result.convoy})`
            : `${result.bead} is already in progress (${result.convoy})`,
          ...(result.changed && result.pausedBy !== undefined
            ? [`  It starts after: gt convoy resume ${result.pausedBy}`]
            : []),
        ]),
        ...enginePausedHint(results.find(({ changed }) => changed) ?? {}).map((line) => `  ${line}`),
      ]);
    });
}

/** Beads with or without a formula, or a formula on one bead. The last name is the rig. */
function beadsAndFormula(names: readonly string[], options: SlingOptions): { beads: string[]; formula?: string } {
  if (names.length < 2) throw new UserError('name the beads and the rig', 'gt sling <bead…> <rig>[/<agent>]');
  if (options.on === undefined) return { beads: names.slice(0, -1), formula: options.formula };
  if (options.formula !== undefined || names.length !== 2)
    throw new UserError('--on requires one formula', 'gt sling <formula> --on <bead> <rig>[/<agent>]');
  return { beads: [options.on], formula: names[0] };
}

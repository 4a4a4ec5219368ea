import { Option, type Command } from 'commander';
import { hookAnswer, hookAnswers } from '../../agents/hookAnswer';
import type { HookAnswer } from '../../agents/presets/preset';
import { Done, Hook, Prime, Sling } from '../../protocol/town';
import { print, withTown } from '../shared/connect';
import { parseVariable } from '../shared/variableOption';

interface SlingOptions {
  agent?: string;
  model?: string;
  formula?: string;
  on?: string;
  var?: Record<string, string>;
}

/** Beads with or without a formula, or a formula on one bead. The last name is the rig. */
function whatIsSlung(
  names: readonly string[],
  options: SlingOptions,
  command: Command,
): { beads: string[]; formula?: string } {
  if (names.length < 2) command.error('error: say which beads and which rig: gt sling <bead…> <rig>[/<agent>]');
  if (options.on === undefined) return { beads: names.slice(0, -1), formula: options.formula };
  if (options.formula !== undefined || names.length !== 2)
    command.error('error: --on takes one formula: gt sling <formula> --on <bead> <rig>[/<agent>]');
  return { beads: [options.on], formula: names[0] };
}

export function addWorkCommands(program: Command): void {
  program
    .command('sling <beads-and-rig...>')
    .description('have beads worked on: gt sling <bead…> <rig>[/<agent>]')
    .option('--agent <runtime>', 'runtime for this work')
    .option('--model <model>', 'model for this work')
    .option('--formula <name>', 'the steps by which it is to be done')
    .option('--on <bead>', 'gt sling <formula> --on <bead> <rig>: the same the other way round')
    .option(
      '--var <key=value>',
      'value of a variable of the formula',
      (text: string, earlier: Record<string, string> = {}) => ({
        ...earlier,
        ...Object.fromEntries([parseVariable(text)]),
      }),
    )
    .action(async (names: string[], options: SlingOptions, command: Command) => {
      const { beads, formula } = whatIsSlung(names, options, command);
      const results = await withTown(command, (town) =>
        town.call(Sling.spec, {
          beads,
          rig: names.at(-1)!,
          runtime: options.agent,
          model: options.model,
          formula,
          vars: options.var,
        }),
      );
      print(command, results, () =>
        results.map((result) =>
          result.changed
            ? `✓ Slung ${result.bead} to ${result.rig} (${result.convoy})`
            : `${result.bead} is in work already (${result.convoy})`,
        ),
      );
    });
  program
    .command('prime')
    .description('for agents: who you are and what is on your hook')
    .addOption(
      new Option('--hook [answer]', 'called by a hook of the runtime, which wants the answer in this form')
        .choices(hookAnswers)
        .preset('text'),
    )
    .action(async ({ hook }: { hook?: HookAnswer }, command: Command) => {
      const prime = await withTown(command, (town) => town.call(Prime.spec, {}));
      print(command, prime, () => hookAnswer(prime.text, hook ?? 'text'));
    });
  program
    .command('hook [agent]')
    .description("what is on an agent's hook")
    .action(async (agent: string | undefined, _options, command: Command) => {
      const hook = await withTown(command, (town) => town.call(Hook.spec, { agent }));
      print(command, hook, () =>
        hook.bead
          ? [
              `${hook.agent}: ${hook.bead.id} ${hook.bead.title} (${hook.bead.status})`,
              `branch ${hook.branch}, attempt ${hook.attempt}`,
            ]
          : `${hook.agent}: nothing`,
      );
    });
  program
    .command('done')
    .description('for agents: submit the work and end the session')
    .option('-m, --message <text>', 'a note')
    .action(async (options: { message?: string }, command: Command) => {
      const result = await withTown(command, (town) => town.call(Done.spec, { message: options.message }));
      print(
        command,
        result,
        () => `✓ ${result.bead} is in the merge queue (${result.mergeRequest}). This session ends.`,
      );
    });
  const runtime = program.command('runtime', { hidden: true });
  runtime.command('script').action(async (_options, command: Command) => {
    const { runScript } = await import('../../agents/script/run');
    process.exitCode = await withTown(command, (town) => runScript(town));
  });
}

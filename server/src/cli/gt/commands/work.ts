import { Option, type Command } from 'commander';
import { hookAnswer, hookAnswers } from '../../../agents/hookAnswer';
import type { HookAnswer } from '../../../agents/presets/preset';
import { Done, Hook, Prime, Sling } from '../../../protocol/town';
import { print, withTown } from '../session';

export function addWorkCommands(program: Command): void {
  program.command('sling <beads-and-rig...>').description('have beads worked on: gt sling <bead…> <rig>[/<agent>]')
    .option('--agent <runtime>', 'runtime for this work').option('--model <model>', 'model for this work')
    .action(async (names: string[], options: { agent?: string; model?: string }, command: Command) => {
      if (names.length < 2) command.error('error: say which beads and which rig: gt sling <bead…> <rig>[/<agent>]');
      const beads = names.slice(0, -1);
      const results = await withTown(command, (town) => town.call(Sling.spec, { beads, rig: names.at(-1)!, runtime: options.agent, model: options.model }));
      print(command, results, () => results.map((result) => result.changed ? `✓ Slung ${result.bead} to ${result.rig} (${result.convoy})` : `${result.bead} is in work already (${result.convoy})`));
    });
  program.command('prime').description('for agents: who you are and what is on your hook')
    .addOption(new Option('--hook [answer]', 'called by a hook of the runtime, which wants the answer in this form').choices(hookAnswers).preset('text'))
    .action(async ({ hook }: { hook?: HookAnswer }, command: Command) => {
      const prime = await withTown(command, (town) => town.call(Prime.spec, {}));
      print(command, prime, () => hookAnswer(prime.text, hook ?? 'text'));
    });
  program.command('hook [agent]').description("what is on an agent's hook").action(async (agent: string | undefined, _options, command: Command) => {
    const hook = await withTown(command, (town) => town.call(Hook.spec, { agent }));
    print(command, hook, () => hook.bead ? [`${hook.agent}: ${hook.bead.id} ${hook.bead.title} (${hook.bead.status})`, `branch ${hook.branch}, attempt ${hook.attempt}`] : `${hook.agent}: nothing`);
  });
  program.command('done').description('for agents: submit the work and end the session').option('-m, --message <text>', 'a note')
    .action(async (options: { message?: string }, command: Command) => {
      const result = await withTown(command, (town) => town.call(Done.spec, { message: options.message }));
      print(command, result, () => `✓ ${result.bead} is in the merge queue (${result.mergeRequest}). This session ends.`);
    });
  const runtime = program.command('runtime', { hidden: true });
  runtime.command('script').action(async (_options, command: Command) => {
    const { runScript } = await import('../../../agents/script/run');
    process.exitCode = await withTown(command, (town) => runScript(town));
  });
}


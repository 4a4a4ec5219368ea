import { UserError } from '../../base/errors';
import type { BeadStore } from '../../beads/store';
import { originOf } from '../../formulas/pour/pour';
import { moleculeOfBead } from '../molecules/molecules';
import { done, hookedBead } from './done';
import { sling } from './sling';
import { workOf } from '../state/work';
import type { CallContext } from '../../protocol/dispatcher';
import {
  AgentConfigList,
  AgentConfigRemove,
  AgentConfigSet,
  DefaultAgent,
  Done,
  Hook,
  ScriptGet,
  Sling,
} from '../../protocol/town';
import { agentsFile, townSettingsFile } from '../../town/config';
import { fullAddress, parseAddress } from '../../town/layout';
import type { RuntimeCatalogue } from '../../agents/catalogue';
import type { Dispatcher } from '../../protocol/dispatcher';
import type { Rigs } from '../../rigs/registry';
import type { Rig } from '../../rigs/rig';
import type { SessionManager } from '../../sessions/manager';
import type { TownLayout } from '../../town/layout';
import type { EngineContext } from '../loop/context';
import type { SlungFormula } from '../molecules/molecules';

export interface AgentTown {
  readonly dispatcher: Dispatcher;
  readonly layout: TownLayout;
  readonly engineContext: EngineContext;
  readonly store: BeadStore;
  readonly rigs: Pick<Rigs, 'get' | 'require'>;
  readonly runtimes: RuntimeCatalogue;
  readonly sessions: Pick<SessionManager, 'markDone'>;
  /** Whether the engine is up. */
  isUp(): boolean;
  /** A formula for beads of a rig, by its name in the scope of this caller. */
  formula(rig: Rig, name: string, given: Record<string, string>, caller: CallContext): SlungFormula;
  changed(): void;
}

export function registerAgentHandlers(town: AgentTown): void {
  const { dispatcher, rigs, runtimes } = town;
  dispatcher.on(AgentConfigList.spec, async () => runtimes.all());
  dispatcher.on(AgentConfigSet.spec, async ({ name, settings }) => {
    if (runtimes.isBuiltIn(name))
      throw new UserError(`${name} is built in`, 'choose another name for your own runtime', 'conflict');
    agentsFile(town.layout).update((file) => {
      file.agents[name] = settings;
    });
    town.changed();
    return runtimes.require(name);
  });
  dispatcher.on(AgentConfigRemove.spec, async ({ name }) => {
    if (runtimes.isBuiltIn(name)) throw new UserError(`${name} is built in`, undefined, 'conflict');
    runtimes.require(name);
    if (townSettingsFile(town.layout).read().default_agent === name)
      throw new UserError(`${name} is the default agent`, 'set another default first', 'conflict');
    agentsFile(town.layout).update((file) => {
      delete file.agents[name];
    });
    town.changed();
    return null;
  });
  dispatcher.on(DefaultAgent.spec, async ({ name }) => {
    if (name !== undefined) {
      runtimes.require(name);
      townSettingsFile(town.layout).update((settings) => {
        settings.default_agent = name;
      });
      town.changed();
    }
    return { name: townSettingsFile(town.layout).read().default_agent };
  });
  dispatcher.on(Sling.spec, async (params, context) => {
    const rig = rigs.require(params.rig.split('/')[0]!);
    const agent =
      params.agent ??
      params.rig
        .split('/')
        .slice(1)
        .filter((part) => part !== 'polecats')[0];
    if (params.runtime) runtimes.require(params.runtime);
    const formula =
      params.formula === undefined ? undefined : town.formula(rig, params.formula, params.vars ?? {}, context);
    if (!formula && params.vars)
      throw new UserError('variables belong to a formula', 'name it with --formula', 'invalid');
    if (context.kind === 'person') rig.forgetFailedGates();
    const results = await sling(town.store, context, { ...params, rig: rig.name, agent, formula });
    return town.isUp() ? results : results.map((result) => ({ ...result, enginePaused: true }));
  });
  dispatcher.on(Done.spec, async (params, context) => {
    const result = await done(town.engineContext, context, params);
    town.sessions.markDone(context.agent!);
    return result;
  });
  dispatcher.on(Hook.spec, async ({ agent }, context) =>
    hookOf(town, agent === undefined ? requireAgent(context) : fullAddress(agent)),
  );
  dispatcher.on(ScriptGet.spec, async (_params, context) => script(town, context));
}

export function requireAgent(context: Pick<CallContext, 'agent'>): string {
  if (!context.agent)
    throw new UserError(
      'this is for an agent in its own session',
      'run it in the terminal of an agent, or name the agent',
      'refused',
    );
  return context.agent;
}

function hookOf(town: AgentTown, agent: string) {
  const bead = hookedBead(town.engineContext, agent);
  if (!bead) return { agent };
  const work = workOf(bead);
  return {
    agent,
    branch: work.branch,
    attempt: work.attempt,
    rebaseOnto: work.rebaseOnto,
    problem: work.problem,
    paused: work.paused?.status,
    bead: { id: bead.id, title: bead.title, status: bead.status, description: bead.description ?? '' },
  };
}

async function script(town: AgentTown, context: CallContext) {
  const agent = requireAgent(context);
  const address = parseAddress(agent);
  const bead = hookedBead(town.engineContext, agent);
  const assignment = address && town.rigs.get(address.rig)?.assignment(address.name);
  if (!bead || !assignment || assignment.bead !== bead.id)
    throw new UserError('there is nothing on your hook', undefined, 'conflict');
  if (!assignment.script || assignment.script.length === 0) {
    throw new UserError(
      `${bead.id} has no script to run`,
      'the script runtime runs the ```sh blocks of the description; add one, or sling it to another runtime',
      'invalid',
    );
  }
  // The agent could have changed the file, which is in its folder.
  if (!town.engineContext.isAccepted.script(assignment.script))
    throw new UserError(`the current script of ${bead.id} is not accepted`, undefined, 'consent');
  const molecule = moleculeOfBead(town.store, bead);
  return {
    bead: bead.id,
    title: bead.title,
    attempt: workOf(bead).attempt,
    rebaseOnto: workOf(bead).rebaseOnto,
    blocks: assignment.script,
    steps: assignment.scriptSteps,
    ...(molecule ? { molecule: molecule.id, variables: originOf(molecule).vars } : {}),
  };
}

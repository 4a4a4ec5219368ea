import type { TownSnapshot } from '../../protocol/town';
import type { CliCommand } from '../shared/command';
import type { Candidate } from '../shared/completion/completions';
import { askRunningServer, beadsOfTown, candidates, type Ask } from '../shared/completion/values';
import type { ProcessContext } from '../shared/context';
import { findTown } from '../shared/findTown';

type Values = (ask: Ask) => Promise<Candidate[]>;

/** Completion values for an argument or option of `gt`, from the running server of the town. */
export async function gtValues(
  { cwd, env }: ProcessContext,
  place: string,
  _command: CliCommand,
  options: Readonly<Record<string, string>>,
): Promise<readonly Candidate[]> {
  if (place === 'key=value') return settings();
  const values = byPlace[place];
  return values ? askRunningServer(await findTown(cwd, env, options['--town']), { cwd, env }, values) : [];
}

const fromSnapshot =
  (pick: (snapshot: TownSnapshot) => Candidate[]): Values =>
  async (ask) => {
    const { TownGetSnapshot } = await import('../../protocol/town');
    return pick(await ask(TownGetSnapshot.spec, { once: true }));
  };

const agents = fromSnapshot((snapshot) =>
  snapshot.agents
    .filter((agent) => agent.kind === 'agent')
    .map((agent) => ({ value: agent.id, text: agent.beadTitle ?? agent.state })),
);
const rigs = fromSnapshot((snapshot) => snapshot.rigs.map((rig) => ({ value: rig.id, text: rig.source })));
const convoys = fromSnapshot((snapshot) =>
  snapshot.convoys.map((convoy) => ({ value: convoy.id, text: convoy.title })),
);
const crew = fromSnapshot((snapshot) =>
  snapshot.agents.filter((agent) => agent.role === 'crew').map((agent) => ({ value: agent.name, text: agent.id })),
);
const polecats = fromSnapshot((snapshot) =>
  snapshot.agents.filter((agent) => agent.role === 'polecat').map((agent) => ({ value: agent.name, text: agent.id })),
);
const attention = fromSnapshot((snapshot) => snapshot.attention.map((item) => ({ value: item.id, text: item.title })));
const runtimes: Values = async (ask) => {
  const { AgentConfigList } = await import('../../protocol/town');
  return (await ask(AgentConfigList.spec, {})).map((runtime) => ({ value: runtime.name, text: runtime.command }));
};
const formulas: Values = async (ask) => {
  const { FormulaList } = await import('../../protocol/formula');
  return (await ask(FormulaList.spec, {})).map((formula) => ({ value: formula.name, text: formula.description }));
};
const changes: Values = async (ask) => {
  const { MqList } = await import('../../protocol/town');
  return (await ask(MqList.spec, {})).map((info) => ({ value: info.bead, text: info.title }));
};
const mails: Values = async (ask) => {
  const { MailInbox } = await import('../../protocol/town');
  return (await ask(MailInbox.spec, {})).map((mail) => ({ value: mail.id, text: mail.subject }));
};
const escalations: Values = async (ask) => {
  const { EscalationList } = await import('../../protocol/town');
  return (await ask(EscalationList.spec, {})).map((info) => ({ value: info.id, text: info.title }));
};
const beadsAndRigs: Values = async (ask) => (await Promise.all([beadsOfTown(ask), rigs(ask)])).flat();

/** Completion values by the name of the argument or option. */
const byPlace: Readonly<Record<string, Values>> = {
  agent: agents,
  to: agents,
  address: agents,
  '--notify': agents,
  rig: rigs,
  '--rig': rigs,
  convoy: convoys,
  plan: async (ask) => (await Promise.all([convoys(ask), beadsOfTown(ask)])).flat(),
  '--addr': agents,
  bead: beadsOfTown,
  beads: beadsOfTown,
  'beads-and-rig': beadsAndRigs,
  '--bead': beadsOfTown,
  '--issue': beadsOfTown,
  '--on': beadsOfTown,
  member: crew,
  runtime: runtimes,
  '--agent': runtimes,
  '--provider': runtimes,
  '--formula': formulas,
  attention,
  change: changes,
  '--before': changes,
  polecat: polecats,
  '--worker': agents,
  mail: mails,
  '--reply-to': mails,
  escalation: escalations,
  molecule: beadsOfTown,
  step: beadsOfTown,
};

async function settings(): Promise<Candidate[]> {
  const { gateNames, rigSettingNames } = await import('../../protocol/town');
  return candidates([...rigSettingNames, ...gateNames].map((name) => `${name}=`));
}

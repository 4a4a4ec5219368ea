import type { Command } from 'commander';
import type { TownSnapshot } from '../../protocol/snapshot';
import type { Candidate } from '../shared/completion/completions';
import { askRunningServer, beadsOfTown, named, type Ask } from '../shared/completion/values';
import { findTown } from '../shared/findTown';

type Values = (ask: Ask, command: Command) => Promise<Candidate[]>;

const fromSnapshot =
  (pick: (snapshot: TownSnapshot) => Candidate[]): Values =>
  async (ask) => {
    const { TownGetSnapshot } = await import('../../protocol/snapshot');
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
const beads: Values = (ask) => beadsOfTown(ask);
const crew = fromSnapshot((snapshot) =>
  snapshot.agents.filter((agent) => agent.role === 'crew').map((agent) => ({ value: agent.name, text: agent.id })),
);
const runtimes: Values = async (ask) => {
  const { AgentConfigList } = await import('../../protocol/runtime');
  return (await ask(AgentConfigList.spec, {})).map((runtime) => ({ value: runtime.name, text: runtime.command }));
};
const formulas: Values = async (ask) => {
  const { FormulaList } = await import('../../protocol/formula');
  return (await ask(FormulaList.spec, {})).map((formula) => ({ value: formula.name, text: formula.description }));
};
const attention = fromSnapshot((snapshot) => snapshot.attention.map((item) => ({ value: item.id, text: item.title })));
const changes: Values = async (ask) => {
  const { MqList } = await import('../../protocol/mergeQueue');
  return (await ask(MqList.spec, {})).map((info) => ({ value: info.bead, text: info.title }));
};
const mails: Values = async (ask) => {
  const { MailInbox } = await import('../../protocol/mail');
  return (await ask(MailInbox.spec, {})).map((mail) => ({ value: mail.id, text: mail.subject }));
};
const escalations: Values = async (ask) => {
  const { EscalationList } = await import('../../protocol/escalation');
  return (await ask(EscalationList.spec, {})).map((info) => ({ value: info.id, text: info.title }));
};
const both =
  (...sources: Values[]): Values =>
  async (ask, command) =>
    (await Promise.all(sources.map((source) => source(ask, command)))).flat();

/** By the name of the argument or option. */
const byPlace: Readonly<Record<string, Values>> = {
  agent: agents,
  to: agents,
  address: agents,
  rig: rigs,
  '--rig': rigs,
  convoy: convoys,
  bead: beads,
  beads,
  'beads-and-rig': both(beads, rigs),
  '--bead': beads,
  '--on': beads,
  member: crew,
  runtime: runtimes,
  '--agent': runtimes,
  '--provider': runtimes,
  '--formula': formulas,
  attention,
  change: changes,
  mail: mails,
  '--reply-to': mails,
  escalation: escalations,
  molecule: beads,
  step: beads,
};

async function settings(): Promise<Candidate[]> {
  const { gateNames, rigSettingNames } = await import('../../protocol/rig');
  return named([...rigSettingNames, ...gateNames].map((name) => `${name}=`));
}

/** What may stand in a place of `gt`, by the running server of the town. */
export async function gtValues(
  place: string,
  command: Command,
  options: Readonly<Record<string, string>>,
): Promise<readonly Candidate[]> {
  if (place === 'key=value') return settings();
  const source = byPlace[place];
  if (!source) return [];
  return askRunningServer(findTown(process.cwd(), options['--town']), process.env, process.cwd(), (ask) =>
    source(ask, command),
  );
}

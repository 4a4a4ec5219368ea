import { UserError } from '../../base/errors';
import { plural } from '../../base/text';
import type { BeadStore } from '../../beads/store';
import { repairCommand, repairHint } from '../../beads/storage/repairHints';
import type { AttentionInfo } from '../../protocol/town';
import type { Rigs } from '../../rigs/registry';

/** Problems of rigs as attention items: a missing folder, or an unreadable settings file. */
export function rigProblems(rigs: Rigs): AttentionInfo[] {
  const unfinished = rigs.unfinishedAdds().map(
    ({ name, command }): AttentionInfo => ({
      id: `problem-adding-${name}`,
      kind: 'problem',
      title: `${name}: adding the rig was interrupted`,
      detail: `The server was stopped during "gt rig add". Add the rig again: existing files are reused.\n\nOr give it up: gt rig remove ${name}`,
      command,
    }),
  );
  const problems = rigs.problems().map(
    ({ rig, error }): AttentionInfo => ({
      id: `problem-rig-${rig}`,
      kind: 'problem',
      rig,
      title: `${rig}: ${error.message.split('\n')[0]}`,
      detail: [
        error.message,
        error instanceof UserError ? error.hint : undefined,
        `Nothing is dispatched or merged in ${rig} until then.`,
      ]
        .filter(Boolean)
        .join('\n\n'),
    }),
  );
  return [...unfinished, ...problems];
}

/** Ledgers whose files are damaged: reported at once, with the command that repairs them. */
export function ledgerProblems(store: Pick<BeadStore, 'damages' | 'problemsByLedger'>): AttentionInfo[] {
  const damaged = store
    .damages()
    .map(({ ledger, directory, problem }) =>
      ledgerItem({ ledger, directory }, problem.message, [
        problem.hint,
        `The beads of ${directory} are readable. Changes are refused, or kept in the journal, until the files are repaired.`,
      ]),
    );
  const known = new Set(damaged.map((item) => item.id));
  const lines = store
    .problemsByLedger()
    .map(({ ledger, directory, problems }) =>
      ledgerItem(
        { ledger, directory },
        `${plural(problems.length, 'line')} of ${directory} ${problems.length === 1 ? 'is' : 'are'} kept but not used (line ${problems[0]!.line}: ${problems[0]!.reason})`,
        [repairHint(directory)],
      ),
    );
  return [...damaged, ...lines.filter((item) => !known.has(item.id))];
}

function ledgerItem(
  { ledger, directory }: { ledger: string; directory: string },
  problem: string,
  more: readonly (string | undefined)[],
): AttentionInfo {
  return {
    id: `problem-ledger-${ledger}`,
    kind: 'problem',
    ...(ledger === 'hq' ? {} : { rig: ledger }),
    title: problem.split('\n')[0]!,
    detail: [problem, ...more].filter(Boolean).join('\n\n'),
    command: repairCommand(directory),
  };
}

/** States explicitly that nothing is tested, if a person is asked to accept a rig without gates. */
export function sayWhereNothingIsTested(item: AttentionInfo): AttentionInfo {
  if (item.consent?.kind !== 'rig-commands' || item.consent.text !== '') return item;
  const text = 'no gates: nothing is tested before work is merged';
  return {
    ...item,
    title: `${item.rig}: merge without tests?`,
    detail: `${item.rig} has no gates: changes are merged without any test. Allow that, or name a gate in its settings/config.json.`,
    consent: { ...item.consent, text },
  };
}

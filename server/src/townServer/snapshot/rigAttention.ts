import { UserError } from '../../base/errors';
import type { AttentionInfo } from '../../protocol/town';
import type { Rigs } from '../../rigs/registry';

/** What keeps rigs from working, for people: a folder that is gone, a settings file that cannot be read. */
export function rigProblems(rigs: Rigs): AttentionInfo[] {
  return rigs.problems().map(({ rig, error }) => ({
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
  }));
}

/** What a person accepts where a rig has no gates is that nothing is tested: said in so many words. */
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

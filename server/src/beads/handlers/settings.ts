import { UserError } from '../../base/errors';
import { LedgerInfoGet, LedgerSettingChange } from '../../protocol/ledger';
import { readSettings, settingKey, writeSetting } from '../storage/settings';
import type { BeadService } from './common';

/** Keys that agents may set: values that agents store for each other. */
const AGENT_KEYS = 'kv.';

/** Requests about the settings of a ledger and its description. */
export function registerSettingsHandlers(service: BeadService): void {
  const { dispatcher, store } = service;
  dispatcher.on(LedgerInfoGet.spec, async (params, context) => {
    const ledger = service.ledgerFor(context, params.ledger);
    const directory = store.directoryOf(ledger);
    const prefix = store.prefixOf(ledger) ?? '';
    return {
      ledger,
      directory,
      prefix,
      issues: store.stats(ledger).summary.total_issues,
      settings: { 'issue-prefix': prefix, ...readSettings(directory) },
    };
  });
  dispatcher.on(LedgerSettingChange.spec, async (params, context) => {
    const ledger = service.ledgerFor(context, params.ledger);
    const key = settingKey(params.key);
    if (context.kind === 'agent' && !key.startsWith(AGENT_KEYS))
      throw new UserError('an agent may not change settings', 'values of your own: "bd kv set"', 'refused');
    if (key === 'issue-prefix')
      throw new UserError('the prefix is changed together with the ids', 'Use bd rename-prefix.', 'refused');
    writeSetting(store.directoryOf(ledger), key, params.value);
    store.configChanged(ledger);
    store.externals.isOutdated = true;
    return params.value === undefined ? { key } : { key, value: params.value };
  });
}

import { l10n } from '../../base/l10n';
import type { Serving } from './formulaServer';

/** What the language status says of the formula that is looked at. Pure. */
export function statusText(serving: Serving, { errors, warnings }: { errors: number; warnings: number }): string {
  if (serving === 'starting') return l10n.t('Formula: starting the language server');
  const count = errors + warnings;
  if (count === 0) return l10n.t('Formula: no problems');
  return count === 1 ? l10n.t('Formula: 1 problem') : l10n.t('Formula: {0} problems', count);
}

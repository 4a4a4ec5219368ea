import { plural } from '../../../../server/src/base/text';
import { l10n } from '../../base/editor';
import type { ConnectionState } from '../../connection/townConnection';

/** The language of formula files, as in package.json. */
export const FORMULA_LANGUAGE = 'gastown-formula';

/**
 * The documents that a language server gets: without the older side of a comparison, whose problems cannot be fixed.
 */
export const formulaSelector = ['file', 'untitled'].map((scheme) => ({ language: FORMULA_LANGUAGE, scheme }));

/** The server for the formulas of this window. */
export type FormulaServing = 'nobody' | 'starting' | 'standalone' | 'town';

/** Whether a server only for this window is needed: `no`, `soon` (unless another connects in a moment), or `now`. */
export type StandaloneNeed = 'no' | 'soon' | 'now';

/**
 * Decides whether this window needs its own server for formulas. The town's server serves them, too, and a document
 * must never be served twice. Without a town, with one whose server this window may not start, or without a connection,
 * the same program runs only for this window. Pure.
 * @param resolved whether the town of the window is known by now
 */
export function standalonePolicy(
  formulaIsOpen: boolean,
  town: ConnectionState['kind'],
  resolved: boolean,
): StandaloneNeed {
  if (!formulaIsOpen || town === 'ready') return 'no';
  if (town === 'connecting' || town === 'lost') return 'soon';
  return town === 'none' && !resolved ? 'soon' : 'now';
}

/** The text of the language status item. Pure. */
export function statusText(
  serving: FormulaServing,
  { errors, warnings }: { errors: number; warnings: number },
): string {
  if (serving === 'starting') return l10n.t('Formula: starting the language server');
  const count = errors + warnings;
  return count === 0
    ? l10n.t('Formula: no problems')
    : l10n.t('Formula: {0}', plural(count, l10n.t('problem'), l10n.t('problems')));
}

/** The language of formula files, as package.json contributes it. */
export const FORMULA_LANGUAGE = 'gastown-formula';

/**
 * The documents that the server is told of, whichever way it is reached. Not the other side of a comparison: what was
 * wrong in an older version is nobody's problem.
 */
export const formulaSelector = ['file', 'untitled'].map((scheme) => ({ language: FORMULA_LANGUAGE, scheme }));

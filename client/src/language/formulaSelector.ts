/** The language of formula files, as package.json contributes it. */
export const FORMULA_LANGUAGE = 'gastown-formula';

/** The documents that the server is told of, whichever way it is reached. */
export const formulaSelector = [{ language: FORMULA_LANGUAGE }];

import polecatWork from './mol-polecat-work.formula.toml';
import shiny from './shiny.formula.toml';

/** The formulas that come with the program, by name: the last place that is looked at. */
export const builtInFormulas: Readonly<Record<string, string>> = { shiny, 'mol-polecat-work': polecatWork };

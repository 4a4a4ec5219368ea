import type { Bead, BeadStatus } from './bead';
import type { LedgerParam } from './beadFilter';
import { request, type WithDefaults } from './request';

/** Formulas, and the molecules that are poured from them. Fields of results are spelled as `bd --json` prints them. */

export interface FormulaSummary {
  name: string;
  type: string;
  description: string;
  /** The path of the file, or a note that the formula is built in. */
  source: string;
  tier: 'project' | 'user' | 'town' | 'built-in';
  steps: number;
  vars: number;
  /** Problems that keep the formula from being used. */
  errors: string[];
  warnings: string[];
}

export interface FormulaVariable {
  name: string;
  description?: string;
  default?: string;
  required?: boolean;
  enum?: string[];
  pattern?: string;
}

export interface FormulaDetails extends FormulaSummary {
  /** The data of the file. */
  raw: Record<string, unknown>;
  /** On request: the data as TOML. */
  toml?: string;
  variables: FormulaVariable[];
  /**
   * Steps as they would be poured, as far as known without values; if the file has errors, its steps as they are
   * written.
   */
  outline: FormulaStep[];
}

/** A step as a file spells it. What is not stated is absent. */
export interface FormulaStep {
  id: string;
  title: string;
  description?: string;
  notes?: string;
  acceptance?: string;
  type?: string;
  priority?: number;
  labels?: string[];
  metadata?: Record<string, unknown>;
  needs?: string[];
  waits_for?: string;
  assignee?: string;
  condition?: string;
  gate?: { type: string; id?: string; timeout?: string };
  children?: FormulaStep[];
}

/** A composed formula, spelled as in a file. */
export interface CookedFormula {
  formula: string;
  description?: string;
  version: number;
  type: string;
  phase?: 'liquid' | 'vapor';
  vars?: Record<string, Omit<FormulaVariable, 'name'>>;
  steps: FormulaStep[];
  /** The path of the file, or a note that the formula is built in. */
  source: string;
}

export interface CookResult {
  cooked: CookedFormula;
  /** Values of variables that were filled in. */
  values: Record<string, string>;
  /** Names of variables in texts of the steps, in the order in which they appear. */
  used: string[];
  /** Where each step is written, by its id: `steps[2]`. Steps of other files are missing. */
  places: Record<string, string>;
  warnings: string[];
}

export type StepState = 'done' | 'current' | 'ready' | 'pending' | 'blocked';

export interface MoleculeStep {
  issue: Bead;
  /** Id of the step in the formula. */
  step: string;
  status: StepState;
  is_current: boolean;
}

export interface MoleculeInfo {
  molecule_id: string;
  molecule_title: string;
  status: BeadStatus;
  formula?: string;
  assignee?: string;
  /** The bead whose work the molecule describes. */
  attached_to?: string;
  current_step?: Bead;
  current_step_id?: string;
  next_step?: Bead;
  steps: MoleculeStep[];
  completed: number;
  total: number;
  in_progress: number;
  percent: number;
  first_closed?: string;
  last_closed?: string;
}

export interface PourResult {
  new_epic_id: string;
  /** Ids of beads by id of the step. */
  id_mapping: Record<string, string>;
  /** Titles by ids of steps. */
  titles: Record<string, string>;
  created: number;
  attached: number;
  phase: 'liquid' | 'vapor';
  warnings: string[];
}

export const bondTypes = ['sequential', 'parallel', 'conditional'] as const;
/** B after A, B as a part of A, or B only if A fails. */
export type BondType = (typeof bondTypes)[number];

export interface BondResult {
  result_id: string;
  result_type: 'compound_molecule';
  bond_type: BondType;
  /** Number of beads that were created. */
  spawned?: number;
  /** Ids of beads by `formula` and `formula.step`. */
  id_mapping?: Record<string, string>;
}

export interface ContinueResult {
  closed: Bead[];
  continue: {
    closed_step: Bead;
    next_step?: Bead;
    auto_advanced: boolean;
    molecule_complete: boolean;
    molecule_id?: string;
  };
}

export interface SquashResult {
  molecule_id: string;
  /** Empty if there was nothing to squash. */
  digest_id: string;
  /** The text of the digest. */
  digest: string;
  /** The molecule was a wisp itself. */
  wisp_squash?: true;
  squashed_ids: string[];
  squashed_count: number;
  deleted_count: number;
  kept_children: boolean;
}

export interface BurnResult {
  molecule_id: string;
  deleted_ids: string[];
  deleted_count: number;
}

/** A formula by name, or the text of a file that the caller has read. */
export interface FormulaSource extends LedgerParam {
  formula: string | { text: string; file: string };
  vars?: Record<string, string>;
}

export namespace FormulaList {
  export interface Params extends LedgerParam {
    type?: string;
  }
  export const spec = request<Params, FormulaSummary[]>('gastown/formula/list', 'read');
}

export namespace FormulaShow {
  export interface Params extends LedgerParam {
    name: string;
    /** Also return the data as TOML. */
    toml?: boolean;
  }
  export const spec = request<Params, FormulaDetails>('gastown/formula/show', 'read');
}

export namespace FormulaCook {
  export interface Params extends FormulaSource {
    /** Placeholders and conditions stay as they are. Otherwise every variable needs a value. */
    keepVariables?: boolean;
    /** Folders that are searched before the usual ones, as absolute paths. */
    searchPaths?: string[];
  }
  export const spec = request<Params, CookResult, WithDefaults<Params, 'vars' | 'keepVariables'>>(
    'gastown/formula/cook',
    'read',
  );
}

export namespace MoleculePour {
  export interface Params extends FormulaSource {
    assignee?: string;
    /** Pour wisps, which are never written to `issues.jsonl`. */
    ephemeral?: boolean;
    /** One bead with the steps in its description, instead of one for each step. */
    rootOnly?: boolean;
    dryRun?: boolean;
  }
  export const spec = request<Params, PourResult, WithDefaults<Params, 'vars' | 'ephemeral' | 'rootOnly' | 'dryRun'>>(
    'gastown/molecule/pour',
    'write',
  );
}

export namespace MoleculeGet {
  export interface Params extends LedgerParam {
    /** Id of the molecule or of one of its steps. */
    id?: string;
    /** Without an id: the molecules that this actor (default: the caller) is working on. */
    actor?: string;
  }
  export const spec = request<Params, MoleculeInfo[]>('gastown/molecule/get', 'read');
}

export namespace StepClose {
  export interface Params extends LedgerParam {
    id: string;
    reason?: string;
    force?: boolean;
    /** Start the next step; true by default. */
    auto?: boolean;
  }
  /** `bd close --continue`: closes a step and starts the next one that is ready. */
  export const spec = request<Params, ContinueResult, WithDefaults<Params, 'force' | 'auto'>>(
    'gastown/molecule/step/close',
    'write',
  );
}

export namespace MoleculeSquash {
  export interface Params extends LedgerParam {
    id: string;
    summary?: string;
    /** Keep the wisps. */
    keep?: boolean;
    dryRun?: boolean;
  }
  export const spec = request<Params, SquashResult, WithDefaults<Params, 'keep' | 'dryRun'>>(
    'gastown/molecule/squash',
    'write',
  );
}

export namespace MoleculeBurn {
  export interface Params extends LedgerParam {
    id: string;
    dryRun?: boolean;
  }
  export const spec = request<Params, BurnResult, WithDefaults<Params, 'dryRun'>>('gastown/molecule/burn', 'write');
}

export namespace MoleculeBond {
  export interface Params extends LedgerParam {
    /** Id of a bead, or else the name of a formula, which is poured. */
    a: string;
    b: string;
    type?: BondType;
    vars?: Record<string, string>;
    /**
     * Whether the poured beads are never written to `issues.jsonl`; by default like the bead that they are bonded to.
     */
    ephemeral?: boolean;
    /** The last part of the ids of the poured beads, such as `arm-{{name}}`. */
    ref?: string;
    /** The title of the molecule that holds two formulas. */
    title?: string;
  }
  export const spec = request<Params, BondResult, WithDefaults<Params, 'type' | 'vars'>>(
    'gastown/molecule/bond',
    'write',
  );
}

/** Every request about formulas and molecules; each has a handler in `formulas/pour/handlers.ts`. */
export const formulaRequests = [
  FormulaList.spec,
  FormulaShow.spec,
  FormulaCook.spec,
  MoleculePour.spec,
  MoleculeGet.spec,
  StepClose.spec,
  MoleculeSquash.spec,
  MoleculeBurn.spec,
  MoleculeBond.spec,
] as const;

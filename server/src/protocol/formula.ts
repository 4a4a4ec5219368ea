import { z } from 'zod';
import type { Bead } from './bead';
import { name } from './names';
import { request } from './request';

/** Formulas, and the molecules that are poured from them. Fields of results are spelled as `bd --json` prints them. */

export interface FormulaSummary {
  name: string;
  type: string;
  description: string;
  /** The file, or that it is built in. */
  source: string;
  tier: 'project' | 'user' | 'town' | 'built-in';
  steps: number;
  vars: number;
  /** Errors: it cannot be used while there are any. */
  errors: string[];
  warnings: string[];
}

export interface FormulaVariable {
  name: string;
  description: string;
  default?: string;
  required: boolean;
  enum?: string[];
  pattern?: string;
}

export interface FormulaDetails extends FormulaSummary {
  /** The data as it stands in the file. */
  raw: Record<string, unknown>;
  variables: FormulaVariable[];
  /** Its steps as they would be poured, as far as that is known without values. */
  outline: { id: string; title: string; needs: string[]; parent?: string }[];
}

export interface CookedStep {
  id: string;
  title: string;
  type: string;
  priority: number;
  description?: string;
  notes?: string;
  acceptance?: string;
  labels: string[];
  assignee?: string;
  needs: string[];
  /** The step that it is a part of. */
  parent?: string;
}

export interface CookedFormula {
  formula: string;
  version: number;
  title: string;
  description: string;
  phase: 'liquid' | 'vapor';
  vars: Record<string, string>;
  steps: CookedStep[];
  warnings: string[];
}

export type StepState = 'done' | 'current' | 'ready' | 'pending' | 'blocked';

export interface MoleculeStep {
  issue: Bead;
  /** Its id in the formula. */
  step: string;
  status: StepState;
  is_current: boolean;
}

export interface MoleculeInfo {
  molecule_id: string;
  molecule_title: string;
  status: string;
  formula?: string;
  assignee?: string;
  /** The bead that it says how to do. */
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
  /** Ids of beads by ids of steps. */
  id_mapping: Record<string, string>;
  created: number;
  attached: number;
  phase: 'liquid' | 'vapor';
  warnings: string[];
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
  digest_id?: string;
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

export const variables = z.record(z.string().max(100), z.string().max(100_000));
/** A formula by name, or the text of a file that the caller has read. */
const source = {
  ledger: z.string().optional(),
  formula: z.union([name, z.object({ text: z.string().max(4_000_000), file: z.string().max(4_000) })]),
  vars: variables.default({}),
};
const molecule = { ledger: z.string().optional(), id: name };

export namespace FormulaList {
  export const spec = request<FormulaSummary[]>()(
    'gastown/formula/list',
    z.object({ ledger: z.string().optional(), type: z.string().optional() }),
    'read',
  );
}

export namespace FormulaShow {
  export const spec = request<FormulaDetails>()(
    'gastown/formula/show',
    z.object({ ledger: z.string().optional(), name }),
    'read',
  );
}

export namespace FormulaCook {
  /** `keepVariables`: placeholders and conditions stay as they are. */
  export const spec = request<CookedFormula>()(
    'gastown/formula/cook',
    z.object({ ...source, keepVariables: z.boolean().default(false) }),
    'read',
  );
}

export namespace MoleculePour {
  export const spec = request<PourResult>()(
    'gastown/molecule/pour',
    z.object({
      ...source,
      assignee: z.string().max(200).optional(),
      /** Wisps: never written to `issues.jsonl`. */
      ephemeral: z.boolean().default(false),
      dryRun: z.boolean().default(false),
    }),
    'write',
  );
}

export namespace MoleculeGet {
  /** One by its id or that of a step; without an id those that `actor` (default: the caller) is at. */
  export const spec = request<MoleculeInfo[]>()(
    'gastown/molecule/get',
    z.object({
      ledger: z.string().optional(),
      id: name.optional(),
      actor: z.string().max(200).optional(),
    }),
    'read',
  );
}

export namespace StepClose {
  /** `bd close --continue`: closes a step and begins the next one that is ready. */
  export const spec = request<ContinueResult>()(
    'gastown/molecule/step/close',
    z.object({
      ...molecule,
      reason: z.string().optional(),
      force: z.boolean().default(false),
      auto: z.boolean().default(true),
    }),
    'write',
  );
}

export namespace MoleculeSquash {
  export const spec = request<SquashResult>()(
    'gastown/molecule/squash',
    z.object({
      ...molecule,
      summary: z.string().max(100_000).optional(),
      keep: z.boolean().default(false),
      dryRun: z.boolean().default(false),
    }),
    'write',
  );
}

export namespace MoleculeBurn {
  export const spec = request<BurnResult>()(
    'gastown/molecule/burn',
    z.object({ ...molecule, dryRun: z.boolean().default(false) }),
    'write',
  );
}

/** Every request about formulas and molecules; each has a handler in `formulas/handlers.ts`. */
export const formulaRequests = [
  FormulaList.spec,
  FormulaShow.spec,
  FormulaCook.spec,
  MoleculePour.spec,
  MoleculeGet.spec,
  StepClose.spec,
  MoleculeSquash.spec,
  MoleculeBurn.spec,
] as const;

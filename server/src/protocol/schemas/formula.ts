import { z } from 'zod';
import {
  FormulaCook,
  FormulaList,
  FormulaShow,
  MoleculeBond,
  MoleculeBurn,
  MoleculeGet,
  MoleculePour,
  MoleculeSquash,
  StepClose,
  bondTypes,
} from '../formula';
import { name, schemaFor, variables } from './schema';

const ledger = z.string().optional();
const source = {
  ledger,
  formula: z.union([name, z.object({ text: z.string().max(4_000_000), file: z.string().max(4_000) })]),
  vars: variables.default({}),
};
const molecule = { ledger, id: name };
const flag = z.boolean().default(false);

export const formulaSchemas = [
  schemaFor(FormulaList.spec, z.object({ ledger, type: z.string().optional() })),
  schemaFor(FormulaShow.spec, z.object({ ledger, name, toml: z.boolean().optional() })),
  schemaFor(
    FormulaCook.spec,
    z.object({ ...source, keepVariables: flag, searchPaths: z.array(z.string().max(4096)).max(20).optional() }),
  ),
  schemaFor(
    MoleculePour.spec,
    z.object({ ...source, assignee: z.string().max(200).optional(), ephemeral: flag, rootOnly: flag, dryRun: flag }),
  ),
  schemaFor(MoleculeGet.spec, z.object({ ledger, id: name.optional(), actor: z.string().max(200).optional() })),
  schemaFor(
    StepClose.spec,
    z.object({ ...molecule, reason: z.string().optional(), force: flag, auto: z.boolean().default(true) }),
  ),
  schemaFor(
    MoleculeSquash.spec,
    z.object({ ...molecule, summary: z.string().max(100_000).optional(), keep: flag, dryRun: flag }),
  ),
  schemaFor(MoleculeBurn.spec, z.object({ ...molecule, dryRun: flag })),
  schemaFor(
    MoleculeBond.spec,
    z.object({
      ledger,
      a: name,
      b: name,
      type: z.enum(bondTypes).default('sequential'),
      vars: variables.default({}),
      ephemeral: z.boolean().optional(),
      ref: z.string().max(200).optional(),
      title: z.string().max(500).optional(),
    }),
  ),
];

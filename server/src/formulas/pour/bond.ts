import type { Transaction } from '../../beads/store';
import type { Bead, DependencyType } from '../../protocol/bead';
import type { BondResult, BondType } from '../../protocol/formula';
import { UserError } from '../../base/errors';
import type { Proto } from '../cook/proto';
import { MOLECULE } from '../../beads/model/molecule';
import { pour, type PourOptions } from './pour';

/** `bd mol bond`: joins molecules and formulas in sequence, in parallel, or for the case of a failure. */

export const edgeOfBond: Readonly<Record<BondType, DependencyType>> = {
  sequential: 'blocks',
  parallel: 'parent-child',
  conditional: 'conditional-blocks',
};

/** A bead, or a formula to pour. */
export type Operand = { bead: Bead } | { proto: Proto };

export interface BondOptions {
  ledger: string;
  type: BondType;
  /** Whether the poured beads are never written to `issues.jsonl`; by default like the bead that they are bonded to. */
  ephemeral?: boolean;
  /** The last part of the ids of the poured beads; may contain variables. */
  ref?: string;
  vars: Readonly<Record<string, string>>;
  /** The title of the molecule that holds two formulas. */
  title?: string;
}

/** Creates the poured beads and the dependency between both operands in one transaction. */
export function bond(tx: Transaction, a: Operand, b: Operand, options: BondOptions): BondResult {
  if ('proto' in a && 'proto' in b) return bondFormulas(tx, a.proto, b.proto, options);
  if ('bead' in a && 'bead' in b) {
    tx.addDependency(b.bead.id, a.bead.id, edgeOfBond[options.type]);
    return { result_id: a.bead.id, result_type: 'compound_molecule', bond_type: options.type };
  }
  const [proto, bead] = 'proto' in a ? [a.proto, (b as { bead: Bead }).bead] : [(b as { proto: Proto }).proto, a.bead];
  return attach(tx, proto, bead, options);
}

/** Pours a formula that continues a bead. */
function attach(tx: Transaction, proto: Proto, bead: Bead, options: BondOptions): BondResult {
  const poured = pourAs(tx, proto, {
    ledger: options.ledger,
    ephemeral: options.ephemeral ?? bead.ephemeral === true,
    ...(options.ref === undefined ? {} : { id: `${bead.id}.${refText(options.ref, options.vars)}` }),
  });
  tx.addDependency(poured.root, bead.id, edgeOfBond[options.type]);
  return {
    result_id: bead.id,
    result_type: 'compound_molecule',
    bond_type: options.type,
    spawned: Object.keys(poured.ids).length,
    id_mapping: poured.ids,
  };
}

/** Pours both under one new molecule. */
function bondFormulas(tx: Transaction, a: Proto, b: Proto, options: BondOptions): BondResult {
  const { ledger, type, ephemeral = false } = options;
  const whole = tx.create(ledger, {
    title: options.title ?? `Compound: ${a.title} + ${b.title}`,
    description: `${a.formula} and ${b.formula}, bonded: ${type}.`,
    type: MOLECULE,
    infix: ephemeral ? 'wisp' : 'mol',
    ephemeral,
    extra: { bonded_from: [a, b].map((proto) => ({ source_id: proto.formula, bond_type: type })) },
  });
  const parts = [a, b].map((proto) => pourAs(tx, proto, { ledger, ephemeral }));
  for (const part of parts) tx.addDependency(part.root, whole.id, 'parent-child');
  if (type !== 'parallel') tx.addDependency(parts[1]!.root, parts[0]!.root, edgeOfBond[type]);
  return {
    result_id: whole.id,
    result_type: 'compound_molecule',
    bond_type: type,
    spawned: 1 + parts.reduce((sum, part) => sum + Object.keys(part.ids).length, 0),
    id_mapping: Object.fromEntries(parts.flatMap((part) => Object.entries(part.ids))),
  };
}

/** Pours a formula. @returns ids by `formula` and `formula.step` */
function pourAs(tx: Transaction, proto: Proto, options: PourOptions): { root: string; ids: Record<string, string> } {
  const { root, ids } = pour(tx, proto, options);
  const steps = Object.entries(ids).map(([step, id]): [string, string] => [`${proto.formula}.${step}`, id]);
  return { root, ids: Object.fromEntries([[proto.formula, root], ...steps]) };
}

function refText(ref: string, vars: Readonly<Record<string, string>>): string {
  const text = ref.replace(/\{\{(\w+)\}\}/g, (whole, name: string) =>
    Object.hasOwn(vars, name) ? (vars[name] ?? whole) : whole,
  );
  if (!/^[\w-]+(?:\.[\w-]+)*$/.test(text))
    throw new UserError(
      `invalid --ref '${text}'`,
      'It becomes a part of ids: letters, digits, hyphens and underscores. Give values of its variables with --var.',
    );
  return text;
}

import { z } from 'zod';
import type { CommandId } from './commandIds';
import type { RowTarget } from './tree/row';

/** Precondition of a command: none, a readable town, a trusted window, or a writable town. */
export type Requirement = 'nothing' | 'readableTown' | 'trust' | 'town';

export interface Command {
  requires: Requirement;
  /** The result is for callers of `executeCommand`, including tests. */
  run(argument: Argument): Promise<unknown>;
}

/** The commands of one feature, by their ids in package.json. */
export type Commands<Id extends CommandId = CommandId> = Record<Id, Command>;

/** The argument of a command: from a row of a tree, a link or another program. */
export interface Argument {
  target: RowTarget | undefined;
  /** All selected rows, if the tree allows several. */
  targets: readonly RowTarget[];
  params: Record<string, unknown>;
}

const kinds = ['town', 'rig', 'agent', 'convoy', 'bead', 'attention', 'group'] as const;
const targetSchema = z.object({ kind: z.enum(kinds), id: z.string() });
const rowSchema = z.object({ row: z.object({ target: targetSchema }) });
const paramsSchema = z.record(z.string(), z.unknown());

/** Reads arguments of another form, such as the URI that editor titles pass; undefined if it has another form. */
export type ArgumentReader = (raw: unknown) => Argument | undefined;

/**
 * Reads the argument of a command: menus of trees pass the row, clicks its target, and programs an object with
 * parameters.
 */
export function readArgument(raw: unknown, selected?: unknown, readers: readonly ArgumentReader[] = []): Argument {
  const row = rowSchema.safeParse(raw);
  if (row.success) {
    const rows = z.array(rowSchema).safeParse(selected).data ?? [];
    // VS Code passes the selection even if the menu was opened on a row outside of it; then only that row counts.
    const targets = rows.length > 0 ? rows.map((one) => one.row.target) : [row.data.row.target];
    return { target: row.data.row.target, targets, params: {} };
  }
  const target = targetSchema.safeParse(raw);
  if (target.success) return { target: target.data, targets: [target.data], params: {} };
  for (const read of readers) {
    const argument = read(raw);
    if (argument) return argument;
  }
  return { target: undefined, targets: [], params: paramsSchema.safeParse(raw).data ?? {} };
}

/** The id of the item of this kind in the argument. */
export function idOf(argument: Argument, kind: RowTarget['kind']): string | undefined {
  if (argument.target?.kind === kind) return argument.target.id;
  return textParam(argument, kind);
}

/** The ids of all items of this kind: the selected rows, or the parameters of a program (`bead`, or `beads`). */
export function idsOf(argument: Argument, kind: RowTarget['kind']): string[] {
  const selected = argument.targets.filter((target) => target.kind === kind).map((target) => target.id);
  if (selected.length > 0) return [...new Set(selected)];
  const several = z.array(z.string()).safeParse(argument.params[`${kind}s`]).data;
  const one = idOf(argument, kind);
  return several ?? (one === undefined ? [] : [one]);
}

/** A parameter of a program, as text. */
export function textParam({ params }: Argument, name: string): string | undefined {
  const value = params[name];
  return typeof value === 'string' ? value : undefined;
}

import type * as vscode from 'vscode';
import { z } from 'zod';
import type { BeadLists } from '../features/beads/beadLists';
import type { TownStore } from '../state/townStore';
import type { BeadDocuments } from '../features/beads/beadDocuments';
import type { TownConnection } from '../connection/townConnection';
import type { TownResolver } from '../connection/townResolver';
import { readChangeUri } from '../features/review/changeUri';
import type { Reviews } from '../features/review/reviews';
import type { CommandLine } from '../features/commandLine/commandLine';
import type { AgentTerminals } from '../features/agents/terminals/agentTerminals';
import type { Dialogs } from './dialogs';
import type { RowTarget } from './tree/row';
import type { Views } from '../features/views';

/** What commands work with. */
export interface Services {
  readonly log: vscode.LogOutputChannel;
  /** What the language server says, and what is said to it. */
  readonly languageLog: vscode.LogOutputChannel;
  readonly dialogs: Dialogs;
  readonly store: TownStore;
  readonly board: BeadLists;
  readonly connection: TownConnection;
  readonly town: TownResolver;
  readonly views: Views;
  readonly terminals: AgentTerminals;
  readonly documents: BeadDocuments;
  readonly reviews: Reviews;
  readonly commandLine: CommandLine;
  /** `publisher.name`, as links name it. */
  readonly extensionId: string;
  /** Where the bundled programs lie. */
  readonly distFolder: string;
}

/** What must be there before a command runs: nothing, a town that answers, a trusted window, or both of these. */
export type Needs = 'nothing' | 'look' | 'trust' | 'town';

export interface Command {
  needs: Needs;
  /** The result is for callers of `executeCommand`, tests among them. */
  run(services: Services, argument: Argument): Promise<unknown>;
}

/** What a command was given: by a row of a tree, by a link or by another program. */
export interface Argument {
  target: RowTarget | undefined;
  /** All rows that are selected, where a tree lets people select several. */
  targets: readonly RowTarget[];
  params: Record<string, unknown>;
}

const kinds = ['town', 'rig', 'agent', 'convoy', 'bead', 'attention', 'group'] as const;
const targetSchema = z.object({ kind: z.enum(kinds), id: z.string() });
const rowSchema = z.object({ row: z.object({ target: targetSchema }) });
const paramsSchema = z.record(z.string(), z.unknown());

/** Menus of trees pass the row, clicks its target, titles of editors their URI, and programs an object with parameters. */
export function readArgument(raw: unknown, selected?: unknown): Argument {
  const row = rowSchema.safeParse(raw);
  if (row.success) {
    const rows = z.array(rowSchema).safeParse(selected).data ?? [];
    // VS Code passes the selection also where the menu was opened on a row outside of it; then it passes that row alone.
    return {
      target: row.data.row.target,
      targets: rows.length > 0 ? rows.map((one) => one.row.target) : [row.data.row.target],
      params: {},
    };
  }
  const target = targetSchema.safeParse(raw);
  if (target.success) return { target: target.data, targets: [target.data], params: {} };
  const change = readChangeUri(raw);
  if (change) {
    const bead = { kind: 'bead', id: change.ref.bead } as const;
    return { target: bead, targets: [bead], params: { change: change.ref } };
  }
  return { target: undefined, targets: [], params: paramsSchema.safeParse(raw).data ?? {} };
}

/** The id of what a command is about, where its argument says so. */
export function idOf(argument: Argument, kind: RowTarget['kind']): string | undefined {
  if (argument.target?.kind === kind) return argument.target.id;
  const named = argument.params[kind];
  return typeof named === 'string' ? named : undefined;
}

/** The ids of all that a command is about: the selected rows, or what a program names (`bead`, or `beads`). */
export function idsOf(argument: Argument, kind: RowTarget['kind']): string[] {
  const selected = argument.targets.filter((target) => target.kind === kind).map((target) => target.id);
  if (selected.length > 0) return [...new Set(selected)];
  const several = z.array(z.string()).safeParse(argument.params[`${kind}s`]).data;
  const one = idOf(argument, kind);
  return several ?? (one === undefined ? [] : [one]);
}

/**
 * The ledger of a request: a rig's name, `hq` for the town's, or undefined for the ledger of the caller's working
 * directory. Requests about an existing id are routed by its prefix and ignore it.
 */
export interface LedgerParam {
  ledger?: string;
}

/** Conditions on single beads that no index covers; all given ones must hold. Times are RFC 3339. */
export interface BeadConditions {
  priorityMin?: number;
  priorityMax?: number;
  /** A label must match this pattern with `*` and `?`. */
  labelPattern?: string;
  /** A label must match this regular expression (RE2). */
  labelRegex?: string;
  noLabels?: boolean;
  excludeLabels?: string[];
  excludeTypes?: string[];
  descriptionContains?: string;
  notesContains?: string;
  emptyDescription?: boolean;
  /** Beginning of the specification's id. */
  spec?: string;
  createdAfter?: string;
  createdBefore?: string;
  updatedAfter?: string;
  updatedBefore?: string;
  closedAfter?: string;
  closedBefore?: string;
  dueAfter?: string;
  dueBefore?: string;
  deferAfter?: string;
  deferBefore?: string;
  /** Past its due time and not closed. */
  overdue?: boolean;
  /** Deferred by its status or until a time. */
  deferred?: boolean;
  pinned?: boolean;
  molType?: string;
  wispType?: string;
  noParent?: boolean;
  /** Keys of the metadata with their values as text. */
  metadataFields?: [key: string, value: string][];
  hasMetadataKey?: string;
  /** Title, description or id contains it. */
  text?: string;
  externalContains?: string;
  /** An expression such as `status=open AND priority<2`. */
  query?: string;
}

/** Selects the beads of a list. */
export interface BeadFilter extends LedgerParam, BeadConditions {
  status?: string[];
  type?: string[];
  assignee?: string;
  unassigned?: boolean;
  /** A bead must have all of these labels. */
  labels?: string[];
  /** A bead must have one of these labels. */
  labelsAny?: string[];
  priority?: number;
  /** Descendants of this bead only. */
  parent?: string;
  titleContains?: string;
  ids?: string[];
  /** 0: no limit. */
  limit?: number;
  sort?: string;
}

/** A row of a tree as data, so that the content of a tree is a pure function of the state. */
export interface Row {
  /** Unique in its tree, and stable as long as the row is about the same item. */
  id: string;
  label: string;
  description?: string;
  icon: RowIcon;
  /** Flags for the `when` clauses of menus, separated by dots. */
  context: string;
  /** Label for screen readers. */
  aria: string;
  /** Whether a row with children is expanded at first. */
  open?: boolean;
  target: RowTarget;
  /** The command that a click runs. */
  click?: RowClick;
  children: Row[];
}

export interface RowIcon {
  id: string;
  color?: string;
}

export type RowClick = 'gastown.showBead' | 'gastown.openTerminal' | 'gastown.openAttention' | 'gastown.showMoreBeads';

/** The item that a row is about. */
export interface RowTarget {
  kind: 'town' | 'rig' | 'agent' | 'convoy' | 'bead' | 'attention' | 'group';
  id: string;
}

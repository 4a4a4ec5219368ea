/** A row of a tree as data, so that what trees show is a pure function of the store. */
export interface Row {
  /** Unique in its tree and the same as long as it is about the same thing. */
  id: string;
  label: string;
  description?: string;
  icon: RowIcon;
  /** Flags for the `when` clauses of menus, separated by dots. */
  context: string;
  /** What a screen reader says. */
  aria: string;
  /** Whether a row with children opens by itself. */
  open?: boolean;
  target: RowTarget;
  /** What a click does. */
  click?: RowClick;
  children: Row[];
}

export interface RowIcon {
  id: string;
  color?: string;
}

export type RowClick = 'gastown.showBead' | 'gastown.openTerminal' | 'gastown.openAttention' | 'gastown.moreBeads';

/** What a row is about. */
export interface RowTarget {
  kind: 'town' | 'rig' | 'agent' | 'convoy' | 'bead' | 'attention' | 'group';
  id: string;
}

/** Tables of the index over all ledgers. Times are microseconds since 1970. */
export const tables = `
CREATE TABLE beads (
  id TEXT PRIMARY KEY, ledger TEXT NOT NULL, title TEXT NOT NULL, status TEXT NOT NULL, type TEXT NOT NULL, priority INTEGER NOT NULL,
  assignee TEXT NOT NULL, created REAL NOT NULL, updated REAL NOT NULL, closed REAL, defer REAL,
  pinned INTEGER NOT NULL, ephemeral INTEGER NOT NULL, template INTEGER NOT NULL, finished INTEGER NOT NULL,
  blocked INTEGER NOT NULL, state TEXT NOT NULL, due REAL, step TEXT NOT NULL, top TEXT, work INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE dependencies (
  issue TEXT NOT NULL, target TEXT NOT NULL, type TEXT NOT NULL, spawner TEXT, PRIMARY KEY (issue, target, type)
) WITHOUT ROWID;
CREATE TABLE labels (bead TEXT NOT NULL, label TEXT NOT NULL, PRIMARY KEY (bead, label)) WITHOUT ROWID;
`;

/** Each index serves a frequent query, whose cost then depends on the size of the result and not of the ledger. */
const indexes = {
  beads_status: 'beads (status, priority, created)',
  beads_assignee: "beads (assignee) WHERE assignee <> ''",
  beads_defer: 'beads (defer) WHERE defer IS NOT NULL',
  beads_due: 'beads (due) WHERE due IS NOT NULL',
  beads_open_type: 'beads (type, status) WHERE finished = 0',
  beads_closed_type: 'beads (type, closed) WHERE finished = 1',
  beads_backlog: 'beads (ledger, priority, created DESC, id) WHERE finished = 0',
  beads_state: 'beads (state, priority, created, id) WHERE work = 1',
  beads_closed: 'beads (state, closed DESC, id) WHERE work = 1',
  beads_top: 'beads (top, status, priority, created, id) WHERE work = 1 AND top IS NOT NULL',
  beads_blocked: 'beads (priority, created, id) WHERE blocked = 1',
  dependencies_target: 'dependencies (target, type)',
  dependencies_spawner: "dependencies (spawner) WHERE type = 'waits-for' AND spawner <> target",
  labels_label: 'labels (label)',
} as const;

export const createIndexes = Object.entries(indexes)
  .map(([name, on]) => `CREATE INDEX ${name} ON ${on};`)
  .join('\n');
export const dropIndexes = Object.keys(indexes)
  .map((name) => `DROP INDEX IF EXISTS ${name};`)
  .join('\n');

import { z } from 'zod';
import {
  BeadBlocked,
  BeadClose,
  BeadCreate,
  BeadDelete,
  BeadEvents,
  BeadList,
  BeadReady,
  BeadReopen,
  BeadShow,
  BeadStats,
  BeadUpdate,
  CommentAdd,
  DependencyAdd,
  DependencyRemove,
  DependencyTree,
  LabelChange,
  LabelList,
  LedgerDatabase,
  LedgerExport,
  LedgerImport,
} from '../bead';
import { name, schemaFor } from './schema';

const ledger = z.string().optional();
const id = name;
const ids = z.array(id).min(1).max(10_000);
const texts = z.array(z.string()).optional();
const text = z.string().optional();
const flag = z.boolean().optional();
const priority = z.number().int().min(0).max(4).optional();
const count = z.number().int().min(0).optional();

const filter = {
  ledger,
  status: texts,
  type: texts,
  assignee: text,
  unassigned: flag,
  labels: texts,
  labelsAny: texts,
  priority,
  parent: id.optional(),
  titleContains: text,
  ids: z.array(id).optional(),
  limit: count,
  sort: text,
};

const fields = {
  title: text,
  description: text,
  design: text,
  acceptance: text,
  notes: text,
  type: text,
  priority,
  assignee: text,
  externalRef: text,
  defer: text,
  metadata: z.record(z.string(), z.unknown()).optional(),
};

const edge = z.object({ ledger, from: id, to: id, type: text });

export const beadSchemas = [
  schemaFor(
    BeadCreate.spec,
    z.object({
      ...fields,
      title: z.string(),
      ledger,
      id: id.optional(),
      prefix: text,
      parent: id.optional(),
      labels: texts,
      deps: z.array(z.tuple([z.string(), id])).optional(),
      ephemeral: flag,
      dryRun: flag,
    }),
  ),
  schemaFor(BeadShow.spec, z.object({ ledger, ids })),
  schemaFor(BeadList.spec, z.object({ ...filter, all: flag, reverse: flag })),
  schemaFor(BeadReady.spec, z.object({ ...filter, includeDeferred: flag })),
  schemaFor(BeadBlocked.spec, z.object({ ledger, parent: id.optional() })),
  schemaFor(
    BeadUpdate.spec,
    z.object({
      ...fields,
      ledger,
      ids,
      status: text,
      appendNotes: text,
      addLabels: texts,
      removeLabels: texts,
      setLabels: texts,
      parent: text,
      claim: flag,
    }),
  ),
  schemaFor(BeadClose.spec, z.object({ ledger, ids, reason: text, force: flag })),
  schemaFor(BeadReopen.spec, z.object({ ledger, ids, reason: text })),
  schemaFor(BeadDelete.spec, z.object({ ledger, ids, reason: text })),
  schemaFor(DependencyAdd.spec, edge),
  schemaFor(DependencyRemove.spec, edge),
  schemaFor(
    DependencyTree.spec,
    z.object({ ledger, id, maxDepth: count, direction: z.enum(['down', 'up', 'both']).optional() }),
  ),
  schemaFor(LabelChange.spec, z.object({ ledger, ids, label: z.string(), change: z.enum(['add', 'remove']) })),
  schemaFor(LabelList.spec, z.object({ ledger, id: id.optional() })),
  schemaFor(CommentAdd.spec, z.object({ ledger, id, text: z.string() })),
  schemaFor(BeadEvents.spec, z.object({ ledger, id: id.optional(), limit: count })),
  schemaFor(BeadStats.spec, z.object({ ledger })),
  schemaFor(LedgerExport.spec, z.object({ ledger, status: texts })),
  schemaFor(LedgerDatabase.spec, z.object({ ledger })),
  schemaFor(LedgerImport.spec, z.object({ ledger, text: z.string(), dryRun: flag })),
];

import { z } from 'zod';
import {
  BeadBlocked,
  BeadClose,
  BeadCount,
  BeadCreate,
  BeadCreateMany,
  BeadDelete,
  BeadEvents,
  BeadList,
  BeadReady,
  BeadRename,
  BeadMove,
  BeadReplace,
  BeadReopen,
  BeadShow,
  BeadStats,
  BeadUpdate,
  BeadValidate,
  validationOutcomes,
  CommentAdd,
  LabelChange,
  LabelList,
} from '../bead';
import { DependencyAdd, DependencyRemove, DependencyTree, RelationChange } from '../dependency';
import {
  LedgerDatabase,
  LedgerExport,
  LedgerFlush,
  LedgerImport,
  LedgerImportPart,
  LedgerMerge,
  LedgerInfoGet,
  LedgerPrefixChange,
  LedgerSettingChange,
} from '../ledger';
import { BeadBatch } from '../batch';
import { name, schemaFor } from './schema';

const ledger = z.string().optional();
const id = name;
const ids = z.array(id).min(1).max(10_000);
const texts = z.array(z.string()).optional();
const text = z.string().optional();
const flag = z.boolean().optional();
const priority = z.number().int().min(0).max(4).optional();
const count = z.number().int().min(0).optional();

const conditions = {
  priorityMin: priority,
  priorityMax: priority,
  labelPattern: text,
  labelRegex: z.string().max(1000).optional(),
  noLabels: flag,
  excludeLabels: texts,
  excludeTypes: texts,
  descriptionContains: text,
  notesContains: text,
  emptyDescription: flag,
  spec: text,
  createdAfter: text,
  createdBefore: text,
  updatedAfter: text,
  updatedBefore: text,
  closedAfter: text,
  closedBefore: text,
  dueAfter: text,
  dueBefore: text,
  deferAfter: text,
  deferBefore: text,
  overdue: flag,
  deferred: flag,
  pinned: flag,
  molType: text,
  wispType: text,
  noParent: flag,
  metadataFields: z.array(z.tuple([z.string(), z.string()])).optional(),
  hasMetadataKey: text,
  text,
  externalContains: text,
  query: z.string().max(10_000).optional(),
};

const filter = {
  ...conditions,
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
  due: text,
  estimate: count,
  specId: text,
  awaitId: text,
  agent: z.object({ state: text, lastActivity: text, hook: text, role: text, roleType: text, rig: text }).optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
};

const newBead = {
  ...fields,
  title: z.string(),
  ledger,
  id: id.optional(),
  prefix: text,
  parent: id.optional(),
  labels: texts,
  deps: z.array(z.tuple([z.string(), id])).optional(),
  waitsFor: z.object({ id, gate: z.enum(['all-children', 'any-children']) }).optional(),
  owner: z.string().max(500).optional(),
  molType: text,
  wispType: text,
  awaitType: text,
  timeout: count,
  event: z.object({ category: text, actor: text, target: text, payload: text }).optional(),
  validate: flag,
  ephemeral: flag,
  dryRun: flag,
};

const edge = z.object({ ledger, from: id, to: id, type: text });

export const beadSchemas = [
  schemaFor(BeadCreate.spec, z.object(newBead)),
  schemaFor(
    BeadCreateMany.spec,
    z.object({
      ledger,
      beads: z
        .array(z.object({ ...newBead, key: id.optional() }))
        .min(1)
        .max(10_000),
      edges: z.array(z.object({ from: id, to: id, type: text })).optional(),
      dryRun: flag,
    }),
  ),
  schemaFor(
    BeadBatch.spec,
    z.object({
      ledger,
      operations: z
        .array(
          z.discriminatedUnion('op', [
            z.object({ op: z.literal('create'), title: z.string(), type: text, priority }),
            z.object({
              op: z.literal('update'),
              id,
              fields: z.object({ title: text, status: text, priority, assignee: text }),
            }),
            z.object({ op: z.literal('close'), id, reason: text }),
            z.object({ op: z.literal('dep-add'), from: id, to: id, type: text }),
            z.object({ op: z.literal('dep-remove'), from: id, to: id }),
          ]),
        )
        .min(1)
        .max(10_000),
      owner: z.string().max(500).optional(),
      dryRun: flag,
    }),
  ),
  schemaFor(BeadShow.spec, z.object({ ledger, ids })),
  schemaFor(BeadList.spec, z.object({ ...filter, all: flag, reverse: flag, relations: flag })),
  schemaFor(
    BeadCount.spec,
    z.object({ ...filter, by: z.enum(['status', 'priority', 'type', 'assignee', 'label']).optional() }),
  ),
  schemaFor(BeadReady.spec, z.object({ ...filter, includeDeferred: flag, includeEphemeral: flag })),
  schemaFor(BeadBlocked.spec, z.object({ ledger, parent: id.optional() })),
  schemaFor(
    BeadUpdate.spec,
    z.object({
      ...fields,
      ledger,
      ids: z.array(id).max(10_000),
      status: text,
      appendNotes: text,
      addLabels: texts,
      removeLabels: texts,
      setLabels: texts,
      parent: text,
      claim: flag,
      ifAssignee: text,
      addWaiters: texts,
      removeWaiters: texts,
      metadataChanges: z.record(z.string(), z.unknown()).optional(),
      ephemeral: flag,
      closedBySession: text,
    }),
  ),
  schemaFor(
    BeadClose.spec,
    z.object({ ledger, ids: z.array(id).max(10_000), reason: text, force: flag, session: text }),
  ),
  schemaFor(BeadReopen.spec, z.object({ ledger, ids, reason: text })),
  schemaFor(
    BeadValidate.spec,
    z.object({
      ledger,
      id,
      outcome: z.enum(validationOutcomes),
      type: z.string().min(1).max(100).optional(),
      score: z.number().min(0).max(1).optional(),
      signals: z.record(z.string().max(100), z.boolean().nullable()).optional(),
      message: z.string().max(10_000).optional(),
    }),
  ),
  schemaFor(BeadDelete.spec, z.object({ ledger, ids, reason: text, cascade: flag, dryRun: flag })),
  schemaFor(DependencyAdd.spec, edge),
  schemaFor(DependencyRemove.spec, edge),
  schemaFor(
    DependencyTree.spec,
    z.object({
      ledger,
      id,
      maxDepth: count,
      direction: z.enum(['down', 'up', 'both']).optional(),
      allPaths: z.boolean().optional(),
    }),
  ),
  schemaFor(RelationChange.spec, z.object({ ledger, a: id, b: id, change: z.enum(['add', 'remove']) })),
  schemaFor(BeadReplace.spec, z.object({ ledger, id, by: id, kind: z.enum(['duplicates', 'supersedes']) })),
  schemaFor(
    BeadMove.spec,
    z.object({ ledger, id, to: id, as: z.enum(['move', 'refile']), keepOpen: flag, skipDependencies: flag }),
  ),
  schemaFor(BeadRename.spec, z.object({ ledger, id, newId: id })),
  schemaFor(LabelChange.spec, z.object({ ledger, ids, label: z.string(), change: z.enum(['add', 'remove']) })),
  schemaFor(LabelList.spec, z.object({ ledger })),
  schemaFor(CommentAdd.spec, z.object({ ledger, id, text: z.string(), author: z.string().max(200).optional() })),
  schemaFor(BeadEvents.spec, z.object({ ledger, id: id.optional(), limit: count, by: text })),
  schemaFor(BeadStats.spec, z.object({ ledger, assigned: flag })),
  schemaFor(LedgerInfoGet.spec, z.object({ ledger })),
  schemaFor(LedgerSettingChange.spec, z.object({ ledger, key: z.string(), value: z.string().max(100_000).optional() })),
  schemaFor(LedgerPrefixChange.spec, z.object({ ledger, prefix: z.string(), repair: flag, dryRun: flag })),
  schemaFor(LedgerExport.spec, z.object(filter)),
  schemaFor(LedgerFlush.spec, z.object({ ledger, importOnly: flag })),
  schemaFor(LedgerDatabase.spec, z.object({ ledger })),
  schemaFor(
    LedgerImport.spec,
    z.object({
      ledger,
      text: z.string(),
      upload: z.string().max(100).optional(),
      dryRun: flag,
      skipExisting: flag,
      ownPrefix: flag,
      skipBroken: flag,
      strict: flag,
      orphans: z.enum(['allow', 'skip', 'strict']).optional(),
      clearDuplicateRefs: flag,
      dedup: flag,
    }),
  ),
  schemaFor(
    LedgerMerge.spec,
    z.object({
      ledger,
      base: z.string(),
      theirs: z.string(),
      uploads: z.object({ base: z.string().max(100), theirs: z.string().max(100) }).optional(),
    }),
  ),
  schemaFor(
    LedgerImportPart.spec,
    z.object({ upload: z.string().max(100), part: z.number().int().min(0), text: z.string() }),
  ),
];

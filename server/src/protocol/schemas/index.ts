import { agentSchemas } from './agent';
import { beadSchemas } from './bead';
import { boardSchemas } from './board';
import { convoySchemas } from './convoy';
import { crewSchemas } from './crew';
import { escalationSchemas } from './escalation';
import { formulaSchemas } from './formula';
import { mailSchemas } from './mail';
import { mayorSchemas } from './mayor';
import { mergeQueueSchemas } from './mergeQueue';
import { rigSchemas } from './rig';
import { runtimeSchemas } from './runtime';
import type { SchemaMap } from './schema';
import { sessionSchemas } from './session';
import { supervisionSchemas } from './supervision';
import { townRequestSchemas } from './town';

/** Schemas of the requests about beads and formulas, which need no town. */
export const ledgerSchemas: SchemaMap = new Map([...beadSchemas, ...formulaSchemas]);

/** Schemas of all requests to the server of a town. */
export const townSchemas: SchemaMap = new Map([
  ...ledgerSchemas,
  ...agentSchemas,
  ...boardSchemas,
  ...convoySchemas,
  ...crewSchemas,
  ...escalationSchemas,
  ...mailSchemas,
  ...mayorSchemas,
  ...mergeQueueSchemas,
  ...rigSchemas,
  ...runtimeSchemas,
  ...sessionSchemas,
  ...supervisionSchemas,
  ...townRequestSchemas,
]);

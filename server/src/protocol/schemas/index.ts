import { agentSchemas, supervisionSchemas } from './agents';
import { beadSchemas } from './bead';
import { boardSchemas } from './board';
import { convoySchemas } from './convoy';
import { escalationSchemas } from './escalation';
import { formulaSchemas } from './formula';
import { historySchemas } from './history';
import { mailSchemas, mayorSchemas } from './mail';
import { mergeQueueSchemas } from './mergeQueue';
import { crewSchemas, rigSchemas } from './rigs';
import { runtimeSchemas } from './runtime';
import type { SchemaMap } from './schema';
import { sessionSchemas, townRequestSchemas } from './town';

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
  ...historySchemas,
  ...mailSchemas,
  ...mayorSchemas,
  ...mergeQueueSchemas,
  ...rigSchemas,
  ...runtimeSchemas,
  ...sessionSchemas,
  ...supervisionSchemas,
  ...townRequestSchemas,
]);

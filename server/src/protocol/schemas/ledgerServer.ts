import { z } from 'zod';
import { LedgerWarnings } from '../ledgerServer';
import { ServerRetire } from '../town';
import { noParams, schemaFor, type SchemaMap } from './schema';
import { beadSchemas } from './bead';
import { formulaSchemas } from './formula';

/** Schemas of all requests to the server of a ledger outside of every town. */
export const ledgerServerSchemas: SchemaMap = new Map([
  ...beadSchemas,
  ...formulaSchemas,
  schemaFor(LedgerWarnings.spec, noParams),
  schemaFor(ServerRetire.spec, z.object({ build: z.number() })),
]);

import { z } from 'zod';
import { CrewAdd, CrewList, CrewRemove, CrewStart } from '../crew';
import { name, schemaFor } from './schema';

const member = { rig: name, name };

export const crewSchemas = [
  schemaFor(CrewAdd.spec, z.object({ ...member, branch: z.string().max(240).optional() })),
  schemaFor(CrewList.spec, z.object({ rig: name.optional() })),
  schemaFor(CrewStart.spec, z.object({ ...member, runtime: name.optional() })),
  schemaFor(CrewRemove.spec, z.object({ ...member, force: z.boolean().default(false) })),
];

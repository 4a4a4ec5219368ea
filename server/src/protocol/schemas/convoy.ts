import { z } from 'zod';
import { ConvoyAdd, ConvoyCreate, ConvoyGet, ConvoyLaunch, ConvoyList, ConvoyStranded, Sling } from '../convoy';
import { name, noParams, schemaFor, variables } from './schema';

const beads = z.array(name).max(1000);

export const convoySchemas = [
  schemaFor(
    ConvoyCreate.spec,
    z.object({
      title: z.string().min(1).max(500),
      beads: beads.default([]),
      stage: z.boolean().default(false),
      notify: z.array(z.string()).default([]),
    }),
  ),
  schemaFor(ConvoyAdd.spec, z.object({ id: name, beads: beads.min(1) })),
  schemaFor(ConvoyList.spec, z.object({ all: z.boolean().default(false) })),
  schemaFor(ConvoyGet.spec, z.object({ id: name })),
  schemaFor(ConvoyLaunch.spec, z.object({ id: name, force: z.boolean().default(false) })),
  schemaFor(ConvoyStranded.spec, noParams),
  schemaFor(
    Sling.spec,
    z.object({
      beads: z.array(name).min(1).max(200),
      rig: name,
      agent: name.optional(),
      runtime: name.optional(),
      model: z.string().max(200).optional(),
      formula: name.optional(),
      vars: variables.optional(),
    }),
  ),
];

import { z } from 'zod';
import type { Bead, ValidationRecord } from '../../protocol/beadRecord';

/** Records of who validated the work on a bead and how: by `bd validate`, in reviews, and before a merge. */

const signals = z.record(z.string(), z.boolean().nullable());
/** An entry of the field `validations`; additions to the format of the Go `bd` have their own keys. */
const validationSchema = z.looseObject({
  validator: z.looseObject({ name: z.string().optional() }).optional(),
  outcome: z.string(),
  timestamp: z.string(),
  score: z.number().optional(),
  validation_type: z.string().optional(),
  quality_signals: signals.optional(),
  message: z.string().optional(),
});
/** The part of the engine's data about the work (`engine/state/work.ts`) that records its validation. */
const workSchema = z.looseObject({
  validation: z
    .looseObject({
      validated_by: z.string(),
      validation_type: z.string(),
      timestamp: z.string(),
      quality_signals: signals,
    })
    .optional(),
  reviews: z
    .array(z.looseObject({ by: z.string(), verdict: z.string(), at: z.string(), message: z.string().optional() }))
    .optional(),
});

/**
 * All validations of a bead, the oldest first. Unreadable records, which other tools may have written, are left out.
 */
export function validationRecords(bead: Bead): ValidationRecord[] {
  const { validation, reviews = [] } = workOf(bead) ?? {};
  const given = Array.isArray(bead.validations) ? bead.validations : [];
  const records: ValidationRecord[] = [
    ...given.flatMap((each) => recordOf(each)),
    ...reviews.map(({ by, verdict, at, message }) => ({
      validated_by: by,
      validation_type: 'review',
      timestamp: at,
      quality_signals: { review_approved: verdict === 'approved' },
      ...(message ? { message } : {}),
    })),
    ...(validation
      ? [
          {
            validated_by: validation.validated_by,
            validation_type: validation.validation_type,
            timestamp: validation.timestamp,
            quality_signals: validation.quality_signals,
          },
        ]
      : []),
  ];
  return records.sort((a, b) => (a.timestamp < b.timestamp ? -1 : a.timestamp > b.timestamp ? 1 : 0));
}

function workOf({ metadata }: Bead): z.output<typeof workSchema> | undefined {
  const own = (metadata as { gastown?: unknown } | null | undefined)?.gastown;
  return own === undefined ? undefined : workSchema.safeParse(own).data;
}

function recordOf(value: unknown): ValidationRecord[] {
  const parsed = validationSchema.safeParse(value).data;
  if (!parsed) return [];
  const { validator, outcome, timestamp, score, validation_type: type, quality_signals: given, message } = parsed;
  return [
    {
      validated_by: validator?.name ?? 'unknown',
      validation_type: type ?? 'validation',
      timestamp,
      quality_signals: given ?? {},
      outcome,
      ...(score === undefined ? {} : { score }),
      ...(message === undefined ? {} : { message }),
    },
  ];
}

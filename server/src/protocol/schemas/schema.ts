import { z } from 'zod';
import { UserError } from '../../base/errors';
import { schemaProblems } from '../../base/schemaProblems';
import type { Params, ParsedParams, RequestSpec } from '../request';

/** A request's method with the schema of its parameters. */
export type SchemaEntry = readonly [method: string, schema: z.ZodType];
/** Schemas of parameters by method. */
export type SchemaMap = ReadonlyMap<string, z.ZodType>;

/** The same type with intersections and `Omit`s written out, so that two spellings of one shape compare as equal. */
type Plain<T> = T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
type Same<A, B> = (<X>() => X extends Plain<A> ? 1 : 2) extends <X>() => X extends Plain<B> ? 1 : 2 ? true : false;

/** Resolves to the schema's type only if it reads what callers write and gives what handlers get. */
type Matching<S extends RequestSpec, Z extends z.ZodType> =
  Same<z.input<Z>, Params<S>> extends true
    ? Same<z.output<Z>, ParsedParams<S>> extends true
      ? Z
      : { 'the output of the schema differs from the parsed parameters': ParsedParams<S> }
    : { 'the input of the schema differs from the parameters': Params<S> };

/** The schema of a request's parameters. It does not compile if it differs from the declared types. */
export function schemaFor<S extends RequestSpec, Z extends z.ZodType>(
  spec: S,
  schema: Z & Matching<S, Z>,
): SchemaEntry {
  return [spec.method, schema];
}

/** Parses a value. @throws UserError that names each problem */
export function parseWith<Z extends z.ZodType>(schema: Z, value: unknown, method: string): z.output<Z> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new UserError(`bad parameters for ${method}: ${schemaProblems(parsed.error)}`);
}

/** Parameters of requests without any. */
export const noParams = z.object({});
/** A name or id that a caller gives. */
export const name = z.string().min(1).max(200);
/** Size of a terminal in characters. */
export const cols = z.number().int().min(2).max(1000);
export const rows = z.number().int().min(1).max(1000);
/** Texts by name, such as values of variables. */
export const variables = z.record(z.string().max(100), z.string().max(100_000));

export const envelopeSchema = z.object({ input: z.unknown(), operation: z.string().max(80).optional() });

import { createRequire } from 'node:module';

/*
 * Stands for zod in the bundles where starting fast matters (see esbuild.mjs): loading zod and building every schema of
 * the protocol takes longer than a whole command, which checks hardly anything, because the server does. Here a schema
 * is only noted down; the first one that is really asked to check something loads zod and is built then.
 */

type Zod = typeof import('zod').z;
type Make = () => object;
type Method = (...args: unknown[]) => object;

/** What makes a schema of a schema. Everything else is answered by the real one. */
const builders = new Set([
  'any',
  'array',
  'boolean',
  'custom',
  'discriminatedUnion',
  'enum',
  'instanceof',
  'lazy',
  'literal',
  'looseObject',
  'never',
  'null',
  'number',
  'object',
  'partialRecord',
  'preprocess',
  'record',
  'strictObject',
  'string',
  'tuple',
  'undefined',
  'union',
  'unknown',
  'and',
  'brand',
  'catch',
  'default',
  'describe',
  'endsWith',
  'extend',
  'gt',
  'gte',
  'int',
  'length',
  'lt',
  'lte',
  'max',
  'min',
  'nonempty',
  'nonnegative',
  'nullable',
  'nullish',
  'omit',
  'optional',
  'or',
  'partial',
  'passthrough',
  'pick',
  'pipe',
  'positive',
  'prefault',
  'readonly',
  'refine',
  'regex',
  'required',
  'startsWith',
  'strict',
  'superRefine',
  'transform',
  'trim',
]);

/** What builds the real thing behind each stand-in. */
const makers = new WeakMap<object, Make>();

function standIn(make: Make): object {
  let made: object | undefined;
  const real: Make = () => (made ??= make());
  const proxy = new Proxy(
    {},
    {
      get(_target, key) {
        if (typeof key === 'string' && builders.has(key))
          return (...args: unknown[]) =>
            standIn(() => method(real(), key)(...(settled(args, key === 'lazy') as unknown[])));
        const value: unknown = Reflect.get(real(), key);
        return typeof value === 'function' ? (value as Method).bind(real()) : value;
      },
      has: (_target, key) => Reflect.has(real(), key),
      getPrototypeOf: () => Reflect.getPrototypeOf(real()),
    },
  );
  makers.set(proxy, real);
  return proxy;
}

function method(owner: object, key: string): Method {
  return (Reflect.get(owner, key) as Method).bind(owner);
}

/** The same with every stand-in in it replaced by what it stands for. */
function settled(value: unknown, calls: boolean): unknown {
  if (typeof value === 'function') return calls ? () => settled((value as Make)(), false) : value;
  if (typeof value !== 'object' || value === null) return value;
  const make = makers.get(value);
  if (make) return make();
  if (Array.isArray(value)) return value.map((item) => settled(item, calls));
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, settled(item, false)]));
}

/** @param load gives the real library */
export function lazyZod(load: () => Zod): Zod {
  return standIn(load) as Zod;
}

export const z = lazyZod(() => (createRequire(__filename)('./zod.js') as { z: Zod }).z);

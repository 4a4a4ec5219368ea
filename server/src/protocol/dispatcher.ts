import type { ParsedParams, RequestSpec, Result } from './request';
import { parseWith, type SchemaMap } from './schemas/schema';

/** Who is calling, established once per connection and never taken from a request's parameters. */
export interface CallContext {
  /** Written into every bead, event and commit that the call makes. */
  readonly actor: string;
  readonly kind: 'person' | 'agent' | 'engine';
  /** For an agent: its address such as `toy/polecats/rust`. */
  readonly agent?: string;
  /** For an agent: the session that it calls from. */
  readonly session?: string;
  /** Working directory of a command line; decides the ledger if a request names none. */
  readonly cwd?: string;
  /** Id, chosen by the client, of this mutating request. */
  readonly operation?: string;
  /** Id of the connection; terminals are attached to connections. */
  readonly connection?: string;
}

export type Handler<S extends RequestSpec> = (params: ParsedParams<S>, context: CallContext) => Promise<Result<S>>;

interface Entry {
  spec: RequestSpec;
  /** Checks the parameters and fills in defaults. @throws UserError that names what is wrong */
  parse(input: unknown): unknown;
  /** @param params as `parse` returned them */
  run(params: unknown, context: CallContext): Promise<unknown>;
}

/** The handlers of a program, by method. Validates parameters; independent of the transport. */
export class Dispatcher {
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly schemas: SchemaMap) {}

  on<S extends RequestSpec>(spec: S, handler: Handler<S>): void {
    const schema = this.schemas.get(spec.method);
    if (!schema) throw new Error(`no schema for ${spec.method}`);
    if (this.entries.has(spec.method)) throw new Error(`two handlers for ${spec.method}`);
    this.entries.set(spec.method, {
      spec,
      parse: (input) => parseWith(schema, input, spec.method),
      // `schemaFor` ensures that the schema's output fits the handler's parameters.
      run: (params, context) => handler(params as ParsedParams<S>, context),
    });
  }

  /** Puts a check or a note around a handler that is already registered. */
  wrap<S extends RequestSpec>(spec: S, around: (next: Handler<S>) => Handler<S>): void {
    const entry = this.entries.get(spec.method);
    if (!entry) throw new Error(`no handler for ${spec.method}`);
    const wrapped = around((params, context) => entry.run(params, context) as Promise<Result<S>>);
    this.entries.set(spec.method, {
      ...entry,
      run: (params, context) => wrapped(params as ParsedParams<S>, context),
    });
  }

  get(method: string): Entry | undefined {
    return this.entries.get(method);
  }

  methods(): string[] {
    return [...this.entries.keys()];
  }
}

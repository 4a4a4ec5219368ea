import type { ParsedParams, RequestSpec, Result } from './request';

/** Who is calling, established once per connection and never taken from a request's parameters. */
export interface CallContext {
  /** Written into every bead, event and commit that the call makes. */
  readonly actor: string;
  readonly kind: 'person' | 'agent' | 'engine';
  /** For an agent: its address such as `toy/polecats/rust`. */
  readonly agent?: string;
  /** For an agent: the session that it calls from. */
  readonly session?: string;
  /** Working directory of a command line; decides the ledger where a request names none. */
  readonly cwd?: string;
  /** Client-made id of this mutating request. */
  readonly operation?: string;
  /** The connection it came by; sessions are attached to connections. */
  readonly connection?: string;
}

export type Handler<S extends RequestSpec> = (params: ParsedParams<S>, context: CallContext) => Promise<Result<S>>;

interface Entry {
  spec: RequestSpec;
  run(params: unknown, context: CallContext): Promise<unknown>;
}

/** The handlers of a program, by method. Independent of how requests arrive. */
export class Dispatcher {
  private readonly entries = new Map<string, Entry>();

  on<S extends RequestSpec>(spec: S, handler: Handler<S>): void {
    if (this.entries.has(spec.method)) throw new Error(`two handlers for ${spec.method}`);
    // The schema has parsed the parameters to exactly the handler's input before `run` is reached.
    this.entries.set(spec.method, { spec, run: (params, context) => handler(params as ParsedParams<S>, context) });
  }

  /** Puts something around a handler that is already there, such as a check before it or a note after it. */
  wrap<S extends RequestSpec>(spec: S, around: (next: Handler<S>) => Handler<S>): void {
    const entry = this.entries.get(spec.method);
    if (!entry) throw new Error(`no handler for ${spec.method}`);
    const wrapped = around((params, context) => entry.run(params, context) as Promise<Result<S>>);
    this.entries.set(spec.method, { spec, run: (params, context) => wrapped(params as ParsedParams<S>, context) });
  }

  get(method: string): Entry | undefined {
    return this.entries.get(method);
  }

  methods(): string[] {
    return [...this.entries.keys()];
  }
}

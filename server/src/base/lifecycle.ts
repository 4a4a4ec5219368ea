import { onUnexpectedError } from './errors';

/** Anything that holds a resource until it is disposed. */
export interface IDisposable {
  dispose(): void;
}

/** Base of every class that owns resources: register them once, dispose of all in reverse order. */
export abstract class Disposable implements IDisposable {
  private readonly owned: IDisposable[] = [];
  private disposed = false;

  protected get isDisposed(): boolean {
    return this.disposed;
  }

  protected _register<T extends IDisposable>(resource: T): T {
    if (this.disposed) resource.dispose();
    else this.owned.push(resource);
    return resource;
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    for (const resource of this.owned.splice(0).reverse()) resource.dispose();
  }
}

export function toDisposable(dispose: () => void): IDisposable {
  return { dispose };
}

export type Listener<T> = (event: T) => void;

/** A typed event: one `Emitter` fires, any number of listeners hear it, in the order they subscribed. */
export class Emitter<T> implements IDisposable {
  private readonly listeners = new Set<Listener<T>>();

  /** @param onError called with the errors of listeners */
  constructor(private readonly onError: (error: unknown) => void = onUnexpectedError) {}

  readonly event = (listener: Listener<T>): IDisposable => {
    this.listeners.add(listener);
    return toDisposable(() => this.listeners.delete(listener));
  };

  /** Calls every listener. One that throws is reported and does not affect the others. */
  fire(event: T): void {
    for (const listener of [...this.listeners]) {
      try {
        listener(event);
      } catch (error) {
        this.onError(error);
      }
    }
  }

  dispose(): void {
    this.listeners.clear();
  }
}

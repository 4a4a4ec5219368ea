import { UserError } from '../base/errors';
import { builtInRuntimes } from './runtimes';
import { screenState } from './screenState';
import { workOf } from '../engine/state/work';
import type { Bead } from '../protocol/bead';
import type { RuntimeInfo } from '../protocol/town';
import { agentsFile, townSettingsFile } from '../town/config';
import type { TownLayout } from '../town/layout';
import type { Rigs } from '../rigs/registry';

/** Settings are read at most so often: one look at the town asks for every bead in work. */
const CACHE_MS = 200;

/** The runtimes that a town knows: built in, and its own from `settings/agents.json`. */
export class RuntimeCatalogue {
  private cache = new Map<string, { value: unknown; until: number }>();

  constructor(
    private readonly layout: TownLayout,
    private readonly rigs: () => Rigs,
  ) {}

  /** Settings have just been changed by us. */
  forget(): void {
    this.cache.clear();
  }

  private cached<T>(key: string, read: () => T): T {
    const known = this.cache.get(key);
    if (known && known.until > Date.now()) return known.value as T;
    const value = read();
    this.cache.set(key, { value, until: Date.now() + CACHE_MS });
    return value;
  }

  all(): RuntimeInfo[] {
    return this.cached('all', () => this.read());
  }

  private read(): RuntimeInfo[] {
    const custom = Object.entries(agentsFile(this.layout).read().agents).map(([name, settings]) => ({
      ...settings,
      name,
      builtIn: false,
    }));
    const builtIn = Object.entries(builtInRuntimes).map(([name, settings]) => ({ ...settings, name, builtIn: true }));
    return [...builtIn, ...custom.filter((runtime) => !this.isBuiltIn(runtime.name))];
  }

  isBuiltIn(name: string): boolean {
    return Object.hasOwn(builtInRuntimes, name);
  }

  find(name: string): RuntimeInfo | undefined {
    return this.all().find((runtime) => runtime.name === name);
  }

  /** What this screen asks of a person, if anything; goes on after "it ". */
  asks(name: string, screen: string): string | undefined {
    const runtime = this.find(name);
    const seen = runtime && screenState(runtime, screen);
    return seen?.state === 'waiting' ? seen.says : undefined;
  }

  require(name: string): RuntimeInfo {
    const runtime = this.find(name);
    if (!runtime)
      throw new UserError(
        `there is no agent runtime ${name}`,
        `there are: ${this.all()
          .map((candidate) => candidate.name)
          .join(', ')}`,
        'not-found',
      );
    return runtime;
  }

  /** The sling's own choice, else the rig's, else the town's default. */
  nameFor(bead: Bead, rig: string): string {
    return workOf(bead).slung?.runtime ?? this.defaultFor(rig);
  }

  /** Reviewers are the rig's own choice, else the town's default: another than the author's where a rig names one. */
  reviewerFor(rig: string): string {
    return this.cached(
      `reviewer ${rig}`,
      () => this.rigs().get(rig)?.settings.reviewer ?? townSettingsFile(this.layout).read().default_agent,
    );
  }

  /** The Mayor's is the town's own choice, else its default. */
  get mayor(): string {
    return this.cached('mayor', () => {
      const settings = townSettingsFile(this.layout).read();
      return settings.mayor ?? settings.default_agent;
    });
  }

  defaultFor(rig: string): string {
    return this.cached(
      `default ${rig}`,
      () => this.rigs().get(rig)?.settings.agent ?? townSettingsFile(this.layout).read().default_agent,
    );
  }
}

import { UserError } from '../base/errors';
import { builtInRuntimes } from './runtimes';
import { screenState } from './screenState';
import type { RuntimeInfo, RuntimeSettings } from '../protocol/town';
import { agentsFile, townSettingsFile } from '../town/config';
import { MAIN_REVIEWER, type TownLayout } from '../town/layout';

/** The runtimes of a town: the built-in ones, and its own from `settings/agents.json`. */
export class RuntimeCatalogue {
  private known: { of: object; runtimes: RuntimeInfo[] } | undefined;

  /**
   * @param rigSettings settings of a rig; undefined if there is no such rig. @throws UserError if they cannot be read
   */
  constructor(
    private readonly layout: TownLayout,
    private readonly rigSettings: (rig: string) => { agent?: string; reviewer?: string } | undefined,
  ) {}

  all(): RuntimeInfo[] {
    const settings = agentsFile(this.layout).read();
    // Returns the same object while the file is unchanged.
    if (this.known?.of !== settings) this.known = { of: settings, runtimes: this.runtimesOf(settings.agents) };
    return this.known.runtimes;
  }

  private runtimesOf(agents: Record<string, RuntimeSettings>): RuntimeInfo[] {
    const custom = Object.entries(agents).map(([name, settings]) => ({ ...settings, name, builtIn: false }));
    const builtIn = Object.entries(builtInRuntimes).map(([name, settings]) => ({ ...settings, name, builtIn: true }));
    return [...builtIn, ...custom.filter((runtime) => !this.isBuiltIn(runtime.name))];
  }

  isBuiltIn(name: string): boolean {
    return Object.hasOwn(builtInRuntimes, name);
  }

  find(name: string): RuntimeInfo | undefined {
    return this.all().find((runtime) => runtime.name === name);
  }

  /** What this screen asks the user, if anything: a predicate to follow "it ". */
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

  /**
   * The runtime of a reviewer: that of its name; for the main reviewer the rig's choice, else the town's default.
   * @param reviewer see `engine/review/reviewers.ts`
   */
  reviewerFor(rig: string, reviewer: string): string {
    return reviewer === MAIN_REVIEWER ? (this.rigSettings(rig)?.reviewer ?? this.townDefault) : reviewer;
  }

  /** The Mayor's runtime: the town's own choice, else its default. */
  get mayor(): string {
    return townSettingsFile(this.layout).read().mayor ?? this.townDefault;
  }

  /** Runtime for beads of a rig that name none. */
  defaultFor(rig: string): string {
    return this.rigSettings(rig)?.agent ?? this.townDefault;
  }

  private get townDefault(): string {
    return townSettingsFile(this.layout).read().default_agent;
  }
}

import { messageOf } from '../../base/errors';
import type { Bead } from '../../protocol/bead';
import { isFinished } from '../index/blocking';
import { capabilitiesOf, findInOtherLedger, otherLedgerStamp } from './otherLedger';
import { candidatesFor, mergedProjects, projectSettings, type KnownProject, type ProjectSettings } from './projects';
import { isExternal, tryParse, unresolved, type ExternalReference, type ExternalState, PROVIDES } from './reference';

/** Sources for the states of references. */
export interface ExternalSources {
  /** References of the beads of the open ledgers, each with the ledger of one bead that has it. */
  references(): { reference: string; ledger: string }[];
  /** `.beads` folders of the open ledgers, by name. */
  openLedgers(): { name: string; directory: string; prefix: string }[];
  get(id: string): Bead | undefined;
  /** Beads of an open ledger with a label. */
  labelled(ledger: string, label: string): Bead[];
  /** Projects of this machine, besides those that a ledger names itself. */
  projects(): Promise<KnownProject[]>;
  /** Called when the states of these references have changed. */
  changed(references: readonly string[]): void;
  onError(error: unknown): void;
}

/** How long the answer of another ledger is used without checking its files. */
const ASK_AGAIN_MS = 1_000;

interface OtherLedger {
  /** Stamp of the ledger's files and of the items that were searched. */
  stamp: string;
  beads: ReadonlyMap<string, Bead>;
}

/**
 * States of dependencies on other projects. Not stored: `refresh` queries the projects on this machine again if their
 * files have changed.
 */
export class ExternalStates {
  private states = new Map<string, ExternalState>();
  private readonly others = new Map<string, OtherLedger>();
  private running: Promise<void> | undefined;
  private askedAt = 0;
  /** The known states may be outdated for the beads of the open ledgers. */
  isOutdated = false;
  private ignored: ReadonlySet<string> = new Set();
  /** Ids and capabilities that the references name. */
  private items: ReadonlySet<string> = new Set();

  constructor(private readonly sources: ExternalSources) {}

  stateOf(reference: string): ExternalState {
    return this.states.get(reference) ?? unresolved;
  }

  /** Whether a bead with this reference has to wait. */
  blocks(reference: string): boolean {
    const { state } = this.stateOf(reference);
    return state === 'open' || (state === 'unresolved' && !this.ignored.has(reference));
  }

  /** Marks the states as outdated if a changed bead is referred to, provides a capability, or has a new reference. */
  beadsChanged(ids: readonly string[]): void {
    this.isOutdated ||= ids.some((id) => {
      if (this.items.has(id)) return true;
      const bead = this.sources.get(id);
      if (!bead) return false;
      const hasNew = (bead.dependencies ?? []).some(
        ({ depends_on_id: target }) => isExternal(target) && !this.states.has(target),
      );
      return hasNew || capabilitiesOf(bead).length > 0;
    });
  }

  /** Refreshes if beads have changed here, or other programs may have changed their files. */
  async refreshIfDue(): Promise<void> {
    if (this.isOutdated || Date.now() - this.askedAt >= ASK_AGAIN_MS) await this.refresh();
  }

  /**
   * Queries all projects; one call at a time, concurrent calls share it. Never fails: references to an unreadable
   * ledger are unresolved.
   */
  refresh(): Promise<void> {
    this.running ??= this.run().finally(() => (this.running = undefined));
    return this.running;
  }

  private async run(): Promise<void> {
    this.isOutdated = false;
    this.askedAt = Date.now();
    const references = this.sources.references();
    if (references.length === 0 && this.states.size === 0) return;
    const settings = new Map<string, ProjectSettings>();
    const projects = new Map<string, KnownProject[]>();
    const general = references.length > 0 ? await this.sources.projects().catch((error) => this.failed(error)) : [];
    const asked = references.flatMap(({ reference, ledger }) => {
      const parsed = tryParse(reference);
      const directory = this.sources.openLedgers().find(({ name }) => name === ledger)?.directory;
      if (!parsed || directory === undefined) return [];
      if (!settings.has(ledger)) settings.set(ledger, this.settingsOf(directory));
      let known = projects.get(ledger);
      if (!known) {
        known = mergedProjects([...(settings.get(ledger)?.projects ?? []), ...this.openProjects(), ...general]);
        projects.set(ledger, known);
      }
      return [{ parsed, ledger, candidates: candidatesFor(parsed, known) }];
    });
    await this.readOthers(asked);
    const states = new Map(
      asked.map(({ parsed, candidates }) => [parsed.text, this.find(parsed, candidates)] as const),
    );
    const ignored = new Set(
      asked.filter(({ ledger }) => settings.get(ledger)?.unresolvedBlocks === false).map(({ parsed }) => parsed.text),
    );
    const before = { states: this.states, ignored: this.ignored };
    [this.states, this.ignored] = [states, ignored];
    this.items = new Set(asked.map(({ parsed }) => parsed.item));
    const changed = [...new Set([...before.states.keys(), ...states.keys()])].filter(
      (reference) =>
        JSON.stringify(before.states.get(reference)) !== JSON.stringify(states.get(reference)) ||
        before.ignored.has(reference) !== ignored.has(reference),
    );
    if (changed.length > 0) this.sources.changed(changed);
  }

  private settingsOf(directory: string): ProjectSettings {
    try {
      return projectSettings(directory);
    } catch (error) {
      this.failed(error);
      return { projects: [], unresolvedBlocks: true };
    }
  }

  private openProjects(): KnownProject[] {
    return this.sources
      .openLedgers()
      .map(({ name, directory, prefix }) => ({ name, directory, repository: undefined, prefix: `${prefix}-` }));
  }

  /** Reads the ledgers that are not open here, if they have changed or other items are needed. */
  private async readOthers(asked: readonly { parsed: ExternalReference; candidates: KnownProject[] }[]): Promise<void> {
    const open = new Set(this.sources.openLedgers().map(({ directory }) => directory));
    const items = new Map<string, Set<string>>();
    for (const { parsed, candidates } of asked)
      for (const { directory } of candidates) {
        if (open.has(directory)) continue;
        items.set(directory, (items.get(directory) ?? new Set()).add(parsed.item));
      }
    for (const directory of this.others.keys()) if (!items.has(directory)) this.others.delete(directory);
    for (const [directory, wanted] of items) {
      try {
        const stamp = `${otherLedgerStamp(directory)}\n${[...wanted].sort().join('\n')}`;
        if (this.others.get(directory)?.stamp === stamp) continue;
        this.others.set(directory, { stamp, beads: await findInOtherLedger(directory, wanted) });
      } catch (error) {
        this.others.delete(directory);
        this.failed(error);
      }
    }
  }

  private find(reference: ExternalReference, candidates: readonly KnownProject[]): ExternalState {
    const open = new Map(this.sources.openLedgers().map(({ name, directory }) => [directory, name]));
    let state: ExternalState = unresolved;
    for (const { directory } of candidates) {
      const ledger = open.get(directory);
      const beads = ledger === undefined ? this.others.get(directory)?.beads : this.here(reference, ledger);
      if (!beads) continue;
      const found = stateIn(reference, [...beads.values()], directory);
      if (found.state === 'met' || state.state === 'unresolved') state = found;
      if (state.state === 'met') break;
    }
    return state;
  }

  /** Beads of an open ledger that match a reference. */
  private here({ item }: ExternalReference, ledger: string): Map<string, Bead> {
    const bead = this.sources.get(item);
    const found = [...(bead ? [bead] : []), ...this.sources.labelled(ledger, PROVIDES + item)];
    return new Map(found.map((each) => [each.id, each]));
  }

  private failed(error: unknown): KnownProject[] {
    this.sources.onError(new Error(`external references: ${messageOf(error)}`));
    return [];
  }
}

/**
 * A bead with the id takes precedence over those that provide a capability of that name, and among these a closed one.
 */
function stateIn({ item, repository }: ExternalReference, beads: readonly Bead[], directory: string): ExternalState {
  const named = beads.find(({ id }) => id === item);
  const providing = repository === undefined ? beads.filter((bead) => capabilitiesOf(bead).includes(item)) : [];
  const bead = named ?? providing.find(({ status }) => status === 'closed') ?? providing[0];
  // Its project is here, but has no such bead or capability yet; whether the id is wrong cannot be known.
  if (!bead) return { state: repository === undefined ? 'open' : 'unresolved', directory };
  const isMet = named ? isFinished(bead) : bead.status === 'closed';
  const { id, title, status } = bead;
  return { state: isMet ? 'met' : 'open', bead: { id, title, status }, directory };
}

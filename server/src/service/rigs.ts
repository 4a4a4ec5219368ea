import fs from 'node:fs';
import path from 'node:path';
import { Disposable } from '../base/lifecycle';
import { UserError } from '../base/errors';
import { initLedger } from '../beads/init';
import type { BeadStore } from '../beads/store';
import { Rig } from '../engine/adapters/rig';
import { fastForward, fastForwardState } from '../git/landing';
import { inspectSource, RigRepository, type RepositorySource } from '../git/repository';
import { requireSegment } from '../git/names';
import { gateNames, type GateName, type RigInfo } from '../protocol/town';
import { rigConfigFile, rigSettingsFile, rigsFile, townSettingsFile } from '../town/config';
import { gatesHash, type ConsentStore } from '../town/consent';
import { detectGates } from '../town/detectGates';
import type { TownLayout } from '../town/layout';
import { prefixFrom } from '../town/names';
import { writeRoutes } from '../town/routes';

export interface RigAddRequest {
  name: string;
  source: string;
  prefix?: string;
  defaultBranch?: string;
  maxWorkers?: number;
  gates?: Partial<Record<GateName, string>>;
  accept?: boolean;
}

/** The rigs of a town: made, loaded, removed; each with its ledger in the store. */
export class Rigs extends Disposable {
  private readonly rigs = new Map<string, Rig>();
  private readonly fastForwards = new Map<string, { commits: number; clean: boolean } | undefined>();

  constructor(
    private readonly layout: TownLayout,
    private readonly store: BeadStore,
    private readonly consent: ConsentStore,
    private readonly gateEnvironment: () => Promise<NodeJS.ProcessEnv>,
    private readonly onChanged: () => void,
  ) {
    super();
  }

  all(): Rig[] {
    return [...this.rigs.values()];
  }

  get(name: string): Rig | undefined {
    return this.rigs.get(name);
  }

  require(name: string): Rig {
    const rig = this.rigs.get(name);
    if (!rig) throw new UserError(`there is no rig ${name}`, this.rigs.size > 0 ? `there are: ${[...this.rigs.keys()].join(', ')}` : 'add one with "gt rig add <name> <url|folder>"', 'not-found');
    return rig;
  }

  async load(): Promise<void> {
    for (const name of Object.keys(rigsFile(this.layout).read().rigs)) await this.open(name);
  }

  private async open(name: string): Promise<Rig> {
    const rigLayout = this.layout.rig(name);
    const config = rigConfigFile(rigLayout).read();
    const source: RepositorySource = { location: config.git_url, isFolder: config.folder, defaultBranch: config.default_branch };
    const rig = new Rig(this.layout, config, new RigRepository(rigLayout.repository, source), this.gateEnvironment, () => this.emailDomain);
    await this.store.addLedger({ name, directory: rigLayout.ledger, prefix: config.beads.prefix });
    this.rigs.set(name, rig);
    return rig;
  }

  private get emailDomain(): string {
    return townSettingsFile(this.layout).read().agent_email_domain;
  }

  /** Repeating it after a crash in the middle goes on where it stopped: the rig counts once it is in rigs.json. */
  async add(request: RigAddRequest, actor: string): Promise<RigInfo> {
    const name = requireSegment('rig', request.name);
    if (['hq', 'mayor', 'deacon', 'settings', 'daemon', 'plugins', 'directives'].includes(name)) throw new UserError(`"${name}" is taken by the town itself`, 'choose another name');
    if (this.rigs.has(name)) throw new UserError(`there is a rig ${name} already`, 'choose another name, or "gt rig remove" it first', 'conflict');
    const source = await inspectSource(request.source, request.defaultBranch);
    const same = this.all().find((rig) => rig.config.git_url === source.location);
    if (same) throw new UserError(`${source.location} is the rig ${same.name} already`, undefined, 'conflict');
    const prefix = this.choosePrefix(name, request.prefix);
    const rigLayout = this.layout.rig(name);
    const repository = new RigRepository(rigLayout.repository, source);
    await repository.create();
    rigConfigFile(rigLayout).write({
      type: 'rig', version: 1, name, git_url: source.location, folder: source.isFolder,
      default_branch: source.defaultBranch, created_at: new Date().toISOString(), beads: { prefix },
    });
    initLedger(rigLayout.ledger, prefix);
    rigsFile(this.layout).update((file) => {
      file.rigs[name] = { git_url: source.location, added_at: new Date().toISOString(), beads: { prefix } };
    });
    writeRoutes(this.layout);
    const rig = await this.open(name);
    await this.configure(rig, request);
    if (request.accept) this.accept(rig, actor);
    await this.refreshFastForward(rig);
    this.onChanged();
    return this.info(rig);
  }

  private choosePrefix(name: string, wanted: string | undefined): string {
    const used = new Set(['hq', ...this.all().map((rig) => rig.prefix)]);
    if (wanted === undefined) return prefixFrom(name, used);
    const prefix = wanted.replace(/-$/, '');
    if (!/^[a-z][a-z0-9-]{0,19}$/.test(prefix)) throw new UserError(`"${wanted}" cannot be a prefix`, 'use lower-case letters, digits and "-", at most 20');
    if (used.has(prefix)) throw new UserError(`the prefix ${prefix} is in use`, 'choose another', 'conflict');
    return prefix;
  }

  private async configure(rig: Rig, request: RigAddRequest): Promise<void> {
    const gates = request.gates ?? (await detectGates((file) => rig.readFile(file)));
    rigSettingsFile(rig.layout).update((settings) => {
      if (request.maxWorkers) settings.max_workers = request.maxWorkers;
      for (const gate of gateNames) {
        const command = gates[gate]?.trim();
        if (command) settings.merge_queue[`${gate}_command`] = command;
      }
    });
  }

  /** A person accepts exactly the commands that the rig has now. */
  accept(rig: Rig, actor: string): void {
    this.consent.accept('rig-commands', gatesHash(rig.name, rig.gates), actor);
  }

  consentHash(rig: Rig): string {
    return gatesHash(rig.name, rig.gates);
  }

  isAccepted(rig: Rig): boolean {
    const { gates } = rig;
    return gates.length === 0 || this.consent.has(gatesHash(rig.name, gates));
  }

  info(rig: Rig): RigInfo {
    const { config } = rig;
    return {
      id: rig.name, prefix: rig.prefix, source: config.git_url, sourceIsFolder: config.folder,
      defaultBranch: config.default_branch, targetBranch: rig.repository.landing,
      maxWorkers: rig.settings.max_workers, gates: rig.gates, accepted: this.isAccepted(rig), fastForward: this.fastForwards.get(rig.name),
    };
  }

  async remove(name: string): Promise<{ movedTo: string }> {
    const rig = this.require(name);
    const busy = rig.worktrees();
    if (busy.length > 0) throw new UserError(`${name} has work in ${busy.map((worktree) => worktree.name).join(', ')}`, 'let it be merged first', 'conflict');
    await this.store.removeLedger(name);
    this.rigs.delete(name);
    rigsFile(this.layout).update((file) => {
      delete file.rigs[name];
    });
    writeRoutes(this.layout);
    const movedTo = path.join(this.layout.removed, `${name}-${Date.now().toString(36)}`);
    fs.mkdirSync(this.layout.removed, { recursive: true });
    fs.renameSync(rig.layout.root, movedTo);
    this.onChanged();
    return { movedTo };
  }

  async fastForward(name: string): Promise<number> {
    const rig = this.require(name);
    const commits = await fastForward(rig.repository);
    await this.refreshFastForward(rig);
    return commits;
  }

  /** Looks again how far the folder's checkout is behind; people change it outside of the town. */
  async refreshFastForward(rig: Rig): Promise<void> {
    const state = await fastForwardState(rig.repository).catch(() => undefined);
    if (JSON.stringify(state) === JSON.stringify(this.fastForwards.get(rig.name))) return;
    this.fastForwards.set(rig.name, state);
    this.onChanged();
  }
}

import path from 'node:path';
import { batchUnless, metaOf } from '../../beads/handlers/common';
import type { BeadStore } from '../../beads/store';
import { UserError } from '../../base/errors';
import type { Bead } from '../../protocol/bead';
import type { CallContext, Dispatcher } from '../../protocol/dispatcher';
import {
  FormulaCook,
  FormulaList,
  FormulaShow,
  MoleculeBond,
  MoleculeBurn,
  MoleculeGet,
  MoleculePour,
  MoleculeSquash,
  StepClose,
  type BondResult,
  type MoleculeInfo,
  type PourResult,
} from '../../protocol/formula';
import type { ParsedParams } from '../../protocol/request';
import type { FormulaPlaces } from '../registry/files';
import type { FormulaService } from '../service/formulaService';
import { bond, type Operand } from './bond';
import { closeStep, graphOf, inspectMolecule, moleculeOf, requireMolecule } from './molecule';
import { pour, withInlineSteps } from './pour';
import { burn, squash } from './squash';

export interface FormulaHandlerOptions {
  /** The ledger of a request: the named one, else that of the caller's working directory. */
  ledgerFor(context: CallContext, named?: string): string;
  /** The places of the formulas that a caller can name. */
  placesFor(context: CallContext, ledger: string): FormulaPlaces;
  formulas: FormulaService;
  /** The molecule of the bead on an agent's hook. */
  hookedMolecule?(agent: string): Bead | undefined;
}

interface Service extends FormulaHandlerOptions {
  store: BeadStore;
}

/** Registers a handler for every request about formulas and molecules (`formulaRequests`). */
export function registerFormulaHandlers(
  dispatcher: Dispatcher,
  store: BeadStore,
  options: FormulaHandlerOptions,
): void {
  const service: Service = { ...options, store };
  const { formulas } = options;
  const places = (context: CallContext, ledger: string | undefined): FormulaPlaces =>
    options.placesFor(context, options.ledgerFor(context, ledger));
  dispatcher.on(FormulaList.spec, async (params, context) =>
    (await formulas.list(places(context, params.ledger))).filter(
      (formula) => params.type === undefined || formula.type === params.type,
    ),
  );
  dispatcher.on(FormulaShow.spec, async (params, context) =>
    formulas.show(places(context, params.ledger), params.name, params.toml),
  );
  dispatcher.on(FormulaCook.spec, async (params, context) =>
    formulas.resolve(placesWith(places(context, params.ledger), params.searchPaths), {
      formula: params.formula,
      given: params.vars,
      keepVariables: params.keepVariables,
    }),
  );
  dispatcher.on(MoleculePour.spec, (params, context) => pourMolecule(service, params, context));
  dispatcher.on(MoleculeGet.spec, async (params, context) => molecules(service, params, context));
  dispatcher.on(StepClose.spec, async (params, context) => {
    const id = resolveId(service, context, params.id, params.ledger);
    return store.batch(metaOf(context), (tx) =>
      closeStep(tx, id, {
        reason: params.reason ?? 'Closed',
        force: params.force,
        auto: params.auto,
        actor: context.actor,
      }),
    );
  });
  dispatcher.on(MoleculeSquash.spec, async (params, context) => {
    const root = requireMolecule(store, resolveId(service, context, params.id, params.ledger));
    const ledger = store.ledgerOf(root.id) ?? options.ledgerFor(context, params.ledger);
    return batchUnless(params.dryRun, store, context, (tx) =>
      squash(tx, ledger, tx.require(root.id), { summary: params.summary, keep: params.keep }),
    );
  });
  dispatcher.on(MoleculeBond.spec, (params, context) => bondOperands(service, params, context));
  dispatcher.on(MoleculeBurn.spec, async (params, context) => {
    const root = requireMolecule(store, resolveId(service, context, params.id, params.ledger));
    return batchUnless(params.dryRun, store, context, (tx) => burn(tx, tx.require(root.id)));
  });
}

/** The places with folders that the caller has named; relative ones would mean a folder of the server. */
function placesWith(places: FormulaPlaces, named: readonly string[] | undefined): FormulaPlaces {
  if (named === undefined) return places;
  const relative = named.find((folder) => !path.isAbsolute(folder));
  if (relative !== undefined) throw new UserError(`${relative} is not an absolute path`, 'Name the whole path.');
  return { ...places, named };
}

async function bondOperands(
  service: Service,
  params: ParsedParams<typeof MoleculeBond.spec>,
  context: CallContext,
): Promise<BondResult> {
  const ledger = service.ledgerFor(context, params.ledger);
  const { type, vars, ephemeral, ref, title } = params;
  const [a, b] = [
    await operandOf(service, context, params.a, params),
    await operandOf(service, context, params.b, params),
  ];
  const target = 'bead' in a ? a.bead : 'bead' in b ? b.bead : undefined;
  return service.store.batch(metaOf(context), (tx) =>
    bond(tx, a, b, {
      // Poured beads are in the ledger of the bead that they are bonded to.
      ledger: (target && service.store.ledgerOf(target.id)) ?? ledger,
      type,
      vars,
      ...(ephemeral === undefined ? {} : { ephemeral }),
      ...(ref === undefined ? {} : { ref }),
      ...(title === undefined ? {} : { title }),
    }),
  );
}

/** Resolves an operand: a bead by its id, else a formula by its name, else a bead by a part of its id. */
async function operandOf(
  service: Service,
  context: CallContext,
  given: string,
  { ledger, vars }: { ledger?: string; vars: Record<string, string> },
): Promise<Operand> {
  const home = service.ledgerFor(context, ledger);
  const exact = service.store.get(given);
  if (exact) return { bead: exact };
  const places = service.placesFor(context, home);
  const known = (await service.formulas.list(places)).some(({ name }) => name === given);
  const bead = known ? undefined : beadOrNone(service.store, given, home);
  if (bead) return { bead };
  if (!known) throw new UserError(`'${given}' not found (not an issue ID or formula name)`, undefined, 'not-found');
  try {
    return { proto: (await service.formulas.cook(places, { formula: given, offered: vars })).proto };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`bonding: ${error.message}`, error.hint, error.code);
  }
}

function beadOrNone(store: BeadStore, given: string, ledger: string): Bead | undefined {
  try {
    return store.get(store.resolve(given, ledger));
  } catch (error) {
    if (error instanceof UserError && error.code === 'not-found') return undefined;
    throw error;
  }
}

function resolveId(service: Service, context: CallContext, id: string, ledger: string | undefined): string {
  return service.store.resolve(id, service.ledgerFor(context, ledger));
}

async function pourMolecule(
  service: Service,
  params: ParsedParams<typeof MoleculePour.spec>,
  context: CallContext,
): Promise<PourResult> {
  const ledger = service.ledgerFor(context, params.ledger);
  const { proto, warnings } = await service.formulas.cook(service.placesFor(context, ledger), {
    formula: params.formula,
    given: params.vars,
  });
  const wantsWisp =
    !params.ephemeral && proto.phase === 'vapor'
      ? [`${proto.formula} is meant for wisps: "bd mol wisp ${proto.formula}" leaves nothing in issues.jsonl`]
      : [];
  return batchUnless(params.dryRun, service.store, context, (tx) => {
    const poured = params.rootOnly ? withInlineSteps(proto) : proto;
    const { root, ids } = pour(tx, poured, { ledger, ephemeral: params.ephemeral, assignee: params.assignee });
    return {
      new_epic_id: root,
      id_mapping: ids,
      titles: Object.fromEntries(poured.steps.map(({ id, title }) => [id, title])),
      created: 1 + Object.keys(ids).length,
      attached: 0,
      phase: params.ephemeral ? 'vapor' : 'liquid',
      warnings: [...wantsWisp, ...warnings],
    };
  });
}

/** The named molecule; else those with a step in progress by the actor, and that of the bead on its hook. */
function molecules(
  service: Service,
  params: ParsedParams<typeof MoleculeGet.spec>,
  context: CallContext,
): MoleculeInfo[] {
  const { store } = service;
  const graph = graphOf(store);
  if (params.id !== undefined)
    return [inspectMolecule(graph, namedMolecule(service, resolveId(service, context, params.id, params.ledger)))];
  const actor = params.actor ?? context.actor;
  const begun = store
    .list({ assignee: actor, status: ['in_progress', 'hooked'], all: true, limit: 0 })
    .flatMap((bead) => moleculeOf(store, bead) ?? []);
  const own = store
    .list({ assignee: actor, type: ['molecule'], all: true, limit: 0 })
    .filter((bead) => bead.status === 'open');
  const hooked = service.hookedMolecule?.(actor);
  const roots = new Map([...(hooked ? [hooked] : []), ...begun, ...own].map((root) => [root.id, root]));
  return [...roots.values()].map((root) => inspectMolecule(graph, root));
}

/** Finds a molecule by its own id, that of a step, or that of the bead to which it is attached. */
function namedMolecule(service: Service, id: string): Bead {
  const attached = service.store.dependents(id, 'attached-to').filter((bead) => bead.status !== 'tombstone');
  return attached.find((bead) => bead.status !== 'closed') ?? attached.at(-1) ?? requireMolecule(service.store, id);
}

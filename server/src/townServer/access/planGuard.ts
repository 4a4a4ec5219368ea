import { UserError } from '../../base/errors';
import type { BeadStore } from '../../beads/store';
import { convoyNamed } from '../../engine/convoys/beadRequests';
import { isPlanned, requireConvoy } from '../../engine/convoys/convoys';
import type { Bead } from '../../protocol/bead';
import { ConvoyStage } from '../../protocol/convoyPlan';
import { DependencyAdd } from '../../protocol/dependency';
import type { CallContext, Dispatcher } from '../../protocol/dispatcher';
import {
  ConvoyAdd,
  ConvoyClose,
  ConvoyCreate,
  ConvoyLand,
  ConvoyLaunch,
  ConvoyPause,
  ConvoyRemove,
  ConvoyRename,
  ConvoyResume,
  Sling,
} from '../../protocol/town';

/** Requests by which the work of a convoy starts, stops or lands: for people only. */
const peoplesRequests = [
  { spec: ConvoyLaunch.spec, what: 'launch work', hint: 'a person launches the convoy' },
  { spec: ConvoyPause.spec, what: 'pause a convoy', hint: 'a person pauses it' },
  { spec: ConvoyResume.spec, what: 'resume a convoy', hint: 'a person resumes it' },
  { spec: ConvoyLand.spec, what: 'land a convoy', hint: 'a person lands it' },
] as const;

/** Changes of one convoy, which an agent may make while it is a plan. */
const planChanges = [ConvoyAdd.spec, ConvoyRemove.spec, ConvoyRename.spec, ConvoyClose.spec] as const;

/** Agents plan, people launch: nothing that an agent writes starts running without a person. */
export function guardConvoys(dispatcher: Dispatcher, store: BeadStore): void {
  for (const { spec, what, hint } of peoplesRequests)
    dispatcher.wrap<typeof spec>(spec, (next) => async (params, caller) => {
      refuseAgent(caller, what, hint);
      return next(params, caller);
    });
  for (const [spec, hint] of [
    [ConvoyCreate.spec, 'create it without --launch; a person launches it'],
    [ConvoyStage.spec, 'stage it without --launch; a person launches it'],
  ] as const)
    dispatcher.wrap<typeof spec>(spec, (next) => async (params, caller) => {
      if (params.launch) refuseAgent(caller, 'launch work', hint);
      return next(params, caller);
    });
  for (const spec of planChanges)
    dispatcher.wrap<typeof spec>(spec, (next) => async (params, caller) => {
      refuseAgentUnlessPlanned(caller, requireConvoy({ store }, params.id));
      return next(params, caller);
    });
  dispatcher.wrap(DependencyAdd.spec, (next) => async (params, caller) => {
    const convoy = params.type === 'tracks' ? convoyNamed({ store }, params.from) : undefined;
    if (convoy) refuseAgentUnlessPlanned(caller, convoy);
    return next(params, caller);
  });
}

function refuseAgentUnlessPlanned(caller: CallContext, convoy: Bead): void {
  if (!isPlanned(convoy)) refuseAgent(caller, 'change a convoy that is under way', 'a person does that');
}

/** Like `guardConvoys`, for beads without a convoy. */
export function guardSlings(dispatcher: Dispatcher): void {
  dispatcher.wrap(Sling.spec, (next) => async (params, caller) => {
    refuseAgent(caller, 'sling work', 'create a bead; a person or a convoy slings it');
    return next(params, caller);
  });
}

function refuseAgent(caller: CallContext, what: string, hint: string): void {
  if (caller.kind === 'agent') throw new UserError(`an agent may not ${what}`, hint, 'refused');
}

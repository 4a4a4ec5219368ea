import { UserError } from '../../base/errors';
import type { BeadStore } from '../../beads/store';
import { recipient, type AddressBook } from '../../engine/mail/addresses';
import { requireMail } from '../../engine/mail/mail';
import { MAYOR } from '../../engine/mayor/mayor';
import type { CallContext, Dispatcher } from '../../protocol/dispatcher';
import { MailAck, MailInbox, MailRead, MailReply, MailSend, MayorAnswer, MayorPlan } from '../../protocol/town';

/**
 * An agent reads and answers its own mail, and only the Mayor answers requests to the Mayor. People may read any inbox.
 */
export function guardMail(dispatcher: Dispatcher, store: BeadStore, addresses: AddressBook): void {
  dispatcher.wrap(MailInbox.spec, (next) => async (params, caller) => {
    if (params.address !== undefined) requireOwnAddress(caller, recipient(params.address, addresses));
    return next(params, caller);
  });
  for (const spec of [MailRead.spec, MailReply.spec])
    dispatcher.wrap<typeof spec>(spec, (next) => async (params, caller) => {
      requireOwnMail(store, caller, [params.id]);
      return next(params, caller);
    });
  dispatcher.wrap(MailAck.spec, (next) => async (params, caller) => {
    requireOwnMail(store, caller, params.ids);
    return next(params, caller);
  });
  dispatcher.wrap(MailSend.spec, (next) => async (params, caller) => {
    if (params.replyTo !== undefined) requireOwnMail(store, caller, [params.replyTo]);
    return next(params, caller);
  });
  for (const spec of [MayorPlan.spec, MayorAnswer.spec])
    dispatcher.wrap<typeof spec>(spec, (next) => async (params, caller) => {
      if (caller.agent !== undefined && caller.agent !== MAYOR)
        throw new UserError('only the Mayor answers requests to the Mayor', undefined, 'refused');
      return next(params, caller);
    });
}

function requireOwnMail(store: BeadStore, caller: CallContext, ids: readonly string[]): void {
  for (const id of ids) requireOwnAddress(caller, requireMail(store, id).assignee);
}

function requireOwnAddress({ agent }: CallContext, address: string | undefined): void {
  if (agent !== undefined && address !== agent)
    throw new UserError('this mail belongs to another recipient', `yours: gt mail inbox ${agent}`, 'refused');
}

import * as vscode from 'vscode';
import { z } from 'zod';
import { UserError } from '../../../../server/src/base/errors';
import { plural } from '../../../../server/src/base/text';
import type { Caller } from '../../../../server/src/protocol/request';
import { MqList, TownUp, type MergeRequestInfo } from '../../../../server/src/protocol/town';
import { l10n } from '../../base/editor';
import { noIcons, oneLine } from '../../base/text';
import type { TownStore } from '../../state/townStore';
import { idOf, textParam, type Argument, type Commands } from '../../ui/command';
import type { Dialogs } from '../../ui/dialogs';
import { Cancelled } from '../../ui/errors';
import { askChoice, askTextOrEditor } from '../../ui/prompts';
import { changeSize } from './aboutChange';
import { changeRefSchema, type ChangeRef } from './changeUri';
import { requestText } from './drafts';
import type { Reviews } from './reviews';
import { sendVerdict, type Verdict } from './verdict';

interface Services {
  connection: Caller;
  store: TownStore;
  dialogs: Dialogs;
  reviews: Reviews;
}

/** Reviewing the change of an agent, and the verdict on it. */
export function reviewCommands(
  services: Services,
): Commands<
  | 'gastown.reviewChange'
  | 'gastown.approveChange'
  | 'gastown.landChange'
  | 'gastown.requestChanges'
  | 'gastown.sendReview'
  | 'gastown.addReviewComment'
  | 'gastown.deleteReviewComment'
> {
  const { reviews } = services;
  return {
    'gastown.reviewChange': {
      requires: 'readableTown',
      run: async (argument) =>
        reviews.open(namedChange(services, argument) ?? (await pickChange(services, l10n.t('Review Change')))),
    },
    'gastown.approveChange': {
      requires: 'town',
      async run(argument) {
        const ref = await changeOf(services, argument, l10n.t('Approve'));
        return submit(services, ref, 'approve', l10n.t('Approved “{0}”.', shortTitle(ref)));
      },
    },
    'gastown.landChange': {
      requires: 'town',
      run: (argument) => landChange(services, argument),
    },
    'gastown.requestChanges': {
      requires: 'town',
      run: (argument) => requestChanges(services, argument),
    },
    'gastown.sendReview': {
      requires: 'town',
      async run(argument) {
        const ref = refOf(argument) ?? reviews.inEditor();
        if (!ref)
          throw new UserError(
            l10n.t('the active editor is not a request for changes'),
            l10n.t('start one with "Gas Town: Request Changes"'),
            'not-found',
          );
        await reviews.saveDraft(ref);
        return sendRequest(services, ref);
      },
    },
    'gastown.addReviewComment': {
      requires: 'nothing',
      async run(argument) {
        const { thread } = argument.params;
        const text = textParam(argument, 'text');
        return isThread(thread) && text !== undefined ? reviews.comments.add(thread, text) : undefined;
      },
    },
    'gastown.deleteReviewComment': {
      requires: 'nothing',
      async run(argument) {
        const id = textParam(argument, 'id');
        if (id !== undefined) reviews.comments.remove(id);
      },
    },
  };
}

async function landChange(services: Services, argument: Argument): Promise<unknown> {
  const { store, dialogs, connection } = services;
  const ref = await changeOf(services, argument, l10n.t('Land'));
  const isPaused = store.town?.up === false;
  if (isPaused) {
    const start = await dialogs.confirm(
      l10n.t('Start the engine to merge “{0}”?', shortTitle(ref)),
      l10n.t('The engine is paused. Once started it merges this change first, and then continues with all other work.'),
      l10n.t('Start and Land'),
    );
    if (!start) return undefined;
  }
  const result = await submit(services, ref, 'land', l10n.t('“{0}” is merged next.', shortTitle(ref)));
  if (isPaused && result === 'given') await connection.call(TownUp.spec, {});
  return result;
}

/**
 * Short requests are written in an input box, long ones in an editor. Asks for the text; the draft is stored with every
 * key.
 */
async function requestChanges(services: Services, argument: Argument): Promise<unknown> {
  const { reviews } = services;
  const { drafts } = reviews;
  const ref = await changeOf(services, argument, l10n.t('Request Changes'), false);
  const given = textParam(argument, 'text');
  await reviews.saveDraft(ref);
  const draft = drafts.of(ref);
  if (given !== undefined) {
    drafts.setText(ref, given);
    return sendRequest(services, ref);
  }
  if (draft.text.includes('\n')) return reviews.openDraft(ref);
  const comments = plural(draft.comments.length, l10n.t('comment'), l10n.t('comments'));
  const input = await askTextOrEditor({
    title: l10n.t('Request Changes: {0}', shortTitle(ref)),
    value: draft.text,
    onDidChange: (text) => drafts.setText(ref, text),
    prompt: [
      l10n.t('What has to change? The pencil (Ctrl+E) opens an editor for several lines.'),
      ...(draft.comments.length === 0 ? [] : [l10n.t('Your {0} on lines will be included.', comments)]),
    ].join(' '),
  });
  drafts.setText(ref, input.text);
  return input.inEditor ? reviews.openDraft(ref) : sendRequest(services, ref);
}

async function sendRequest(services: Services, ref: ChangeRef): Promise<unknown> {
  if (requestText(services.reviews.drafts.of(ref)) === '')
    throw new UserError(l10n.t('the request for changes is empty'), l10n.t('write a message, or comment on lines'));
  const done = l10n.t('Sent “{0}” back to its author with your comments.', shortTitle(ref));
  const result = await submit(services, ref, 'reject', done);
  if (result === 'given') await services.reviews.closeDraft(ref);
  return result;
}

/** Sends a verdict; the draft is kept until the server has it. */
async function submit(
  services: Services,
  ref: ChangeRef,
  verdict: Verdict,
  done: string,
): Promise<'given' | 'changed'> {
  const { reviews, connection, dialogs } = services;
  const message = await messageWith(services, ref, verdict);
  const result = await sendVerdict(connection, reviews.drafts, ref, verdict, message);
  if (result === 'given') {
    vscode.window.setStatusBarMessage(`$(check) ${noIcons(done)}`, 5_000);
    return result;
  }
  const open = l10n.t('Open the New Version');
  const choice = await dialogs.choose({
    message: l10n.t('“{0}” has changed since you opened it.', shortTitle(ref)),
    actions: [open],
    detail: l10n.t('Your verdict was not sent. Your draft is kept.'),
  });
  if (choice === open) await reviews.open(ref.bead);
  return result;
}

/** The draft of a request for changes is sent with an approval only if the user confirms it. */
async function messageWith({ reviews, dialogs }: Services, ref: ChangeRef, verdict: Verdict): Promise<string> {
  await reviews.saveDraft(ref);
  const message = requestText(reviews.drafts.of(ref));
  if (verdict === 'reject' || message === '') return message;
  const include = l10n.t('Include It');
  const choice = await dialogs.choose({
    message: l10n.t('Include your unsent draft about “{0}”?', shortTitle(ref)),
    detail: message.slice(0, 1_500),
    actions: [include, l10n.t('Leave It Out')],
  });
  if (choice === undefined) throw new Cancelled();
  return choice === include ? message : '';
}

/**
 * The change of the argument, in the version that the user has seen. One that they have not opened needs a
 * confirmation.
 */
async function changeOf(services: Services, argument: Argument, title: string, confirm = true): Promise<ChangeRef> {
  const { reviews, dialogs } = services;
  const named = namedChange(services, argument);
  const seen =
    refOf(argument) ??
    (named === undefined ? reviews.inEditor() : undefined) ??
    reviews.openedOf(beadOf(services, named));
  if (seen) return seen;
  const { ref, change } = await reviews.describe(named ?? (await pickChange(services, title)));
  const known = reviews.openedOf(ref.bead);
  if (known) return known;
  const question = l10n.t('{0} “{1}” without opening it?', title, shortTitle(ref));
  if (!confirm || (await dialogs.confirm(question, `${changeSize(change.files)}.`, title))) return ref;
  throw new Cancelled();
}

/** Id of the merge request or bead in the argument of a row or a program. */
function namedChange({ store }: Services, argument: Argument): string | undefined {
  const attention = idOf(argument, 'attention');
  const item = attention === undefined ? undefined : store.attention.get(attention);
  return item?.mergeRequest ?? item?.bead ?? textParam(argument, 'change') ?? idOf(argument, 'bead');
}

function beadOf({ store }: Services, id: string | undefined): string {
  return store.attention.all().find((item) => item.mergeRequest === id)?.bead ?? id ?? '';
}

function refOf({ params }: Argument): ChangeRef | undefined {
  return changeRefSchema.safeParse(params['change']).data;
}

async function pickChange({ connection }: Services, title: string): Promise<string> {
  const open = (await connection.call(MqList.spec, {})).filter((info) => info.state !== 'failed');
  if (open.length === 0)
    throw new UserError(l10n.t('no change is waiting for a review or to be merged'), undefined, 'not-found');
  const sorted = [...open].sort((a, b) => Number(b.needsPerson) - Number(a.needsPerson));
  return askChoice(
    sorted.map((info) => ({
      label: noIcons(oneLine(info.title)),
      value: info.id,
      description: `${info.bead} · ${info.worker}`,
      detail: stateText(info),
    })),
    { title, placeHolder: l10n.t('Select a change') },
  );
}

function stateText({ needsPerson, state }: MergeRequestInfo): string {
  if (needsPerson) return l10n.t('waiting for your review');
  return state === 'reviewing' ? l10n.t('in review') : l10n.t('in the merge queue');
}

function shortTitle(ref: ChangeRef): string {
  return oneLine(ref.title, 60);
}

/** Whether an argument is a thread. VS Code creates threads; a new one is unknown until its first comment. */
function isThread(value: unknown): value is vscode.CommentThread {
  return z.object({ uri: z.object({ scheme: z.string() }), comments: z.array(z.unknown()) }).safeParse(value).success;
}

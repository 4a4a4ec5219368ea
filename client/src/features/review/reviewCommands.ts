import * as vscode from 'vscode';
import { z } from 'zod';
import { UserError } from '../../../../server/src/base/errors';
import { MqList, TownUp } from '../../../../server/src/protocol/town';
import { Cancelled } from '../../ui/cancelled';
import { l10n } from '../../base/l10n';
import { noIcons, oneLine } from '../../base/text';
import { changeSize } from './aboutChange';
import { changeRefSchema, type ChangeRef } from './changeUri';
import { requestText } from './requestText';
import { giveVerdict, type Verdict } from './verdict';
import { askChoice, askTextOrEditor } from '../../ui/prompts';
import { idOf, type Argument, type Command, type Services } from '../../ui/command';

/** A person looks at the change of an agent and says what becomes of it. */
export const reviewCommands = {
  'gastown.reviewChange': {
    needs: 'look',
    run: async (services, argument) =>
      services.reviews.open(namedChange(services, argument) ?? (await pickChange(services, l10n.t('Review Change')))),
  },
  'gastown.approveChange': {
    needs: 'town',
    async run(services, argument) {
      const ref = await changeOf(services, argument, l10n.t('Approve'));
      return judge(services, ref, 'approve', l10n.t('“{0}” is approved.', short(ref)));
    },
  },
  'gastown.landChange': {
    needs: 'town',
    run: landChange,
  },
  'gastown.requestChanges': {
    needs: 'town',
    run: requestChanges,
  },
  'gastown.sendReview': {
    needs: 'town',
    async run(services, argument) {
      const ref = refOf(argument) ?? services.reviews.inEditor();
      if (!ref)
        throw new UserError(
          l10n.t('there is no request for changes in the active editor'),
          l10n.t('begin one with "Gas Town: Request Changes"'),
          'not-found',
        );
      await services.reviews.saveDraft(ref);
      return send(services, ref);
    },
  },
  'gastown.addReviewComment': {
    needs: 'nothing',
    async run({ reviews }, { params }) {
      const { thread, text } = params;
      return isThread(thread) && typeof text === 'string' ? reviews.comments.add(thread, text) : undefined;
    },
  },
  'gastown.deleteReviewComment': {
    needs: 'nothing',
    async run({ reviews }, { params }) {
      if (typeof params['id'] === 'string') reviews.comments.remove(params['id']);
    },
  },
} satisfies Record<string, Command>;

async function landChange(services: Services, argument: Argument): Promise<unknown> {
  const { store, dialogs, connection } = services;
  const ref = await changeOf(services, argument, l10n.t('Land'));
  const paused = store.town?.up === false;
  if (paused) {
    const start = await dialogs.confirm(
      l10n.t('Start the engine to merge “{0}”?', short(ref)),
      l10n.t(
        'It is paused. Once it runs, it merges this change before all others, and goes on with all other work, too.',
      ),
      l10n.t('Start and Land'),
    );
    if (!start) return undefined;
  }
  const result = await judge(services, ref, 'land', l10n.t('“{0}” is merged before all others.', short(ref)));
  if (paused && result === 'given') await connection.call(TownUp.spec, {});
  return result;
}

/** Short words in an input box, long ones in an editor. What is typed is kept at once. */
async function requestChanges(services: Services, argument: Argument): Promise<unknown> {
  const { drafts } = services.reviews;
  const ref = await changeOf(services, argument, l10n.t('Request Changes'), false);
  const given = argument.params['text'];
  await services.reviews.saveDraft(ref);
  const draft = drafts.of(ref);
  if (typeof given === 'string') {
    drafts.setText(ref, given);
    return send(services, ref);
  }
  if (draft.text.includes('\n')) return services.reviews.openDraft(ref);
  const count = draft.comments.length;
  const written = await askTextOrEditor({
    title: l10n.t('Request Changes: {0}', short(ref)),
    value: draft.text,
    onDidChange: (text) => drafts.setText(ref, text),
    prompt: [
      l10n.t('What has to change? The pencil (Ctrl+E) opens an editor for more than one line.'),
      ...(count === 0
        ? []
        : [
            count === 1
              ? l10n.t('Your comment on lines is sent along.')
              : l10n.t('Your {0} comments on lines are sent along.', count),
          ]),
    ].join(' '),
  });
  drafts.setText(ref, written.text);
  return written.inEditor ? services.reviews.openDraft(ref) : send(services, ref);
}

async function send(services: Services, ref: ChangeRef): Promise<unknown> {
  if (requestText(services.reviews.drafts.of(ref)) === '')
    throw new UserError(l10n.t('say what has to change'), l10n.t('write a text, or comments on lines'));
  const result = await judge(
    services,
    ref,
    'reject',
    l10n.t('“{0}” goes back to its author with your words.', short(ref)),
  );
  if (result === 'given') await services.reviews.closeDraft(ref);
  return result;
}

/** What the person wrote stays until it has arrived. */
async function judge(services: Services, ref: ChangeRef, verdict: Verdict, done: string): Promise<'given' | 'changed'> {
  const { reviews, connection, dialogs } = services;
  const message = await messageWith(services, ref, verdict);
  const result = await giveVerdict(connection, reviews.drafts, ref, verdict, message);
  if (result === 'given') {
    vscode.window.setStatusBarMessage(`$(check) ${noIcons(done)}`, 5_000);
    return result;
  }
  const open = l10n.t('Open the New Change');
  const choice = await dialogs.choose({
    message: l10n.t('“{0}” has changed since you looked at it.', short(ref)),
    actions: [open],
    detail: l10n.t('Nothing was said of the new change. What you wrote is kept.'),
  });
  if (choice === open) await reviews.open(ref.bead);
  return result;
}

/** What was written as a request for changes goes with an approval only where the person says so. */
async function messageWith({ reviews, dialogs }: Services, ref: ChangeRef, verdict: Verdict): Promise<string> {
  await reviews.saveDraft(ref);
  const message = requestText(reviews.drafts.of(ref));
  if (verdict === 'reject' || message === '') return message;
  const along = l10n.t('Send It Along');
  const without = l10n.t('Leave It Out');
  const choice = await dialogs.choose({
    message: l10n.t('You have written something about “{0}” that was not sent.', short(ref)),
    detail: message.slice(0, 1_500),
    actions: [along, without],
  });
  if (choice === undefined) throw new Cancelled();
  return choice === along ? message : '';
}

/** The change that is meant, as the person has seen it; without having opened it only where they say so. */
async function changeOf(services: Services, argument: Argument, title: string, ask = true): Promise<ChangeRef> {
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
  if (
    !ask ||
    (await dialogs.confirm(
      l10n.t('{0} “{1}” without looking at it?', title, short(ref)),
      `${changeSize(change.files)}.`,
      title,
    ))
  )
    return ref;
  throw new Cancelled();
}

/** Id of the merge request or bead that a row or a program names. */
function namedChange({ store }: Services, argument: Argument): string | undefined {
  const attention = idOf(argument, 'attention');
  const item = attention === undefined ? undefined : store.attention.get(attention);
  const named = argument.params['change'];
  return item?.mergeRequest ?? item?.bead ?? (typeof named === 'string' ? named : idOf(argument, 'bead'));
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
    throw new UserError(l10n.t('no change waits for a review or its merge'), undefined, 'not-found');
  const sorted = [...open].sort((a, b) => Number(b.needsPerson) - Number(a.needsPerson));
  return askChoice(
    sorted.map((info) => ({
      label: noIcons(oneLine(info.title)),
      value: info.id,
      description: `${info.bead} · ${info.worker}`,
      detail: info.needsPerson
        ? l10n.t('waits for your review')
        : info.state === 'reviewing'
          ? l10n.t('in review')
          : l10n.t('in the merge queue'),
    })),
    { title, placeHolder: l10n.t('Which change?') },
  );
}

function short(ref: ChangeRef): string {
  return oneLine(ref.title, 60);
}

/** VS Code makes it; a new one is not known to us before. */
function isThread(value: unknown): value is vscode.CommentThread {
  return z.object({ uri: z.object({ scheme: z.string() }), comments: z.array(z.unknown()) }).safeParse(value).success;
}

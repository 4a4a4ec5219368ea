import { plural } from '../../../server/src/base/text';
import type { NotificationSpec } from '../../../server/src/protocol/request';
import type { PersonNotified } from '../../../server/src/protocol/town';
import { l10n } from '../base/editor';
import { oneLine } from '../base/text';

type ServerNotification = typeof PersonNotified.spec extends NotificationSpec<infer P> ? P : never;

/** A message for the user. `review`: the merge request to review. */
export type PersonNotification = ServerNotification & { review?: string };

const rank = { error: 2, warning: 1, info: 0 } as const;

/** Whether the user has to act. Successes are only reported in the status bar. Pure. */
export function needsPerson(notification: PersonNotification): boolean {
  return notification.severity !== 'info' || notification.plan === true || notification.review !== undefined;
}

/** Merges messages that arrive together: the most severe first, one per bead. Pure. */
export function mergeNotifications(
  notifications: readonly PersonNotification[],
): { notification: PersonNotification; text: string } | undefined {
  const byBead = new Map<string, PersonNotification>();
  for (const [index, notification] of notifications.entries()) {
    const key = notification.bead ?? `#${index}`;
    const known = byBead.get(key);
    // A failure is sent as such and as an escalation: the longer text is more informative.
    if (!known || notification.text.length > known.text.length) byBead.set(key, notification);
  }
  const merged = [...byBead.values()].sort((a, b) => rank[b.severity] - rank[a.severity]);
  const [notification] = merged;
  if (!notification) return undefined;
  const text = oneLine(notification.text, 300);
  const others = merged.length - 1;
  if (others === 0) return { notification, text };
  return {
    notification,
    text: l10n.t('{0} (and {1})', text, plural(others, l10n.t('more message'), l10n.t('more messages'))),
  };
}

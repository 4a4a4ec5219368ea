import type { NotificationSpec } from '../../../server/src/protocol/request';
import type { PersonNotified } from '../../../server/src/protocol/town';
import { l10n } from '../base/l10n';
import { oneLine } from '../base/text';

/** `review`: the merge request that it asks a person to look at. */
export type PersonNotification = (typeof PersonNotified.spec extends NotificationSpec<infer P> ? P : never) & {
  review?: string;
};

const weight = { error: 2, warning: 1, info: 0 } as const;

/** Whether a person has to act: what has merely gone well is news, and no interruption. Pure. */
export function needsPerson(notice: PersonNotification): boolean {
  return notice.severity !== 'info' || notice.plan === true || notice.review !== undefined;
}

/** One message for what came together: the worst first, and one thing told once. Pure. */
export function mergeNotifications(
  notices: readonly PersonNotification[],
): { notice: PersonNotification; text: string } | undefined {
  const byBead = new Map<string, PersonNotification>();
  for (const [index, notice] of notices.entries()) {
    const key = notice.bead ?? `#${index}`;
    const known = byBead.get(key);
    // A failure is told as such and as an escalation: the longer text says more.
    if (!known || notice.text.length > known.text.length) byBead.set(key, notice);
  }
  const told = [...byBead.values()].sort((a, b) => weight[b.severity] - weight[a.severity]);
  const [notice] = told;
  if (!notice) return undefined;
  const text = oneLine(notice.text, 300);
  if (told.length === 1) return { notice, text };
  return {
    notice,
    text:
      told.length === 2
        ? l10n.t('{0} (and 1 more message)', text)
        : l10n.t('{0} (and {1} more messages)', text, told.length - 1),
  };
}

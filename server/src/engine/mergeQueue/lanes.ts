/*
 * The lanes of a merge queue: changes of different parts of the repository (`merge_queue.targets`) are tested and land
 * side by side. Pure.
 */

/** Parts that a change touches, sorted; undefined for the whole repository. */
export type Parts = readonly string[] | undefined;

/** Whether two changes have a part in common. */
export function partsMeet(one: Parts, other: Parts): boolean {
  if (one === undefined || other === undefined) return true;
  return one.some((part) => other.includes(part));
}

/** Whether the first one has all parts of the second. */
export function containsParts(outer: Parts, inner: Parts): boolean {
  return outer === undefined || (inner !== undefined && inner.every((part) => outer.includes(part)));
}

export function uniteParts(one: Parts, other: Parts): Parts {
  if (one === undefined || other === undefined) return undefined;
  return [...new Set([...one, ...other])].sort();
}

/** Requests that are processed one batch after the other. */
export interface Lane<T> {
  parts: Parts;
  /** In merge order. For a lane in which a batch runs, those that may follow it. */
  requests: T[];
  isRunning: boolean;
}

/**
 * Divides a queue into lanes without common parts.
 *
 * No request overtakes an earlier one with a common part, so that changes of many parts, or of the whole repository, get
 * their turn: what has to wait reserves its parts.
 * @param queue in merge order
 * @param running parts of the lanes in which a batch runs
 */
export function lanesOf<T extends { parts?: Parts }>(queue: readonly T[], running: readonly Parts[]): Lane<T>[] {
  const lanes: Lane<T>[] = running.map((parts) => ({ parts, requests: [], isRunning: true }));
  const reserved: Parts[] = [];
  for (const request of queue) {
    const { parts } = request;
    const [lane, another] = lanes.filter((each) => partsMeet(each.parts, parts));
    const fits = another === undefined && (!lane?.isRunning || containsParts(lane.parts, parts));
    if (!fits || reserved.some((other) => partsMeet(other, parts))) reserved.push(parts);
    else if (lane === undefined) lanes.push({ parts, requests: [request], isRunning: false });
    else {
      lane.requests.push(request);
      if (!lane.isRunning) lane.parts = uniteParts(lane.parts, parts);
    }
  }
  return lanes;
}

// The order of a room's frames.

/** A room's place in the order of all its frames. */
export interface Place {
  epoch: number;
  version: number;
}

/**
 * Returns what to do with an event: `apply` it, `ignore` it as already seen, or `resync` because something is missing
 * before it or its epoch was never announced.
 */
export function judge(seen: Place, event: Place): 'apply' | 'ignore' | 'resync' {
  if (event.epoch < seen.epoch) return 'ignore';
  if (event.epoch > seen.epoch) return 'resync';
  if (event.version <= seen.version) return 'ignore';
  return event.version === seen.version + 1 ? 'apply' : 'resync';
}

/** Whether a snapshot is at least as new as what was seen. */
export function isCurrent(seen: Place, snapshot: Place): boolean {
  return snapshot.epoch > seen.epoch || (snapshot.epoch === seen.epoch && snapshot.version >= seen.version);
}

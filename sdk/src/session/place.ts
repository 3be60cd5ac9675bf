/** A room's place in the order of all its frames. */
export interface Place {
  epoch: number;
  version: number;
}

/**
 * What to do with an event at this place: `apply` it; `ignore` what is already seen; `resync` when something
 * is missing before it or when its epoch was never announced.
 */
export function judge(seen: Place, event: Place): 'apply' | 'ignore' | 'resync' {
  if (event.epoch < seen.epoch) return 'ignore';
  if (event.epoch > seen.epoch) return 'resync';
  if (event.version <= seen.version) return 'ignore';
  return event.version === seen.version + 1 ? 'apply' : 'resync';
}

/** Whether a whole snapshot at this place is at least as new as what was seen. */
export function isCurrent(seen: Place, snapshot: Place): boolean {
  return snapshot.epoch > seen.epoch || (snapshot.epoch === seen.epoch && snapshot.version >= seen.version);
}

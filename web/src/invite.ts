/** Invites: taken out of the address at once, and kept for this tab, so that a reload still has them. */
const KEY = 'playhead.invite.';
const IN_LINK = /#invite=([\w-]+)/;

/** The invites by party, where storage is blocked. */
const kept = new Map<string, string>();

/** Returns the invite in a link or its fragment; null if there is none. */
export function inviteIn(link: string): string | null {
  return IN_LINK.exec(link)?.[1] ?? null;
}

/** Keeps a party's invite for as long as the tab is open. */
export function keepInvite(code: string, invite: string): void {
  kept.set(code, invite);
  try {
    // The inline script of `index.html` reads it, too.
    sessionStorage.setItem(KEY + code, invite);
  } catch {
    return;
  }
}

/** Returns the invite that this tab has for a party, if any, after taking a newer one out of the address. */
export function inviteFor(code: string): string | undefined {
  const { pathname, search, hash } = location;
  const given = inviteIn(hash);
  if (given !== null) {
    // Somebody who looks over a shoulder, or copies the address, doesn't get it.
    history.replaceState(history.state, '', pathname + search);
    keepInvite(code, given);
  }
  try {
    return sessionStorage.getItem(KEY + code) ?? kept.get(code);
  } catch {
    return kept.get(code);
  }
}

/** Forgets an invite that no longer works. */
export function forgetInvite(code: string): void {
  kept.delete(code);
  try {
    sessionStorage.removeItem(KEY + code);
  } catch {
    return;
  }
}

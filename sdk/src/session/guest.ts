// Signing in as a new guest.

import type { Identity, TokenStore } from '../types.js';
import type { GuestAnswer } from '../wire.js';
import type { Request } from './http.js';

/** A client's requests and the store of its identity. */
export interface ApiAccess {
  tokens: TokenStore;
  /** Sends a request; one that is refused for now is sent again. */
  send<T>(request: Request): Promise<T>;
  /** Called when a new guest has taken the place of the identity. */
  replaced?: (identity: Identity) => void;
}

/** Becomes a new guest and stores the identity. */
export async function newGuest({ send, tokens }: ApiAccess, display_name: string): Promise<Identity> {
  const answer = await send<GuestAnswer>({ method: 'POST', path: '/auth/guest', body: { display_name } });
  const identity = { ...answer, display_name };
  tokens.save(identity);
  return identity;
}

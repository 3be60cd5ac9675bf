// The codes that come from no server.

/** The codes that the SDK itself gives; all others come from the server. Those of players are `AdapterErrorCode`. */
export type OwnCode =
  /** A request got no answer. */
  | 'network_error'
  /** Something between here and the server answered, such as a proxy. */
  | 'unexpected_answer'
  /** The answer to a join can't be used. */
  | 'invalid_answer'
  /** The program that uses the SDK is wrong. */
  | 'invalid_use'
  | 'join_timeout'
  | 'welcome_timeout'
  /** A connection ended without a reason that the server gives. */
  | 'connection_lost'
  /** A welcome is older than what was seen. */
  | 'stale_snapshot'
  /** A command got no answer in time. */
  | 'no_answer'
  /** A later command replaced this one. */
  | 'superseded'
  | 'too_many_pending'
  /** The participant left by this session. */
  | 'left'
  /** The page closed the session. */
  | 'closed'
  /** The room was rebuilt, and changes may be missing. */
  | 'rebased';

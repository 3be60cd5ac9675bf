/** The transport's states, what moves it from one to the next, and what it then does, as one table. */

export type TransportState = 'idle' | 'joining' | 'greeting' | 'open' | 'waiting' | 'renewing' | 'closed';

export type TransportEvent =
  /** The session starts, the wait is over, or the network or the page is back. */
  | 'connect'
  /** The server accepted the join and issued a ticket for the socket. */
  | 'joined'
  | 'welcomed'
  /** The join, the socket or the renewal failed, and another attempt may succeed. */
  | 'lost'
  /** The server refused the identity. */
  | 'refused'
  | 'renewed'
  /** The page closed the session, or no further attempt can succeed. */
  | 'stop';

export type TransportEffect =
  | 'join'
  /** Opens the socket, which says hello. */
  | 'greet'
  /** Starts pinging and watches for silence. */
  | 'watch'
  | 'renew'
  /** Schedules the next attempt. */
  | 'retry'
  /** Drops the socket, the timer and the pings. */
  | 'drop'
  /** Starts and stops listening to the network and the page. */
  | 'listen'
  | 'unlisten'
  /** Tells the session. */
  | 'report';

type Step = readonly [next: TransportState, ...effects: TransportEffect[]];

type Steps = Partial<Record<TransportEvent, Step>>;

const STOP: Steps = { stop: ['closed', 'drop', 'unlisten', 'report'] };
const LOST: Steps = { ...STOP, lost: ['waiting', 'drop', 'report', 'retry'] };
const REFUSED: Steps = { ...LOST, refused: ['renewing', 'drop', 'report', 'renew'] };
const WELCOMED: Steps = { ...REFUSED, welcomed: ['open', 'watch', 'report'] };

/** An event that a state doesn't list changes nothing. */
export const TRANSPORT_STATES: Record<TransportState, Steps> = {
  idle: { ...STOP, connect: ['joining', 'report', 'listen', 'join'] },
  joining: { ...REFUSED, joined: ['greeting', 'greet'] },
  greeting: WELCOMED,
  open: WELCOMED,
  waiting: { ...STOP, connect: ['joining', 'join'] },
  renewing: { ...LOST, renewed: ['waiting', 'retry'] },
  closed: {},
};

// The states of the transport, the events that change them and the effects of each change, as one table.

export type TransportState = 'idle' | 'joining' | 'greeting' | 'open' | 'waiting' | 'closed';

export type TransportEvent =
  /** The session starts, the wait is over, or the network or the page is back. */
  | 'connect'
  /** The server accepted the join and issued a ticket for the socket. */
  | 'joined'
  | 'welcomed'
  /** The join or the socket failed, but another attempt may succeed. */
  | 'lost'
  /** The page closed the session, or no further attempt can succeed. */
  | 'stop';

export type TransportEffect =
  | 'join'
  /** Opens the socket, which says hello. */
  | 'greet'
  /** Starts the pings and watches for silence. */
  | 'watch'
  /** Schedules the next attempt. */
  | 'retry'
  /** Drops the socket, the timer and the pings. */
  | 'drop'
  /** Start and stop listening for the network and the page to come back. */
  | 'listen'
  | 'unlisten'
  /** Reports the state to the session. */
  | 'report';

type Step = readonly [next: TransportState, ...effects: TransportEffect[]];

type Steps = Partial<Record<TransportEvent, Step>>;

const STOP: Steps = { stop: ['closed', 'drop', 'unlisten', 'report'] };
const LOST: Steps = { ...STOP, lost: ['waiting', 'drop', 'report', 'retry'] };
const WELCOMED: Steps = { ...LOST, welcomed: ['open', 'watch', 'report'] };

/** The next state, then the effects in order. An event that a state doesn't list changes nothing. */
export const TRANSPORT_STATES: Record<TransportState, Steps> = {
  idle: { ...STOP, connect: ['joining', 'report', 'listen', 'join'] },
  joining: { ...LOST, joined: ['greeting', 'greet'] },
  greeting: WELCOMED,
  open: WELCOMED,
  waiting: { ...STOP, connect: ['joining', 'join'] },
  closed: {},
};

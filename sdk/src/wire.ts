// The types of the contract under the names that the SDK exports.

import type { components } from './generated/contract.js';

// `npm run generate` writes them from ../openapi.yaml.
type Schemas = components['schemas'];

export type Retry = Schemas['Retry'];
export type Outcome = Schemas['Outcome'];
export type Role = Schemas['Role'];
export type PlaybackStatus = Schemas['Status'];
export type RoomState = Schemas['LifecycleState'];
export type HostLoss = Schemas['HostLoss'];
export type Entry = Schemas['Entry'];

export type Waiting = Schemas['Waiting'];
export type Playback = Schemas['Playback'];

export type Delivery = Schemas['Delivery'];
export type Rendition = Schemas['Rendition'];
export type TextTrack = Schemas['TextTrack'];
export type AudioTrack = Schemas['AudioTrack'];
export type Control = Schemas['Control'];
export type Availability = Schemas['Availability'];
export type Source = Schemas['Source'];
export type SourceRef = Schemas['SourceRef'];
export type Media = Schemas['Media'];
export type TimelineOrigin = Schemas['TimelineOrigin'];
export type Measured = Schemas['Measured'];

export type RoomSettings = Schemas['Settings'];
export type Chat = Schemas['Chat'];
export type Room = Schemas['Room'];
export type RoomSummary = Schemas['RoomSummary'];
export type RoomStateAnswer = Schemas['RoomState'];
export type Presence = Schemas['Participant'];
export type CreateRoom = Schemas['CreateRoom'];
export type RoomChanges = Schemas['PatchRoom'];
export type Meta = Schemas['Meta'];
export type GuestAnswer = Schemas['GuestToken'];
export type PatchedMe = Schemas['PatchedMe'];
export type JoinAnswer = Schemas['Joined'];
export type ParticipantPage = Schemas['ParticipantPage'];
export type Ban = Schemas['Ban'];
export type Invite = Schemas['Invite'];
export type CreatedInvite = Schemas['CreatedInvite'];
export type Grant = Schemas['Grant'];
export type MadeGrant = Schemas['MadeGrant'];
export type Knock = Schemas['Knock'];

/** One page of a list; the token requests the next one. */
export interface Page<T> {
  items: T[];
  next_page_token?: string;
}

export type RejectError = Schemas['WireError'];
export type Problem = Schemas['Problem'];
export type Welcome = Schemas['Welcome'];
export type Hello = Schemas['Hello'];
export type Pong = Schemas['Pong'];
export type AckData = Schemas['AckData'];

type ClientFrames = Schemas['ClientFrame'];
type ServerFrames = Schemas['ServerFrame'];

/** What a client may send, and the shape of each `data`. */
export type ClientData = { [F in ClientFrames as F['type']]: F['data'] };

/** Server events and the shape of their `data`; answers to the client's own frames aren't among them. */
export type ServerEvents = {
  [F in ServerFrames as Exclude<F['type'], 'ack' | 'reject' | 'pong'>]: F extends { data: infer Data } ? Data : never;
} & { token_expiring: { expires_in_ms: number } };

/** A frame as received, possibly of an unknown type; ordered ones carry their place. */
export interface ServerFrame {
  type: string;
  id?: string | null;
  epoch?: number;
  version?: number;
  at_ms?: number;
  data?: unknown;
  error?: RejectError;
}

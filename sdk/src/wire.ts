/** What a client should do after a refusal or a close. */
export type Retry = 'never' | 'backoff' | 'after' | 'reauth' | 'resync' | 'immediate';
/** Whether the refused operation took effect. */
export type Outcome = 'not_applied' | 'applied' | 'unknown';
export type Role = 'host' | 'co_host' | 'moderator' | 'member' | 'guest' | 'viewer';
export type PlaybackStatus = 'playing' | 'paused' | 'waiting' | 'ended';
export type RoomState = 'created' | 'live' | 'grace' | 'expired' | 'deleted';
export type HostLoss = 'expire' | 'promote' | 'hold' | 'pause';

/** A barrier: who is still loading, and the room-clock instant at which the room goes on without them. */
export interface Waiting {
  since_version: number;
  deadline_ms: number;
  /** `participant_ids` names the first 20 only. */
  waiting_for: { count: number; participant_ids: string[] };
}

/** The room's timeline; `expected()` evaluates it. */
export interface Playback {
  media_id: string | null;
  status: PlaybackStatus;
  position_ms: number;
  /** Room clock; an instant in the future is a scheduled start. */
  anchor_at_ms: number;
  rate: number;
  /** `"auto"` or the id of a rendition. */
  rendition: string;
  text_track: string | null;
  audio_track: string | null;
  waiting?: Waiting | null;
}

export type DeliveryType = 'file' | 'hls' | 'dash' | 'embed' | 'external';

export interface Delivery {
  type: DeliveryType;
  url: string;
  mime?: string | null;
  /** `any`, `origin`, `missing`, `not_needed` or `unknown`: whether pages may read the bytes. */
  cors: string;
}

export interface Rendition {
  id: string;
  width?: number | null;
  height?: number | null;
  bitrate_bps?: number | null;
  codecs?: string | null;
}

export interface TextTrack {
  id: string;
  label: string;
  language?: string | null;
  kind: string;
}

export interface AudioTrack {
  id: string;
  label: string;
  language?: string | null;
  default?: boolean;
}

export interface Control {
  class: string;
  continuous_rate?: boolean;
  seek?: boolean;
}

export interface Availability {
  state: 'available' | 'unverified';
  evidence: string;
}

/** What a link resolves to. */
export interface Source {
  provider: string;
  stream_id: string;
  title: string;
  duration_ms?: number | null;
  live: boolean;
  delivery: Delivery[];
  renditions: Rendition[];
  text_tracks: TextTrack[];
  audio_tracks: AudioTrack[];
  poster?: string | null;
  control: Control;
  availability: Availability;
}

/** A source that a room has chosen to watch. */
export interface Media extends Source {
  media_id: string;
}

export interface RoomSettings {
  host_grace_ms: number;
  host_lease_ms: number;
  host_loss: HostLoss;
  rebuffer_barrier: boolean;
}

export interface Chat {
  enabled: boolean;
  slow_mode_ms: number;
}

export interface Room {
  room_id: string;
  code: string;
  name: string;
  is_public: boolean;
  state: RoomState;
  /** When the state ends by itself, on the room clock. */
  deadline_ms?: number | null;
  host_id: string | null;
  settings: RoomSettings;
  chat: Chat;
  media: Media | null;
  playback: Playback;
  queue: Media[];
  viewer_count: number;
  peak_viewers: number;
}

export interface RoomSummary {
  room_id: string;
  code: string;
  name: string;
  media_title?: string | null;
  viewer_count?: number;
}

export interface Meta {
  name: string;
  version: string;
  protocols: string[];
  providers: string[];
  limits: Record<string, number>;
}

export interface RoomStateAnswer {
  epoch: number;
  version: number;
  at_ms: number;
  room: Room;
}

export interface Presence {
  participant_id: string;
  display_name: string;
  role: Role;
}

export interface Page<T> {
  items: T[];
  next_page_token?: string | null;
}

export interface GuestAnswer {
  user_id: string;
  access_token: string;
  expires_at_ms: number;
}

export interface JoinAnswer {
  participant_id: string;
  role: Role;
  ws: { url: string; ticket: string; protocol: string; expires_at_ms: number };
}

export interface Welcome {
  session_id: string;
  participant_id: string;
  role: Role;
  fence: number;
  resumed: boolean;
  heartbeat_ms: number;
  dead_after_ms: number;
  room: Room;
}

export interface ChatMessage {
  [key: string]: unknown;
}

/** Server events and the shape of their `data`. */
export interface ServerEvents {
  welcome: Welcome;
  playback_changed: { cause: string; by: string | null; playback: Playback };
  media_changed: { cause: string; by: string | null; media: Media; playback: Playback };
  host_changed: { host_id: string | null; fence: number; cause: string };
  role_changed: { participant_id: string; role: Role; by: string | null };
  room_changed: Pick<Room, 'name' | 'is_public' | 'settings' | 'chat'>;
  lifecycle_changed: {
    state: RoomState;
    host_id: string | null;
    fence: number;
    deadline_ms?: number | null;
    playback: Playback;
    cause: string;
  };
  queue_changed: { queue: Media[] };
  rebased: { previous: { epoch: number; version: number }; lost: boolean };
  room_state: { room: Room };
  presence_changed: { participants: Presence[]; total: number };
  viewer_count_changed: { viewer_count: number; peak_viewers: number };
  chat_batch: { messages: ChatMessage[] };
  chat_deleted: unknown;
  stream_started: unknown;
  stream_ended: unknown;
  quality_changed: unknown;
  closing: { close_code: number; code: string; retry: Retry; after_ms?: number | null };
}

/** A frame as it came; events that order playback carry `epoch` and `version`. */
export interface ServerFrame {
  type: string;
  id?: string | null;
  epoch?: number;
  version?: number;
  at_ms?: number;
  data?: unknown;
  error?: RejectError;
}

export interface RejectError {
  code: string;
  retry: Retry;
  outcome: Outcome;
  detail: string;
  meta?: Record<string, unknown>;
}

export interface Problem extends RejectError {
  type: string;
  title: string;
  status: number;
  request_id?: string;
}

// The types of what those who moderate a room do with its people.

import type { PageQuery } from './query.js';
import type { Ban, CreatedInvite, Grant, Invite, MadeGrant, Page, Role, Room, RoomChanges } from './wire.js';

/**
 * Acts on the people of one room, for its host, co-hosts and moderators; others are refused with `forbidden`. Nobody removes
 * or bans people whose role isn't lower than their own.
 */
export interface People {
  /** Gives a role, or takes it back with `guest` or `member`. Only the host may. */
  setRole(participantId: string, role: Role): Promise<void>;
  /**
   * Changes the room: its name, who can find it and by which words, who may enter, who controls playback, what happens
   * without a host. Only the host may.
   */
  changeRoom(changes: RoomChanges): Promise<Room>;
  /** Closes all connections of a participant, who may join again. */
  remove(participantId: string): Promise<void>;
  /** Removes a participant, who can't come back until the ban ends or is lifted. */
  ban(participantId: string, options?: BanOptions): Promise<Ban>;
  /** Lists the bans that have not ended, the newest first. */
  bans(query?: PageQuery): Promise<Page<Ban>>;
  liftBan(participantId: string): Promise<void>;
  /** Makes an invite. Its secret and its link are told only here. */
  createInvite(options?: InviteOptions): Promise<CreatedInvite>;
  /** Lists the invites that can still be used, the newest first, without their secrets. */
  invites(query?: PageQuery): Promise<Page<Invite>>;
  /** Makes an invite useless. Whoever has used it stays in the room. */
  revokeInvite(inviteId: string): Promise<void>;
  /** Lists who was let in, by what and by whom, the newest first. */
  grants(query?: PageQuery): Promise<Page<Grant>>;
  /** Lets a user in whatever the room asks of others, such as one of a product whose ids its backend knows. */
  grant(userId: string, options?: GrantOptions): Promise<MadeGrant>;
  /** Takes somebody's access back: their connections close with `grant_ended`, and they may come back as others may enter. */
  revokeGrant(grantId: string): Promise<void>;
  /** Answers somebody who asks to join, as the event `knocks_changed` names them. Who isn't let in may ask again after ten minutes. */
  answerKnock(participantId: string, admitted: boolean): Promise<void>;
}

export interface InviteOptions {
  /** The role that people get who use it, which must be lower than that of the inviter. */
  role?: Role;
  /** How many people may use it; any number by default. */
  uses?: number;
  /** When it ends, on the server's wall clock; it lasts as long as the room by default. */
  expiresAtMs?: number;
}

export interface GrantOptions {
  /** The role that the user gets, which must be lower than that of the giver. */
  role?: Role;
  /** When the access ends, on the server's wall clock; it lasts as long as the room by default. */
  expiresAtMs?: number;
}

export interface BanOptions {
  /** The reason, which those who moderate the room can read; up to 200 characters. */
  reason?: string;
  /** When the ban ends, on the server's wall clock; it lasts as long as the room by default. */
  untilMs?: number;
}

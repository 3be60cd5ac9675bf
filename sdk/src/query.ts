// What lists are asked for.

export interface PageQuery {
  page_size?: number;
  page_token?: string;
}

/** Which public rooms are listed, and in which order. What is absent doesn't matter. */
export interface PublicRoomsQuery extends PageQuery {
  /** `viewers`, the most watched first, unless another order is named. A page token belongs to one order. */
  sort?: 'viewers' | 'newest' | 'name';
  /** The provider of the media, such as `hls`. */
  provider?: string;
  /** A BCP 47 language tag; `pt` includes `pt-BR`. */
  language?: string;
  tag?: string;
  /** Words that all occur in a room's name, its tags or the title of its media, whatever their case and accents. */
  q?: string;
}

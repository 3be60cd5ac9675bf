/** What the script in `index.html` has asked for before this program came. */
interface Early {
  path: string;
  authorization: string;
  answer: Promise<Response>;
  /** Whether the answer has been taken over: a ticket is good once. */
  isTaken?: boolean;
  /** A file that the room watches, as it is being loaded since an instant of `performance.now()`. */
  film?: EarlyFilm;
  /** Set when the film has been asked for: nothing more is loaded early. */
  isOver?: boolean;
}

interface EarlyFilm {
  video: HTMLVideoElement;
  sinceMs: number;
}

declare global {
  interface Window {
    playheadEarly?: Early;
  }
}

/** `fetch`, but the first join of a room may have been asked for already: its answer then is taken over. */
export const fetchOnce: typeof fetch = (input, init) => {
  const early = window.playheadEarly;
  const headers = new Headers(init?.headers);
  const isThat =
    early !== undefined &&
    !early.isTaken &&
    init?.method === 'POST' &&
    String(input) === `${location.origin}${early.path}` &&
    headers.get('authorization') === early.authorization;
  if (!isThat) return fetch(input, init);
  early.isTaken = true;
  return early.answer;
};

/** The film that is being loaded already, once. */
export function takeFilm(): EarlyFilm | undefined {
  const early = window.playheadEarly;
  if (early === undefined) return undefined;
  const { film } = early;
  delete early.film;
  early.isOver = true;
  return film;
}

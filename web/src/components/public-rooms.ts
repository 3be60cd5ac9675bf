/** The list of public parties: searched, sorted, and refreshed while the page is visible. */
import type { Entry, PublicRoomsQuery, RoomSummary } from 'playhead-sdk';
import { roomPath } from '../address.js';
import type { App } from '../app.js';
import { element, setShown, setText, type Component } from '../dom.js';
import { counted, languageName } from '../format.js';
import { icon, type IconName } from '../icons.js';
import { sentenceOf } from '../words.js';
import type { NameField } from './name-field.js';
import { createRoomSearch } from './room-search.js';

const REFRESH_MS = 5000;
/** How many parties are shown at first, how many more each time, and how many at most. */
const STEP = 24;
const SHOWN_MAX = 192;

export function createPublicRooms(app: App, name: NameField): Component {
  const state = element('p', { class: 'quiet', role: 'status' }, 'Looking for parties…');
  const list = element('ul', { class: 'rooms', 'data-testid': 'public-rooms' });
  const more = element('button', { type: 'button', class: 'button more-rooms', 'data-testid': 'more-rooms' }, 'Show more');
  const search = createRoomSearch(() => {
    wanted = STEP;
    void refresh();
  });
  const section = element(
    'section',
    { class: 'public', 'aria-labelledby': 'public-title' },
    element('div', { class: 'public-head' }, element('h2', { id: 'public-title' }, 'Public parties'), search.element),
    state,
    list,
    more,
  );
  setShown(more, false);
  more.addEventListener('click', () => {
    wanted += STEP;
    void refresh();
  });
  // Before the link is followed.
  list.addEventListener(
    'click',
    (event) => {
      if (name.keep()) return;
      event.preventDefault();
      event.stopPropagation();
    },
    { capture: true },
  );
  let wanted = STEP;
  let shown = '';
  let over = false;
  /** The query that is being answered; the server may have asked it to wait. */
  let asked: string | null = null;

  async function refresh(): Promise<void> {
    const query: PublicRoomsQuery = { ...search.query(), page_size: Math.min(wanted, SHOWN_MAX) };
    const asking = JSON.stringify(query);
    if (asking === asked) return;
    asked = asking;
    try {
      const page = await app.client.rooms.listPublic(query);
      // Something else may have been asked for since.
      if (!over && asked === asking) show(page.items, page.next_page_token !== undefined);
    } catch (error) {
      if (asked === asking) tell(sentenceOf(error));
    }
    if (asked === asking) asked = null;
  }

  function show(rooms: RoomSummary[], isCut: boolean): void {
    const isSearch = search.isSearching();
    search.offer(isSearch || rooms.length > 1);
    tell(rooms.length > 0 ? '' : isSearch ? 'No public party matches that.' : NOBODY);
    setShown(more, isCut && rooms.length < SHOWN_MAX);
    // The list is rebuilt only when something has changed, so that the focus stays where it is.
    const next = JSON.stringify(rooms);
    if (next === shown) return;
    shown = next;
    const focused = list.contains(document.activeElement)
      ? (document.activeElement as HTMLAnchorElement).pathname
      : null;
    list.replaceChildren(...rooms.map(createRow));
    for (const anchor of list.querySelectorAll('a')) if (anchor.pathname === focused) anchor.focus();
  }

  function tell(text: string): void {
    setText(state, text);
    setShown(state, text !== '');
  }

  const timer = setInterval(() => {
    if (document.visibilityState === 'visible') void refresh();
  }, REFRESH_MS);
  void refresh();
  return {
    element: section,
    dispose() {
      over = true;
      clearInterval(timer);
      search.dispose?.();
    },
  };
}

/** What strangers need to join, where that isn't nothing. */
const ENTRIES: Readonly<Partial<Record<Entry, [IconName, string]>>> = {
  password: ['lock', 'Password needed'],
  knock: ['hand', 'You ask to join'],
  invite: ['lock', 'Invited people only'],
};

const NOBODY = 'There are no public parties right now. Start a public one and it will appear here.';

function createRow(room: RoomSummary): HTMLElement {
  const { code, name, media_title: title, language, tags, viewer_count: viewers, entry } = room;
  const about = [...(language === null ? [] : [languageName(language)]), ...tags.map((tag) => `#${tag}`)];
  return element(
    'li',
    {},
    element(
      'a',
      { class: 'room-link', href: roomPath(code), 'data-page': true, 'data-testid': 'public-room' },
      element('span', { class: 'room-name' }, name),
      element('span', { class: 'room-playing quiet small' }, title ?? 'Nothing playing yet'),
      about.length === 0 ? null : element('span', { class: 'room-about quiet small' }, about.join(' · ')),
      element('span', { class: 'room-count quiet small' }, icon('people', 18), counted(viewers, 'viewer'), createEntryMark(entry)),
    ),
  );
}

function createEntryMark(entry: Entry): HTMLElement | null {
  const [drawn, words] = ENTRIES[entry] ?? [];
  if (drawn === undefined || words === undefined) return null;
  return element('span', { class: 'room-entry', 'data-testid': 'room-entry' }, icon(drawn, 18), words);
}

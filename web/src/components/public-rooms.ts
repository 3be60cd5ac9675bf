/** The list of public parties, refreshed while the page is visible. */
import type { RoomSummary } from 'playhead-sdk';
import { roomPath } from '../address.js';
import type { App } from '../app.js';
import { element, setShown, setText, type Component } from '../dom.js';
import { counted } from '../format.js';
import { icon } from '../icons.js';
import { sentenceOf } from '../words.js';
import type { NameField } from './name-field.js';

const REFRESH_MS = 5000;
const LISTED_MAX = 24;

export function createPublicRooms(app: App, name: NameField): Component {
  const state = element('p', { class: 'quiet', role: 'status' }, 'Looking for parties…');
  const list = element('ul', { class: 'rooms', 'data-testid': 'public-rooms' });
  const section = element(
    'section',
    { class: 'public', 'aria-labelledby': 'public-title' },
    element('h2', { id: 'public-title' }, 'Public parties'),
    state,
    list,
  );
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
  let shown = '';
  let over = false;
  let isBusy = false;

  async function refresh(): Promise<void> {
    // The server may have asked the last request to wait.
    if (isBusy) return;
    isBusy = true;
    try {
      const page = await app.client.rooms.listPublic({ page_size: LISTED_MAX });
      if (!over) show(page.items);
    } catch (error) {
      setText(state, sentenceOf(error));
      setShown(state, true);
    }
    isBusy = false;
  }

  function show(rooms: RoomSummary[]): void {
    setShown(state, rooms.length === 0);
    setText(state, 'There are no public parties right now. Start a public one and it will appear here.');
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

  const timer = setInterval(() => {
    if (document.visibilityState === 'visible') void refresh();
  }, REFRESH_MS);
  void refresh();
  return {
    element: section,
    dispose() {
      over = true;
      clearInterval(timer);
    },
  };
}

function createRow(room: RoomSummary): HTMLElement {
  const playing = titleOf(room);
  return element(
    'li',
    {},
    element(
      'a',
      {
        class: 'room-link',
        href: roomPath(room.code),
        'data-page': true,
        'data-testid': 'public-room',
      },
      element('span', { class: 'room-name' }, room.name),
      element('span', { class: 'room-playing quiet small' }, playing ?? 'Nothing playing yet'),
      element(
        'span',
        { class: 'room-count quiet small' },
        icon('people', 18),
        counted(room.viewer_count ?? 0, 'viewer'),
      ),
    ),
  );
}

function titleOf(room: RoomSummary): string | null {
  const title = room['media_title'];
  return typeof title === 'string' ? title : null;
}

/** What public parties are searched for and sorted by. */
import type { PublicRoomsQuery } from 'playhead-sdk';
import { element, setShown, type Component } from '../dom.js';

/** How long people pause before what they have typed is searched for. */
const PAUSE_MS = 250;
/** The longest search that the server takes, in characters. */
const SEARCH_MAX = 128;
const ORDERS: readonly [NonNullable<PublicRoomsQuery['sort']>, string][] = [
  ['viewers', 'Most watched'],
  ['newest', 'Newest'],
  ['name', 'Name'],
];

export interface RoomSearch extends Component {
  /** Returns what is asked for. */
  query(): PublicRoomsQuery;
  /** Whether only some of the parties are asked for. */
  isSearching(): boolean;
  /** Shows the search, once there is something to find. */
  offer(isUseful: boolean): void;
}

/** Calls `changed` whenever something else is asked for. */
export function createRoomSearch(changed: () => void): RoomSearch {
  const input = element('input', {
    type: 'search',
    class: 'input',
    'aria-label': 'Search public parties',
    'data-testid': 'search-rooms',
    placeholder: 'Name, title or tag',
    maxlength: SEARCH_MAX,
  });
  const select = element(
    'select',
    { class: 'input input-select', 'aria-label': 'Sort public parties by', 'data-testid': 'sort-rooms' },
    ...ORDERS.map(([value, label]) => element('option', { value }, label)),
  );
  const form = element('form', { class: 'room-search', role: 'search' }, input, select);
  setShown(form, false);
  let timer: ReturnType<typeof setTimeout> | undefined;

  function changeNow(): void {
    clearTimeout(timer);
    changed();
  }
  input.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(changed, PAUSE_MS);
  });
  select.addEventListener('change', changeNow);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    changeNow();
  });
  const words = () => input.value.trim();
  return {
    element: form,
    query: () => ({ sort: select.value as PublicRoomsQuery['sort'], q: words() || undefined }),
    isSearching: () => words() !== '',
    offer(isUseful) {
      // People who are typing keep the field.
      setShown(form, isUseful || form.contains(document.activeElement));
    },
    dispose: () => clearTimeout(timer),
  };
}

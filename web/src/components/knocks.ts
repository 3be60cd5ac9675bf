/** Who asks to join, and the buttons that let them in or don't; in fullscreen too. */
import type { Knock } from 'playhead-sdk';
import { element, setShown, setText } from '../dom.js';
import { counted } from '../format.js';
import { sentenceOf } from '../words.js';
import type { RoomContext, RoomPart } from './room-context.js';

interface Row {
  element: HTMLElement;
  name: HTMLElement;
  admit: HTMLButtonElement;
}

export function createKnocks({ app, session, knocks }: RoomContext): RoomPart {
  const list = element('ul', { class: 'knocks-list' });
  const section = element(
    'section',
    { class: 'card knocks', 'aria-labelledby': 'knocks-title', hidden: true, 'data-testid': 'knocks' },
    element('h2', { id: 'knocks-title' }, 'Asking to join'),
    list,
  );
  const place = element('div', { class: 'knocks-place' }, section);
  const rows = new Map<string, Row>();
  /** Those whose answer is on its way: the server names them for a moment longer. */
  const answered = new Set<string>();

  function show(): void {
    const asking = knocks.getSnapshot();
    for (const id of [...answered]) if (!asking.some((one) => one.participant_id === id)) answered.delete(id);
    const shown = asking.filter((one) => !answered.has(one.participant_id));
    const hadFocus = list.contains(document.activeElement);
    for (const [id, row] of rows) {
      if (shown.some((one) => one.participant_id === id)) continue;
      row.element.remove();
      rows.delete(id);
    }
    const news = shown.filter((one) => !rows.has(one.participant_id));
    for (const one of shown) showRow(one);
    setShown(section, shown.length > 0);
    announce(news);
    if (hadFocus && !list.contains(document.activeElement)) focusNext();
  }

  function showRow(knock: Knock): void {
    const { participant_id: id, display_name: name } = knock;
    const row = rows.get(id) ?? createRow(knock, (admitted) => void answer(knock, admitted));
    setText(row.name, name);
    if (rows.has(id)) return;
    rows.set(id, row);
    list.append(row.element);
  }

  /** The focus doesn't get lost with the button that had it. */
  function focusNext(): void {
    const [next] = rows.values();
    (next?.admit ?? document.getElementById('people-title'))?.focus({ preventScroll: next === undefined });
  }

  function announce(news: Knock[]): void {
    const [first] = news;
    if (first === undefined) return;
    const others = news.length > 1 ? ` and ${counted(news.length - 1, 'other')} ask` : ' asks';
    app.notices.say(`${first.display_name}${others} to join.`);
  }

  async function answer({ participant_id: id, display_name: name }: Knock, admitted: boolean): Promise<void> {
    answered.add(id);
    show();
    try {
      await (await app.client.people(session.getSnapshot().room.room_id)).answerKnock(id, admitted);
      app.notices.say(admitted ? `${name} was let in.` : `${name} wasn’t let in.`, admitted ? 'good' : 'plain');
    } catch (error) {
      answered.delete(id);
      show();
      app.notices.say(sentenceOf(error), 'bad');
    }
  }

  // What isn't part of the fullscreen element lies behind it.
  const onFullscreen = (): void => (document.fullscreenElement ?? place).append(section);
  document.addEventListener('fullscreenchange', onFullscreen);
  const unsubscribe = knocks.subscribe(show);
  show();
  return {
    element: place,
    update: () => undefined,
    dispose() {
      unsubscribe();
      document.removeEventListener('fullscreenchange', onFullscreen);
    },
  };
}

function createRow({ participant_id, display_name }: Knock, answer: (admitted: boolean) => void): Row {
  const name = element('span', { class: 'knock-name' }, display_name);
  const button = (admitted: boolean, label: string, kind: string) => {
    const made = element(
      'button',
      { type: 'button', class: `button ${kind}`, 'aria-label': `${label}: ${display_name}`, 'data-testid': admitted ? 'admit' : 'decline' },
      label,
    );
    made.addEventListener('click', () => answer(admitted));
    return made;
  };
  const admit = button(true, 'Let in', 'button-primary');
  const decline = button(false, 'Don’t let in', '');
  const row = element(
    'li',
    { class: 'knock', 'data-participant': participant_id },
    name,
    element('div', { class: 'knock-answers' }, decline, admit),
  );
  return { element: row, name, admit };
}

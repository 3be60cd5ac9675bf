/** Who asks to join, and the buttons that let them in or don't; in fullscreen too. */
import type { Knock } from 'playhead-sdk';
import { element, setAttribute, setShown, setText } from '../dom.js';
import { counted } from '../format.js';
import { sentenceOf } from '../words.js';
import { calledAmong } from './called.js';
import type { RoomContext, RoomPart } from './room-context.js';

interface Row {
  element: HTMLElement;
  admit: HTMLButtonElement;
  setName(name: string): void;
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
    for (const one of shown) showRow(one, calledOf(one));
    setShown(section, shown.length > 0);
    announce(news);
    if (hadFocus && !list.contains(document.activeElement)) focusNext();
  }

  /** Nobody who asks can pass for somebody who is here, or who asks too. */
  function calledOf(knock: Knock): string {
    return calledAmong([...knocks.getSnapshot(), ...session.getSnapshot().presence], knock) ?? knock.display_name;
  }

  function showRow(knock: Knock, called: string): void {
    const { participant_id: id } = knock;
    const known = rows.get(id);
    const row = known ?? createRow(id, (admitted) => void answer(knock, admitted));
    row.setName(called);
    if (known !== undefined) return;
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
    app.notices.say(`${calledOf(first)}${others} to join.`);
  }

  async function answer(knock: Knock, admitted: boolean): Promise<void> {
    const { participant_id: id } = knock;
    const name = calledOf(knock);
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

function createRow(id: string, answer: (admitted: boolean) => void): Row {
  const name = element('span', { class: 'knock-name' });
  const button = (admitted: boolean, label: string, kind: string) => {
    const testid = admitted ? 'admit' : 'decline';
    const made = element('button', { type: 'button', class: `button ${kind}`, 'data-testid': testid }, label);
    made.addEventListener('click', () => answer(admitted));
    return made;
  };
  const admit = button(true, 'Let in', 'button-primary');
  const decline = button(false, 'Don’t let in', '');
  const row = element(
    'li',
    { class: 'knock', 'data-participant': id },
    name,
    element('div', { class: 'knock-answers' }, decline, admit),
  );
  return {
    element: row,
    admit,
    setName(called) {
      setText(name, called);
      for (const one of [admit, decline]) setAttribute(one, 'aria-label', `${one.textContent ?? ''}: ${called}`);
    },
  };
}

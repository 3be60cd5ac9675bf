import type { RoomSession } from 'playhead-sdk';
import { PlayheadError } from 'playhead-sdk';
import { NAME_MAX, type App } from '../app.js';
import { createBrand } from '../components/brand.js';
import { createField } from '../components/field.js';
import { createMessage } from '../components/message.js';
import { createRoomView, createScreen } from '../components/room-view.js';
import { element, type Component } from '../dom.js';
import { takeMedia } from '../early.js';
import { endFor, sentenceFor, sentenceOf } from '../words.js';

// Codes after which another try gives the same answer.
const FINAL: ReadonlySet<string> = new Set(['room_not_found', 'room_closed', 'kicked', 'forbidden']);

/** One room, from the question who you are to the end of the party. */
export function createRoomPage(app: App, code: string): Component {
  const holder = element('div', { class: 'room-holder' });
  let session: RoomSession | null = null;
  let shown: Component | null = null;
  let unsubscribe = (): void => {};
  let over = false;

  function show(next: Component): void {
    shown?.dispose?.();
    shown = next;
    holder.replaceChildren(next.element);
  }

  function leave(): void {
    unsubscribe();
    void session?.leave();
    // Leaving closes the session by itself once the server knows.
    session = null;
    app.go('/');
  }

  async function join(name: string): Promise<void> {
    document.title = 'Joining… · Playhead';
    show(createMessage({ title: 'Joining the party…', text: 'One moment.', busy: true }));
    try {
      await app.client.guest(name);
      const joined = await app.client.join(code);
      if (over) return joined.close();
      session = joined;
      const screen = createScreen(joined);
      // The film is asked for before the page around it is drawn, which takes a slow device a while.
      await new Promise((resolve) => setTimeout(resolve));
      if (over) return screen.player.destroy();
      show(createRoomView(app, joined, screen, leave));
      unsubscribe = joined.subscribe(watchForTheEnd);
      watchForTheEnd();
    } catch (error) {
      if (!over) showRefusal(error, name);
    }
  }

  function watchForTheEnd(): void {
    const snapshot = session?.getSnapshot();
    if (snapshot === undefined) return;
    const { state } = snapshot.room;
    const reason = snapshot.closeReason;
    if (state === 'expired' || state === 'deleted')
      return showEnd('This party has ended', endFor(snapshot.stateCause, snapshot.me.role === 'host'));
    if (snapshot.connection !== 'closed' || reason?.code === 'left') return;
    if (snapshot.sessionId === '') return showRefusal(new PlayheadError({ ...reason!, outcome: 'not_applied' }), app.name.load());
    if (reason?.code === 'room_closed' || reason?.code === 'room_not_found')
      return showEnd('This party has ended', 'It ended while you were away.');
    showEnd('You are out of the party', sentenceFor(reason?.code ?? 'connection_lost', reason?.detail), true);
  }

  function showEnd(title: string, text: string, again = false): void {
    unsubscribe();
    session?.close();
    session = null;
    document.title = `${title} · Playhead`;
    const actions = [{ label: 'Start another party', primary: !again, run: () => app.go('/') }];
    if (again) actions.unshift({ label: 'Join again', primary: true, run: () => void join(app.name.load()) });
    show(createMessage({ title, text, actions }));
  }

  function showRefusal(error: unknown, name: string): void {
    unsubscribe();
    session = null;
    const final = error instanceof PlayheadError && FINAL.has(error.code);
    const ended = error instanceof PlayheadError && error.code === 'room_closed';
    document.title = 'Playhead';
    show(
      createMessage({
        title: ended ? 'This party has ended' : 'You can’t get in',
        text: ended ? 'Start another one, or ask for a new link.' : sentenceOf(error),
        actions: [
          ...(final ? [] : [{ label: 'Try again', primary: true, run: () => void join(name) }]),
          { label: 'Go to the start page', primary: final, run: () => app.go('/') },
        ],
      }),
    );
  }

  const name = app.name.load();
  if (name === '') show(createGate(app, (given) => void join(given)));
  else void join(name);

  return {
    element: holder,
    dispose() {
      over = true;
      takeMedia(null);
      unsubscribe();
      shown?.dispose?.();
      session?.close();
    },
  };
}

/** Asks for a name before the first join. The tap on its button also lets the browser play with sound. */
function createGate(app: App, join: (name: string) => void): Component {
  document.title = 'You are invited · Playhead';
  const name = createField('Your name', {
    'data-testid': 'display-name',
    name: 'display-name',
    autocomplete: 'nickname',
    maxlength: NAME_MAX,
    placeholder: 'How others see you',
    autofocus: true,
  });
  const form = element(
    'form',
    { class: 'card', novalidate: true },
    element('h1', { class: 'message-title' }, 'You are invited to a watch party'),
    element('p', { class: 'quiet' }, 'Everyone sees the same moment at the same time. What shall the others call you?'),
    name.element,
    element(
      'button',
      { type: 'submit', class: 'button button-primary button-large', 'data-testid': 'join-room' },
      'Join the party',
    ),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const value = name.input.value.trim();
    if (value === '') {
      name.fail('A name is all it takes.');
      name.input.focus();
      return;
    }
    app.name.save(value);
    join(value);
  });
  return {
    element: element(
      'div',
      { class: 'page page-narrow' },
      element('header', { class: 'page-head' }, createBrand()),
      element('main', { class: 'gate' }, form),
    ),
  };
}

/** The page of one party, from the invitation to its end. */
import type { RoomSession, SessionSnapshot } from 'playhead-sdk';
import { PlayheadError } from 'playhead-sdk';
import { knock } from 'playhead-sdk/knock';
import { HOME } from '../address.js';
import type { App } from '../app.js';
import { createInvitation } from '../components/invitation.js';
import { createMessage, type Message } from '../components/message.js';
import { createPasswordForm, type PasswordForm } from '../components/password-form.js';
import { createRoomView, createScreen } from '../components/room-view.js';
import { element, type Component } from '../dom.js';
import { takeMedia } from '../early.js';
import { forgetInvite, inviteFor } from '../invite.js';
import { endFor, KEEPS_TRYING, NO_SOCKET, sentenceFor, sentenceOf } from '../words.js';

// Error codes for which trying again makes no difference.
const FINAL: ReadonlySet<string> = new Set([
  'room_not_found',
  'room_closed',
  'banned',
  'forbidden',
  'origin_forbidden',
  'invite_required',
  'invite_invalid',
  'approval_declined',
]);
/** Codes of a session that was closed because its person may not come back as they are: the same as if they came anew. */
const SHUT_OUT: ReadonlySet<string> = new Set([
  'invite_required',
  'invite_invalid',
  'password_required',
  'password_wrong',
  'approval_pending',
  'approval_declined',
]);
const TITLES: Readonly<Record<string, string>> = {
  room_closed: 'This party has ended',
  invite_required: 'This party is for invited people',
  approval_declined: 'You weren’t let in',
};
/** How long after a refusal that may pass the page joins again. */
const JOIN_AGAIN_MS = 5_000;

export function createRoomPage(app: App, code: string): Component {
  const holder = element('div', { class: 'room-holder' });
  let session: RoomSession | null = null;
  let shown: Component | null = null;
  let unsubscribe = (): void => {};
  let over = false;
  /** Counts the joins: only the last one matters. */
  let joins = 0;
  let joinAgain: ReturnType<typeof setTimeout> | undefined;
  /** The refusal that is shown. */
  let refusal = '';
  /** Ends the last join while somebody has yet to let this person in. */
  let waiting = new AbortController();
  let password: string | undefined;
  let asking: PasswordForm | null = null;
  /** The refusal of an invite, without which the person tried then. */
  let deadInvite: PlayheadError | null = null;
  // It doesn't stay in the address for as long as it takes to enter a name.
  inviteFor(code);

  function show(next: Component): void {
    shown?.dispose?.();
    shown = next;
    refusal = '';
    asking = null;
    holder.replaceChildren(next.element);
    // What had the focus may be gone, and a message that takes its place is heard only then.
    next.element.querySelector<HTMLElement>('.message-title[tabindex], [autofocus]')?.focus();
  }

  function leave(): void {
    unsubscribe();
    void session?.leave();
    // `leave` closes the session itself, once the server has acknowledged it.
    session = null;
    app.go(HOME);
  }

  /** Somebody who can't be given another name for now joins under the one they had. */
  function keepName(error: unknown): void {
    // An older server has no `/me`.
    const isUnknown = error instanceof PlayheadError && error.status === 404;
    if (!(mayPass(error) || isUnknown) || !app.client.token()) throw error;
  }

  async function join(name: string, isAgain = false): Promise<void> {
    clearTimeout(joinAgain);
    waiting.abort();
    waiting = new AbortController();
    joins += 1;
    const join = joins;
    const isLast = (): boolean => !over && join === joins;
    if (!isAgain) {
      document.title = 'Joining… · Playhead';
      show(createMessage({ title: 'Joining the party…', text: 'This only takes a moment.', busy: true }));
    }
    try {
      await app.client.guest(name).catch(keepName);
      const onWaiting = (): void => {
        if (isLast()) showWaiting();
      };
      const joined = await knock(app.client, code, { invite: inviteFor(code), password, signal: waiting.signal, onWaiting });
      if (!isLast()) return joined.close();
      session = joined;
      const screen = createScreen(joined);
      // The media is requested before the page around it is drawn, which takes a while on a slow device.
      await new Promise((resolve) => setTimeout(resolve));
      if (over) return screen.player.destroy();
      show(createRoomView(app, joined, screen, leave));
      unsubscribe = joined.subscribe(watchForTheEnd);
      watchForTheEnd();
    } catch (error) {
      if (isLast()) showRefusal(error, name);
    }
  }

  function showWaiting(): void {
    tellOfDeadInvite();
    document.title = 'Waiting to be let in · Playhead';
    const title = 'Waiting for somebody to let you in…';
    const text = 'Keep this page open: you’ll join as soon as they do.';
    show(createMessage({ title, text, busy: true, actions: [{ label: 'Cancel', run: () => app.go(HOME) }] }));
  }

  function tellOfDeadInvite(): void {
    if (deadInvite) app.notices.say(sentenceOf(deadInvite), 'bad');
    deadInvite = null;
  }

  function askForPassword(error: PlayheadError, name: string): void {
    const isWrong = error.code === 'password_wrong';
    password = undefined;
    if (!asking) {
      tellOfDeadInvite();
      const form = createPasswordForm((given) => {
        password = given;
        return join(name, true);
      });
      show(form);
      asking = form;
    }
    if (isWrong) asking?.fail(sentenceOf(error));
  }

  /** Tries without an invite that isn't valid: the party may have another way in. */
  function joinWithout(error: PlayheadError, name: string): Promise<void> {
    forgetInvite(code);
    deadInvite = error;
    return join(name, true);
  }

  function watchForTheEnd(): void {
    const snapshot = session?.getSnapshot();
    const end = snapshot && endOf(snapshot);
    if (!end) return;
    if (end instanceof PlayheadError) return showRefusal(end, app.name.load());
    unsubscribe();
    session?.close();
    session = null;
    document.title = `${end.title} · Playhead`;
    const actions = [{ label: 'Start another party', primary: !end.mayRejoin, run: () => app.go(HOME) }];
    if (end.mayRejoin) actions.unshift({ label: 'Rejoin', primary: true, run: () => void join(app.name.load()) });
    show(createMessage({ ...end, actions }));
  }

  function showRefusal(error: unknown, name: string): void {
    unsubscribe();
    session = null;
    if (error instanceof PlayheadError && error.code === 'invalid_request' && app.client.token()?.display_name !== name) {
      // Kept, it would be refused for every invite.
      app.name.save('');
      return show(createInvitation(app, (given) => void join(given), name));
    }
    if (error instanceof PlayheadError) {
      if (error.code === 'approval_pending') return void join(name);
      if (error.code === 'invite_invalid' && inviteFor(code) !== undefined) return void joinWithout(error, name);
      if (error.code.startsWith('password_')) return askForPassword(error, name);
      if (error.code === 'invite_required' && deadInvite) return showRefusal(deadInvite, name);
    }
    document.title = 'Playhead';
    const message = refusalOf(error, () => void join(name), () => app.go(HOME));
    // Shown anew, it would take the focus and be read out once more.
    if (refusal !== message.text) show(createMessage(message));
    refusal = message.text;
    if (mayPass(error)) joinAgain = setTimeout(() => void join(app.name.load() || name, true), Math.max(JOIN_AGAIN_MS, error.retryAfterMs ?? 0));
  }

  const name = app.name.load();
  if (name === '') show(createInvitation(app, (given) => void join(given)));
  else void join(name);

  return {
    element: holder,
    dispose() {
      over = true;
      waiting.abort();
      clearTimeout(joinAgain);
      takeMedia(null);
      unsubscribe();
      shown?.dispose?.();
      session?.close();
    },
  };
}

/** What ended the party for this person: an error if it never began, null while it continues. */
function endOf(snapshot: SessionSnapshot): { title: string; text: string; mayRejoin: boolean } | PlayheadError | null {
  const { room, me, connection, closeReason, sessionId, stateCause } = snapshot;
  const ended = (text: string) => ({ title: 'This party has ended', text, mayRejoin: false });
  if (room.state === 'expired' || room.state === 'deleted') return ended(endFor(stateCause, me.role === 'host'));
  const code = closeReason?.code;
  if (connection !== 'closed') return null;
  if (sessionId === '' || SHUT_OUT.has(code ?? '')) return new PlayheadError({ ...closeReason!, outcome: 'not_applied' });
  if (code === 'room_closed' || code === 'room_not_found') return ended('It ended while you were away.');
  // The page's own button leads away from here.
  if (code === 'left') return { title: 'You left the party', text: 'You left it in another tab or window.', mayRejoin: true };
  const text = sentenceFor(code ?? 'connection_lost', closeReason?.detail);
  if (code === 'banned') return { title: 'You’re no longer in the party', text, mayRejoin: false };
  return { title: 'You’re no longer in the party', text, mayRejoin: true };
}

/** Whether a refusal may pass by itself. */
function mayPass(error: unknown): error is PlayheadError {
  return error instanceof PlayheadError && (error.retry === 'backoff' || error.retry === 'after');
}

/** The message for a join that failed; it offers another try if that can help. */
function refusalOf(error: unknown, retry: () => void, goHome: () => void): Message {
  const code = error instanceof PlayheadError ? error.code : '';
  const isFinal = FINAL.has(code);
  return {
    title: TITLES[code] ?? 'Can’t join the party',
    text: code === 'room_closed' ? 'Start another one, or ask for a new invite link.' : `${code === 'connection_lost' ? NO_SOCKET : sentenceOf(error)}${mayPass(error) ? KEEPS_TRYING : ''}`,
    actions: [
      ...(isFinal ? [] : [{ label: 'Try again', primary: true, run: retry }]),
      { label: 'Go to the home page', primary: isFinal, run: goHome },
    ],
  };
}

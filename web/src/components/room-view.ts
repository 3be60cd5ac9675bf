/** The page of a room that has been joined; every part is drawn only from the session's and the player's snapshots. */
import { browserDeviceStore, createPlayer, type HlsClass, type Player, type RoomSession } from 'playhead-sdk';
import { knocksOf } from 'playhead-sdk/knock';
import type { App } from '../app.js';
import { element, type Component } from '../dom.js';
import { takeMedia } from '../early.js';
import { sentenceFor } from '../words.js';
import { createAuthorityBanner } from './authority-banner.js';
import { createAwayBanner } from './away-banner.js';
import { createEndParty } from './end-party.js';
import { createKnocks } from './knocks.js';
import { createMediaForm } from './media-form.js';
import { createParticipants } from './participants.js';
import { createPlayerCard } from './player-card.js';
import { createRoomContext, type RoomPart, type RoomView, type Screen } from './room-context.js';
import { createRoomSettings } from './room-settings.js';
import { createSyncStatus } from './sync-status.js';
import { createTopBar } from './top-bar.js';

declare global {
  interface Window {
    /** The open room's session and player, for debugging and tests; absent outside a room. */
    playhead?: { session: RoomSession; player: Player };
  }
}

const TICK_MS = 200;

/** Starts loading what the room is watching, and hearing who asks to join. */
export function createScreen(session: RoomSession): Screen {
  const early = takeMedia(session.getSnapshot().media);
  const video = early?.video ?? element('video');
  // Without a crossorigin attribute a plain file needs no CORS headers from its origin.
  const attributes = { class: 'video', playsinline: '', preload: 'auto', 'data-testid': 'video', 'aria-label': 'Video' };
  for (const [name, value] of Object.entries(attributes)) video.setAttribute(name, value);
  const options = { hls: loadHls, device: browserDeviceStore(), loadingSinceMs: early?.loadingSinceMs };
  return { video, player: createPlayer(session, video, options), knocks: knocksOf(session) };
}

export function createRoomView(app: App, session: RoomSession, screen: Screen, leave: () => void): Component {
  const context = createRoomContext(app, session, screen);
  const { player } = screen;
  window.playhead = { session, player };

  const topBar = createTopBar(context, leave);
  const awayBanner = createAwayBanner(context);
  const authorityBanner = createAuthorityBanner(context);
  const syncStatus = createSyncStatus(context);
  const card = createPlayerCard(context, syncStatus.element);
  const knocks = createKnocks(context);
  const mediaForm = createMediaForm(context);
  const participants = createParticipants(context);
  const settings = createRoomSettings(context);
  const endParty = createEndParty(context);
  const parts: RoomPart[] = [
    topBar,
    awayBanner,
    authorityBanner,
    card,
    knocks,
    mediaForm,
    syncStatus,
    participants,
    settings,
    endParty,
  ];

  const root = element(
    'div',
    { class: 'room' },
    topBar.element,
    awayBanner.element,
    authorityBanner.element,
    element('main', { class: 'room-main' }, card.element),
    element(
      'aside',
      { class: 'room-side', 'aria-label': 'The party' },
      knocks.element,
      mediaForm.element,
      participants.element,
      element('div', { class: 'host-actions' }, settings.element, endParty.element),
    ),
  );

  let noticed = session.getSnapshot().notice;
  const view = (): RoomView => ({ room: session.getSnapshot(), player: player.getSnapshot() });

  function update(): void {
    const now = view();
    document.title = `${now.room.room.name} · Playhead`;
    for (const part of parts) part.update(now);
    if (now.room.notice !== noticed) {
      noticed = now.room.notice;
      if (noticed) app.notices.say(sentenceFor(noticed.code, noticed.detail), 'bad');
    }
  }

  function tick(): void {
    const now = view();
    for (const part of parts) part.tick?.(now);
  }

  const offSession = session.subscribe(update);
  const offPlayer = player.subscribe(update);
  const timer = setInterval(tick, TICK_MS);
  update();
  tick();

  return {
    element: root,
    dispose() {
      offSession();
      offPlayer();
      clearInterval(timer);
      for (const part of parts) part.dispose?.();
      player.destroy();
      delete window.playhead;
    },
  };
}

async function loadHls(): Promise<HlsClass> {
  const { default: Hls } = await import('hls.js');
  return Hls;
}

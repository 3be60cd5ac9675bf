/** The play/pause button and the two skip buttons. */
import { element, setAttribute } from '../dom.js';
import { icon, setIcon } from '../icons.js';
import type { RoomContext, RoomPart } from './room-context.js';
import type { SeekBar } from './seek-bar.js';

const SKIP_MS = 10_000;

export interface PlaybackControls extends RoomPart {
  togglePlay(): void;
}

export function createPlaybackControls(
  { session, control, mayControl }: RoomContext,
  seekBar: SeekBar,
): PlaybackControls {
  const play = element(
    'button',
    { type: 'button', class: 'button button-icon button-play', 'data-testid': 'play-toggle' },
    icon('play', 26),
  );
  const back = createSkip('back', 'Skip back 10 seconds', 'back', -SKIP_MS);
  const forward = createSkip('forward', 'Skip forward 10 seconds', 'forward', SKIP_MS);

  function createSkip(drawn: 'back' | 'forward', label: string, testid: string, deltaMs: number): HTMLButtonElement {
    const button = element(
      'button',
      {
        type: 'button',
        class: 'button button-quiet button-icon button-skip',
        'aria-label': label,
        title: label,
        'data-testid': testid,
      },
      icon(drawn, 28),
      element('span', { class: 'skip-number', 'aria-hidden': 'true' }, '10'),
    );
    button.addEventListener('click', () => seekBar.seekBy(deltaMs));
    return button;
  }

  function togglePlay(): void {
    const { status } = session.getSnapshot().playback;
    void control(() => {
      if (status === 'playing' || status === 'waiting') return session.pause();
      if (status === 'ended') return session.seek(0).then(() => session.play());
      return session.play();
    });
  }
  play.addEventListener('click', togglePlay);

  return {
    element: element('div', { class: 'playback-buttons' }, play, back, forward),
    togglePlay,
    update({ room }) {
      const { status } = room.playback;
      const running = status === 'playing' || status === 'waiting';
      setIcon(play, running ? 'pause' : 'play');
      const label = running ? 'Pause' : status === 'ended' ? 'Play again' : 'Play';
      setAttribute(play, 'aria-label', label);
      setAttribute(play, 'title', label);
      setAttribute(play, 'data-status', status);
      const maySkip = mayControl() && room.media?.control.seek !== false;
      setAttribute(play, 'aria-disabled', mayControl() ? null : 'true');
      for (const button of [back, forward]) setAttribute(button, 'aria-disabled', maySkip ? null : 'true');
    },
  };
}

import { element, setAttribute } from '../dom.js';
import { icon, setIcon } from '../icons.js';
import type { RoomContext, RoomPart } from './room-context.js';
import type { SeekBar } from './seek-bar.js';

const JUMP_MS = 10_000;

/** Play, pause and the two jumps. */
export interface Transport extends RoomPart {
  togglePlay(): void;
}

export function createTransport({ session, control, mayControl }: RoomContext, seekBar: SeekBar): Transport {
  const play = element(
    'button',
    { type: 'button', class: 'button button-icon button-play', 'data-testid': 'play-toggle' },
    icon('play', 26),
  );
  const back = jump('back', 'Back 10 seconds', 'back', -JUMP_MS);
  const forward = jump('forward', 'Forward 10 seconds', 'forward', JUMP_MS);

  function jump(drawn: 'back' | 'forward', label: string, testid: string, deltaMs: number): HTMLButtonElement {
    const button = element(
      'button',
      {
        type: 'button',
        class: 'button button-quiet button-icon button-jump',
        'aria-label': label,
        title: label,
        'data-testid': testid,
      },
      icon(drawn, 28),
      element('span', { class: 'jump-number', 'aria-hidden': 'true' }, '10'),
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
    element: element('div', { class: 'transport' }, play, back, forward),
    togglePlay,
    update({ room }) {
      const { status } = room.playback;
      const running = status === 'playing' || status === 'waiting';
      setIcon(play, running ? 'pause' : 'play');
      const label = running ? 'Pause' : status === 'ended' ? 'Play again' : 'Play';
      setAttribute(play, 'aria-label', label);
      setAttribute(play, 'title', label);
      setAttribute(play, 'data-status', status);
      for (const button of [play, back, forward]) setAttribute(button, 'aria-disabled', mayControl() ? null : 'true');
    },
  };
}

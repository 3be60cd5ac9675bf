/** Volume and fullscreen, which each viewer sets for themselves. */
import { element, setAttribute, type Component } from '../dom.js';
import { icon, setIcon } from '../icons.js';

const KEY = 'playhead.volume';

export interface Volume extends Component {
  toggleMute(): void;
  showFullscreen(on: boolean): void;
}

export function createVolume(video: HTMLVideoElement, toggleFullscreen: () => void): Volume {
  const mute = element(
    'button',
    { type: 'button', class: 'button button-quiet button-icon', 'data-testid': 'mute' },
    icon('volume', 24),
  );
  const range = element('input', {
    type: 'range',
    class: 'volume-range',
    min: 0,
    max: 100,
    step: 5,
    'aria-label': 'Volume',
    'data-testid': 'volume',
  });
  const full = element(
    'button',
    { type: 'button', class: 'button button-quiet button-icon', 'data-testid': 'fullscreen' },
    icon('fullscreen', 24),
  );
  video.volume = loadVolume();

  function toggleMute(): void {
    video.muted = !video.muted;
    if (!video.muted && video.volume === 0) video.volume = 0.5;
  }

  function draw(): void {
    const silent = video.muted || video.volume === 0;
    const label = silent ? 'Unmute' : 'Mute';
    const percent = silent ? 0 : Math.round(video.volume * 100);
    setIcon(mute, silent ? 'muted' : 'volume');
    setAttribute(mute, 'aria-label', label);
    setAttribute(mute, 'title', `${label} (m)`);
    setAttribute(range, 'aria-valuetext', `${percent}%`);
    range.value = String(percent);
    range.style.setProperty('--filled', `${percent}%`);
  }

  function showFullscreen(on: boolean): void {
    const label = on ? 'Exit fullscreen' : 'Fullscreen';
    setIcon(full, on ? 'windowed' : 'fullscreen');
    setAttribute(full, 'aria-label', label);
    setAttribute(full, 'title', `${label} (f)`);
  }

  mute.addEventListener('click', toggleMute);
  full.addEventListener('click', toggleFullscreen);
  range.addEventListener('input', () => {
    video.muted = false;
    video.volume = Number(range.value) / 100;
    saveVolume(video.volume);
  });
  video.addEventListener('volumechange', draw);
  draw();
  showFullscreen(false);

  return { element: element('div', { class: 'volume' }, mute, range, full), toggleMute, showFullscreen };
}

function loadVolume(): number {
  try {
    const kept = Number.parseFloat(localStorage.getItem(KEY) ?? '');
    return kept >= 0 && kept <= 1 ? kept : 1;
  } catch {
    return 1;
  }
}

function saveVolume(volume: number): void {
  try {
    localStorage.setItem(KEY, String(volume));
  } catch {
    return;
  }
}

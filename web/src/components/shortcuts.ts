/** The keyboard shortcuts of the room page. */
import type { RoomContext } from './room-context.js';
import { showShortcuts } from './shortcuts-dialog.js';

const SEEK_MS = 5000;

export interface ShortcutActions {
  togglePlay(): void;
  seekBy(deltaMs: number): void;
  toggleMute(): void;
  toggleFullscreen(): void;
}

/**
 * Listens for Space or k, ←, →, m, f and ?, unless the focused control needs the key. Returns a function that stops
 * listening.
 */
export function listenForShortcuts({ session }: RoomContext, actions: ShortcutActions): () => void {
  const playback: Readonly<Record<string, () => void>> = {
    ' ': actions.togglePlay,
    k: actions.togglePlay,
    ArrowLeft: () => actions.seekBy(-SEEK_MS),
    ArrowRight: () => actions.seekBy(SEEK_MS),
  };
  const local: Readonly<Record<string, () => void>> = {
    m: actions.toggleMute,
    f: actions.toggleFullscreen,
    '?': showShortcuts,
  };

  function onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || wantsKey(event)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const run = local[key] ?? (session.getSnapshot().media === null ? undefined : playback[key]);
    if (run === undefined || (event.repeat && !key.startsWith('Arrow'))) return;
    event.preventDefault();
    run();
  }
  document.addEventListener('keydown', onKey);
  return () => document.removeEventListener('keydown', onKey);
}

function wantsKey(event: KeyboardEvent): boolean {
  if (document.querySelector('dialog[open]') !== null) return true;
  if (!(event.target instanceof Element)) return false;
  // Keys pressed in a dialog must not control the party.
  if (event.target.closest('[role="dialog"]') !== null) return true;
  if (event.target.matches('input[type="range"]')) return event.key.startsWith('Arrow');
  if (event.target.matches('input, select, textarea, [contenteditable]')) return true;
  return event.key === ' ' && event.target.matches('button, a');
}

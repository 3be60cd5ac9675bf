/** The panel with the settings that each device has for itself: how closely to stay in sync, and the audio delay. */
import type { Player } from 'playhead-sdk';
import { element } from '../dom.js';
import { icon } from '../icons.js';
import { createOffsetField } from './offset-field.js';
import { createPopover } from './popover.js';
import { createProfileChoice } from './profile-choice.js';
import type { RoomPart } from './room-context.js';
import { SYNC_EXPLAINED } from './sync-words.js';

/** The SDK stores what is chosen here on the device. */
export interface SyncSettings extends RoomPart {
  /** Opens and closes the panel. */
  button: HTMLButtonElement;
}

/** `root` contains the button and the panel; `status` repeats the sync status in a panel that covers the first one. */
export function createSyncSettings(player: Player, root: HTMLElement, status: HTMLElement): SyncSettings {
  const button = element(
    'button',
    {
      type: 'button',
      class: 'button button-quiet button-icon sync-button',
      'aria-label': 'Sync settings',
      'aria-haspopup': 'dialog',
      'aria-controls': 'sync-panel',
      title: SYNC_EXPLAINED,
      'data-testid': 'sync-settings',
    },
    icon('sliders', 18),
  );
  const profiles = createProfileChoice((profile) => player.setProfile(profile));
  const offset = createOffsetField((offsetMs) => {
    player.setOffset(offsetMs);
    offset.show(player.getSnapshot().offsetMs);
  });
  const close = element(
    'button',
    { type: 'button', class: 'button button-quiet button-icon', 'aria-label': 'Close', title: 'Close' },
    icon('close', 20),
  );
  const panel = element(
    'section',
    {
      class: 'sync-panel',
      id: 'sync-panel',
      role: 'dialog',
      'aria-labelledby': 'sync-title',
      hidden: true,
      'data-testid': 'sync-panel',
    },
    element('div', { class: 'sync-head' }, element('h2', { id: 'sync-title' }, 'Sync on this device'), close),
    element('div', { class: 'sync-about' }, status, element('p', { class: 'quiet small' }, SYNC_EXPLAINED)),
    profiles.element,
    offset.element,
  );
  const popover = createPopover(root, button, panel, profiles.focus);
  close.addEventListener('click', popover.close);

  return {
    button,
    element: panel,
    update({ player: now }) {
      profiles.show(now.profile);
      offset.show(now.offsetMs);
    },
    dispose: popover.dispose,
  };
}

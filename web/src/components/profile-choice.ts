/** The choice of how closely this device stays in sync. */
import type { SyncProfile } from 'playhead-sdk';
import { element } from '../dom.js';

const PROFILES: readonly { value: SyncProfile; title: string; text: string }[] = [
  { value: 'tight', title: 'Tight', text: 'For screens side by side' },
  { value: 'default', title: 'Default', text: 'Accurate, and easy on music' },
  { value: 'relaxed', title: 'Relaxed', text: 'Ignores small differences' },
  { value: 'free', title: 'Free', text: 'No automatic correction' },
];

export interface ProfileChoice {
  element: HTMLElement;
  show(profile: SyncProfile): void;
  focus(): void;
}

export function createProfileChoice(choose: (profile: SyncProfile) => void): ProfileChoice {
  const options = PROFILES.map(({ value, title, text }) => {
    const input = element('input', {
      type: 'radio',
      name: 'sync-profile',
      value,
      'aria-describedby': `sync-profile-${value}`,
    });
    input.addEventListener('change', () => choose(value));
    const label = element(
      'label',
      { class: 'profile' },
      input,
      element('span', { class: 'profile-title' }, title),
      // The sentence is the option's description, not part of its accessible name.
      element('span', { class: 'profile-text quiet small', id: `sync-profile-${value}`, 'aria-hidden': 'true' }, text),
    );
    return { value, input, label };
  });

  return {
    element: element(
      'fieldset',
      { class: 'profiles', 'data-testid': 'sync-profile' },
      element('legend', { class: 'field-label' }, 'How closely to stay in sync'),
      ...options.map(({ label }) => label),
    ),
    show(profile) {
      for (const { value, input } of options) input.checked = value === profile;
    },
    focus: () => options.find(({ input }) => input.checked)?.input.focus(),
  };
}

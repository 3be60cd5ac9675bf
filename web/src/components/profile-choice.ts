import type { SyncProfile } from 'playhead-sdk';
import { element } from '../dom.js';

const PROFILES: readonly { value: SyncProfile; title: string; text: string }[] = [
  { value: 'tight', title: 'Tight', text: 'For screens side by side' },
  { value: 'default', title: 'Default', text: 'Exact, and gentle on music' },
  { value: 'relaxed', title: 'Relaxed', text: 'Only what you would notice' },
  { value: 'free', title: 'Free', text: 'Only what the host does' },
];

/** How hard this device keeps its place. */
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
      // Described, not named, by its sentence: the name stays what is seen first.
      element('span', { class: 'profile-text quiet small', id: `sync-profile-${value}`, 'aria-hidden': 'true' }, text),
    );
    return { value, input, label };
  });

  return {
    element: element(
      'fieldset',
      { class: 'profiles', 'data-testid': 'sync-profile' },
      element('legend', { class: 'field-label' }, 'How closely to follow'),
      ...options.map(({ label }) => label),
    ),
    show(profile) {
      for (const { value, input } of options) input.checked = value === profile;
    },
    focus: () => options.find(({ input }) => input.checked)?.input.focus(),
  };
}

/** The choice of who can find a party. */
import { element } from '../dom.js';
import { icon, type IconName } from '../icons.js';

export interface VisibilityChoice {
  element: HTMLElement;
  /** Whether the party is to be listed. */
  isPublic(): boolean;
}

export function createVisibilityChoice(isPublic: boolean): VisibilityChoice {
  const listed = createRadio('public', isPublic);
  const fieldset = element(
    'fieldset',
    { class: 'choice' },
    element('legend', { class: 'only-spoken' }, 'Who can find the party'),
    createOption(createRadio('link', !isPublic), 'link', 'Link only', 'Not on the home page'),
    createOption(listed, 'globe', 'Public', 'Listed on the home page'),
  );
  return { element: fieldset, isPublic: () => listed.checked };
}

function createRadio(value: string, checked: boolean): HTMLInputElement {
  return element('input', { type: 'radio', name: 'visibility', value, checked, 'data-testid': `visibility-${value}` });
}

function createOption(radio: HTMLInputElement, drawn: IconName, title: string, text: string): HTMLElement {
  return element(
    'label',
    { class: 'choice-option' },
    radio,
    icon(drawn),
    element('span', { class: 'choice-title' }, title),
    element('span', { class: 'quiet small' }, text),
  );
}

/** A page with a single message and what can be done next. */
import { element, type Component } from '../dom.js';
import { createPage } from './page.js';

export interface Message {
  title: string;
  text: string;
  /** Shows a spinner. */
  busy?: boolean;
  actions?: { label: string; primary?: boolean; run: () => void }[];
}

export function createMessage(message: Message): Component {
  const actions = element('div', { class: 'message-actions' });
  for (const action of message.actions ?? []) {
    const button = element(
      'button',
      { type: 'button', class: action.primary ? 'button button-primary' : 'button' },
      action.label,
    );
    button.addEventListener('click', action.run);
    actions.append(button);
  }
  const main = element(
    'main',
    { class: 'message', 'data-testid': 'message' },
    message.busy ? element('span', { class: 'spinner', 'aria-hidden': 'true' }) : null,
    element('h1', { class: 'message-title', tabindex: message.busy && !message.actions ? undefined : '-1' }, message.title),
    element('p', { class: 'quiet' }, message.text),
    message.actions ? actions : null,
  );
  return { element: createPage(main, 'narrow') };
}

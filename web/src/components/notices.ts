/** Short-lived messages at the foot of the page, announced by screen readers. */
import { element, type Component } from '../dom.js';

type Tone = 'plain' | 'good' | 'bad';

export interface Notices extends Component {
  say(text: string, tone?: Tone): void;
}

const STAYS_MS: Readonly<Record<Tone, number>> = { plain: 6000, good: 4000, bad: 9000 };
const SHOWN_MAX = 3;

export function createNotices(): Notices {
  const region = element('div', { class: 'notices', role: 'status', 'aria-live': 'polite', 'data-testid': 'notice' });

  function say(text: string, tone: Tone = 'plain'): void {
    for (const old of [...region.children]) if (old.textContent === text) old.remove();
    const notice = element('p', { class: `notice notice-${tone}` }, text);
    region.append(notice);
    while (region.childElementCount > SHOWN_MAX) region.firstElementChild?.remove();
    setTimeout(() => notice.remove(), STAYS_MS[tone]);
  }

  return { element: region, say };
}

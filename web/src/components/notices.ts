/** Short-lived messages at the foot of the page, announced by screen readers. */
import type { Notices, Tone } from '../app.js';
import { element, type Component } from '../dom.js';

const STAYS_MS: Readonly<Record<Tone, number>> = { plain: 6000, good: 4000, bad: 9000 };
const SHOWN_MAX = 3;

export function createNotices(): Notices & Component {
  const region = element('div', { class: 'notices', role: 'status', 'aria-live': 'polite', 'data-testid': 'notice' });

  function say(text: string, tone: Tone = 'plain'): void {
    for (const old of [...region.children]) if (old.textContent === text) old.remove();
    const notice = element('p', { class: `notice notice-${tone}` }, text);
    region.append(notice);
    while (region.childElementCount > SHOWN_MAX) region.firstElementChild?.remove();
    setTimeout(() => notice.remove(), STAYS_MS[tone]);
  }

  // What isn't part of the fullscreen element lies behind it.
  document.addEventListener('fullscreenchange', () => (document.fullscreenElement ?? document.body).append(region));
  return { element: region, say };
}

import { element, setShown, setText } from '../dom.js';
import { icon, type IconName } from '../icons.js';

/** One sentence above the party, for as long as it holds. */
export interface Banner {
  element: HTMLElement;
  /** Null takes it away. What is read out may leave out what moves: it would be read each time. */
  show(seen: string | null, spoken?: string): void;
}

export function createBanner(testid: string, drawn: IconName, tone: 'warn' | 'calm'): Banner {
  const text = element('span');
  const banner = element(
    'p',
    { class: `banner banner-${tone}`, hidden: true, 'aria-hidden': 'true', 'data-testid': testid },
    icon(drawn, 20),
    text,
  );
  // A region is read out only if it was there before its words.
  const region = element('span', { class: 'only-spoken', role: 'status', 'aria-live': 'polite' });
  return {
    element: element('div', { class: 'banner-place' }, banner, region),
    show(seen, spoken = seen ?? '') {
      setShown(banner, seen !== null);
      setText(region, spoken);
      if (seen !== null) setText(text, seen);
    },
  };
}

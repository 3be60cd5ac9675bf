/** The banner that other components fill. */
import { element, setShown, setText } from '../dom.js';
import { icon, type IconName } from '../icons.js';

/** One sentence above the party, shown for as long as it is true. */
export interface Banner {
  element: HTMLElement;
  /** Null hides it. `spoken` may omit a countdown, which a screen reader would otherwise read out every second. */
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
  // Screen readers announce a live region only if it was in the page before its text.
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

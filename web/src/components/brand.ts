import { element } from '../dom.js';

/** The mark and name, leading to the start page. */
export function createBrand(): HTMLAnchorElement {
  return element(
    'a',
    { class: 'brand', href: '/', 'data-page': true },
    element('img', { src: '/favicon.svg', alt: '' }),
    'Playhead',
  );
}

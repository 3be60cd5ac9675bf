/** The logo and name, which link to the home page. */
import { element } from '../dom.js';

export function createBrand(): HTMLAnchorElement {
  return element(
    'a',
    { class: 'brand', href: '/', 'data-page': true },
    element('img', { src: '/favicon.svg', alt: '' }),
    'Playhead',
  );
}

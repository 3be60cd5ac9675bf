/** The logo and name, which link to the home page. */
import { filePath, HOME } from '../address.js';
import { element } from '../dom.js';

export function createBrand(): HTMLAnchorElement {
  return element(
    'a',
    { class: 'brand', href: HOME, 'data-page': true },
    element('img', { src: filePath('favicon.svg'), alt: '' }),
    'Playhead',
  );
}

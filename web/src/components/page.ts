/** The frame of every page but the room's. */
import { element } from '../dom.js';
import { createBrand } from './brand.js';

/** Puts the logo above `main`. */
export function createPage(main: HTMLElement, width: 'wide' | 'narrow'): HTMLElement {
  return element(
    'div',
    { class: width === 'narrow' ? 'page page-narrow' : 'page' },
    element('header', { class: 'page-head' }, createBrand()),
    main,
  );
}

import { NAME_MAX, type App } from '../app.js';
import { createBrand } from '../components/brand.js';
import { createField } from '../components/field.js';
import { createJoinForm } from '../components/join-form.js';
import { createPublicRooms } from '../components/public-rooms.js';
import { createStartForm } from '../components/start-form.js';
import { element, type Component } from '../dom.js';

export function createHomePage(app: App): Component {
  const name = createField('Your name', {
    'data-testid': 'display-name',
    name: 'display-name',
    autocomplete: 'nickname',
    maxlength: NAME_MAX,
    placeholder: 'How others see you',
    value: app.name.load(),
  });
  name.input.addEventListener('change', () => app.name.save(name.input.value.trim()));

  /** The name, or null after asking for it. */
  function requireName(): string | null {
    const value = name.input.value.trim();
    if (value === '') {
      name.fail('Tell the others who you are first.');
      name.input.focus();
      return null;
    }
    app.name.save(value);
    return value;
  }

  const rooms = createPublicRooms(app);
  const hero = element(
    'div',
    { class: 'hero' },
    element('h1', { class: 'hero-title' }, 'The same frame, at the same moment, for everyone.'),
    element(
      'p',
      { class: 'hero-text' },
      'Playhead keeps a video in step in every browser of your watch party: paste a link, invite your friends, press play.',
    ),
    createJoinForm(app).element,
  );
  const main = element(
    'main',
    { class: 'home' },
    element('div', { class: 'home-top' }, hero, createStartForm(app, { name, requireName }).element),
    rooms.element,
  );
  return {
    element: element('div', { class: 'page' }, element('header', { class: 'page-head' }, createBrand()), main),
    dispose: () => rooms.dispose?.(),
  };
}

/** The form that starts a party; its name field is shared with the rest of the home page. */
import type { CreateRoom, Room } from 'playhead-sdk';
import { roomPath } from '../address.js';
import type { App } from '../app.js';
import { element, setShown, type Component } from '../dom.js';
import { ownLanguage } from '../format.js';
import { icon } from '../icons.js';
import { sentenceOf } from '../words.js';
import { createEntryChoice } from './entry-choice.js';
import { createField, whileBusy } from './field.js';
import type { NameField } from './name-field.js';
import { createTagsField } from './tags-field.js';
import { createVisibilityChoice } from './visibility-choice.js';

/** The maximum length of a party's name, in UTF-16 code units; the server takes 80 characters as people count them. */
export const ROOM_NAME_UNITS_MAX = 512;

export function createStartForm(app: App, nameField: NameField): Component {
  const roomName = createField('Party name', {
    'data-testid': 'room-name',
    name: 'room-name',
    autocomplete: 'off',
    maxlength: ROOM_NAME_UNITS_MAX,
    placeholder: 'Movie night',
  });
  const tags = createTagsField();
  setShown(tags.element, false);
  const visibility = createVisibilityChoice(false);
  const entry = createEntryChoice();
  const button = element(
    'button',
    { type: 'submit', class: 'button button-primary button-large', 'data-testid': 'create-room' },
    'Start a party',
    icon('arrow', 20),
  );
  const problem = element('p', { class: 'field-error', role: 'alert' });
  const form = element(
    'form',
    { class: 'card start-form', novalidate: true, 'aria-labelledby': 'start-title' },
    element('h2', { id: 'start-title' }, 'Start a party'),
    nameField.element,
    roomName.element,
    visibility.element,
    tags.element,
    entry.element,
    button,
    problem,
  );

  /** The party that was last asked for, and the key under which the server makes one of it, however often it is asked. */
  let asked = { room: '', key: '' };

  function create(room: CreateRoom): Promise<Room> {
    const text = JSON.stringify(room);
    if (asked.room !== text) asked = { room: text, key: randomKey() };
    return app.client.rooms.create(room, { key: asked.key });
  }

  visibility.element.addEventListener('change', () => setShown(tags.element, visibility.isPublic()));

  async function start(name: string): Promise<void> {
    problem.textContent = '';
    const isPublic = visibility.isPublic();
    const about = isPublic ? tags.submit() : [];
    const wanted = about && entry.submit();
    if (about === null || wanted === null) return;
    try {
      await app.client.guest(name);
      if (!form.isConnected) return;
      const room = await create({
        name: roomName.input.value.trim() || `${name}’s party`,
        is_public: isPublic,
        // What others look for parties by.
        ...(isPublic && { language: ownLanguage(), tags: about }),
        // A phone that falls asleep must not end everybody's evening.
        host_loss: 'promote',
        ...wanted,
      });
      if (form.isConnected) return app.go(roomPath(room.code));
      // They have gone to another party meanwhile, and nobody would come to this one.
      await app.client.rooms.delete(room.code);
    } catch (error) {
      problem.textContent = sentenceOf(error);
    }
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const name = nameField.submit();
    if (name !== null) whileBusy(button, () => start(name));
  });
  return { element: form };
}

function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

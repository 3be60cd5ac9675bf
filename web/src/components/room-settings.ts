/** The button and the dialog with which the host changes what the party is called, who finds and joins it, and what happens without them. */
import type { Room, RoomChanges, RoomSettings } from 'playhead-sdk';
import type { App } from '../app.js';
import { element, setShown, setText } from '../dom.js';
import { ownLanguage } from '../format.js';
import { sentenceOf } from '../words.js';
import { createEntryChoice } from './entry-choice.js';
import { createField, whileBusy } from './field.js';
import type { RoomContext, RoomPart } from './room-context.js';
import { ROOM_NAME_UNITS_MAX } from './start-form.js';
import { createTagsField } from './tags-field.js';
import { createVisibilityChoice } from './visibility-choice.js';

const CAPACITY_MAX = 1_000_000;

const HOST_LOSS: readonly [RoomSettings['host_loss'], string][] = [
  ['promote', 'A co-host takes over'],
  ['hold', 'The party goes on without a host'],
  ['pause', 'Playback pauses'],
  ['expire', 'The party ends'],
];

export function createRoomSettings({ app, session }: RoomContext): RoomPart {
  const button = element(
    'button',
    { type: 'button', class: 'button button-quiet', hidden: true, 'aria-haspopup': 'dialog', 'data-testid': 'room-settings' },
    'Party settings',
  );
  button.addEventListener('click', () => openDialog(app, session.getSnapshot().room));
  return {
    element: button,
    update: ({ room }) => setShown(button, room.me.role === 'host'),
  };
}

function openDialog(app: App, room: Room): void {
  const name = createField('Party name', {
    'data-testid': 'settings-name',
    autocomplete: 'off',
    maxlength: ROOM_NAME_UNITS_MAX,
    value: room.name,
  });
  const visibility = createVisibilityChoice(room.is_public);
  const tags = createTagsField(room.tags);
  const entry = createEntryChoice(room.settings.entry);
  const tagsBefore = tags.input.value;
  const capacity = createField('Maximum number of people, including you (optional)', {
    'data-testid': 'settings-capacity',
    type: 'number',
    inputmode: 'numeric',
    min: 1,
    max: CAPACITY_MAX,
    placeholder: 'Any number',
    value: room.settings.capacity ?? '',
  });
  const loss = element(
    'select',
    { class: 'input', id: 'settings-loss', 'data-testid': 'settings-loss' },
    ...HOST_LOSS.map(([value, label]) => element('option', { value, selected: value === room.settings.host_loss }, label)),
  );
  const away = element(
    'div',
    { class: 'field' },
    element('label', { class: 'field-label', for: 'settings-loss' }, 'If you leave and don’t come back'),
    loss,
  );
  const save = element('button', { type: 'submit', class: 'button button-primary', 'data-testid': 'settings-save' }, 'Save');
  const cancel = element('button', { type: 'button', class: 'button' }, 'Cancel');
  const problem = element('p', { class: 'field-error', role: 'alert' });
  const form = element(
    'form',
    { class: 'settings-form', novalidate: true },
    name.element,
    visibility.element,
    tags.element,
    entry.element,
    capacity.element,
    away,
    problem,
    element('div', { class: 'dialog-actions' }, cancel, save),
  );
  const dialog = element(
    'dialog',
    { class: 'dialog', 'aria-labelledby': 'settings-title', 'data-testid': 'settings-dialog' },
    element('h2', { id: 'settings-title' }, 'Party settings'),
    form,
  );
  const showTags = () => setShown(tags.element, visibility.isPublic());
  visibility.element.addEventListener('change', showTags);
  showTags();
  cancel.addEventListener('click', () => dialog.close());
  dialog.addEventListener('close', () => dialog.remove());

  function isCapacity(): boolean {
    if (capacity.input.validity.valid) return true;
    capacity.fail('Enter a whole number, or nothing for any number of people.');
    capacity.input.focus();
    return false;
  }

  /** Returns what is different from before; null if something can't be used. */
  function changes(): RoomChanges | null {
    const isPublic = visibility.isPublic();
    // Tags that nobody has touched stay as they are, however other programs have written them.
    const areNew = isPublic && tags.input.value !== tagsBefore;
    const given = areNew ? tags.submit() : room.tags;
    const joining = given && entry.submit();
    if (given === null || joining === null || !isCapacity()) return null;
    const wanted: RoomChanges = {
      name: name.input.value.trim() || room.name,
      is_public: isPublic,
      host_loss: loss.value as RoomSettings['host_loss'],
      ...joining,
      capacity: capacity.input.value === '' ? null : capacity.input.valueAsNumber,
      tags: given,
      language: isPublic && !room.is_public ? (room.language ?? ownLanguage() ?? null) : room.language,
    };
    const before: RoomChanges = { ...room, ...room.settings };
    const isNew = ([key, value]: [string, unknown]) =>
      JSON.stringify(value) !== JSON.stringify(before[key as keyof RoomChanges]);
    return Object.fromEntries(Object.entries(wanted).filter(isNew));
  }

  async function send(changed: RoomChanges): Promise<void> {
    setText(problem, '');
    try {
      if (Object.keys(changed).length > 0) await (await app.client.people(room.room_id)).changeRoom(changed);
      dialog.close();
    } catch (error) {
      if (dialog.open) setText(problem, sentenceOf(error));
      else app.notices.say(sentenceOf(error), 'bad');
    }
  }
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const changed = changes();
    if (changed !== null) whileBusy(save, () => send(changed));
  });
  document.body.append(dialog);
  dialog.showModal();
}

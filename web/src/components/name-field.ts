/** The field for the display name. */
import { NAME_MAX, NAME_UNITS_MAX, type App } from '../app.js';
import { charactersOf } from '../characters.js';
import type { Attributes } from '../dom.js';
import { createField, type Field } from './field.js';

/** A field whose name is remembered for the next visit. */
export interface NameField extends Field {
  /** Saves the name and returns it; without one, or if it is too long, says so and returns null. */
  submit(): string | null;
}

export function createNameField(app: App, attributes: Attributes = {}): NameField {
  const field = createField('Your name', {
    'data-testid': 'display-name',
    name: 'display-name',
    autocomplete: 'nickname',
    maxlength: NAME_UNITS_MAX,
    placeholder: 'How others see you',
    ...attributes,
  });

  function submit(): string | null {
    const name = field.input.value.trim();
    const isLong = charactersOf(name).length > NAME_MAX;
    if (name === '' || isLong) {
      field.fail(isLong ? `Use at most ${NAME_MAX} characters.` : 'Enter your name first.');
      field.input.focus();
      return null;
    }
    app.name.save(name);
    return name;
  }

  return { ...field, submit };
}

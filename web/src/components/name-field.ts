/** The field for the display name. */
import { NAME_MAX, type App } from '../app.js';
import type { Attributes } from '../dom.js';
import { createField, type Field } from './field.js';

/** A field whose name is remembered for the next visit. */
export interface NameField extends Field {
  /** Saves the name and returns it; without a name, asks for one and returns null. */
  submit(): string | null;
}

export function createNameField(app: App, attributes: Attributes = {}): NameField {
  const field = createField('Your name', {
    'data-testid': 'display-name',
    name: 'display-name',
    autocomplete: 'nickname',
    maxlength: NAME_MAX,
    placeholder: 'How others see you',
    ...attributes,
  });

  function submit(): string | null {
    const name = field.input.value.trim();
    if (name === '') {
      field.fail('Enter your name first.');
      field.input.focus();
      return null;
    }
    app.name.save(name);
    return name;
  }

  return { ...field, submit };
}

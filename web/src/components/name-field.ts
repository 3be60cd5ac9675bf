/** The field for the display name. */
import { NAME_BYTES_MAX, NAME_MAX, type App } from '../app.js';
import { charactersOf } from '../characters.js';
import type { Attributes } from '../dom.js';
import { createField, type Field } from './field.js';

/** A field whose name is remembered for the next visit. */
export interface NameField extends Field {
  /** Saves the name and returns it; without one, or if it is too long, says so and returns null. */
  submit(): string | null;
  /** Saves the name if there is one; returns false, and says why, if it can't be used. */
  keep(): boolean;
}

export function createNameField(app: App, attributes: Attributes = {}): NameField {
  const field = createField('Your name', {
    'data-testid': 'display-name',
    name: 'display-name',
    autocomplete: 'nickname',
    maxlength: NAME_BYTES_MAX,
    placeholder: 'How others see you',
    ...attributes,
  });

  function submit(): string | null {
    const name = field.input.value.trim();
    const problem = problemOf(name);
    if (problem !== null) {
      field.fail(problem);
      field.input.focus();
      return null;
    }
    app.name.save(name);
    return name;
  }

  function keep(): boolean {
    return field.input.value.trim() === '' || submit() !== null;
  }

  return { ...field, submit, keep };
}

/** Returns what is wrong with a name, if anything. */
function problemOf(name: string): string | null {
  if (name === '') return 'Enter your name first.';
  if (charactersOf(name).length > NAME_MAX) return `Use at most ${NAME_MAX} characters.`;
  return new TextEncoder().encode(name).length > NAME_BYTES_MAX ? 'Choose a shorter name.' : null;
}

/** The field for what a party is about. */
import { charactersOf } from '../characters.js';
import { createField, type Field } from './field.js';

/** The most tags that the server takes, the most characters of each, and the maximum length of them all. */
const TAGS_MAX = 8;
const TAG_MAX = 32;
const TAGS_UNITS_MAX = 280;

export interface TagsField extends Field {
  /** Returns the tags; if they can't be used, says so and returns null. */
  submit(): string[] | null;
}

export function createTagsField(tags: readonly string[] = []): TagsField {
  const field = createField('Tags (optional)', {
    'data-testid': 'room-tags',
    name: 'room-tags',
    autocomplete: 'off',
    maxlength: TAGS_UNITS_MAX,
    placeholder: 'anime, classics',
    value: tags.join(', '),
  });

  function submit(): string[] | null {
    const given = tagsOf(field.input.value);
    if (given.every((tag) => charactersOf(tag).length <= TAG_MAX)) return given;
    field.fail(`Use at most ${TAG_MAX} characters for each tag, and commas between them.`);
    field.input.focus();
    return null;
  }
  return { ...field, submit };
}

/** Returns what is between commas, as often as the server takes it. */
function tagsOf(text: string): string[] {
  const parts = text.split(/[,#]/).map((tag) => tag.trim());
  return [...new Set(parts.filter((tag) => tag !== ''))].slice(0, TAGS_MAX);
}

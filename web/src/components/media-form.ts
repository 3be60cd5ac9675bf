/** The form that chooses what to watch, shown to the host and co-hosts. */
import { filePath } from '../address.js';
import { element, setShown, setText } from '../dom.js';
import { CHOOSE_MEDIA, sentenceOf } from '../words.js';
import { createField, whileBusy } from './field.js';
import type { RoomContext, RoomPart } from './room-context.js';

export function createMediaForm({ app, session, mayControl }: RoomContext): RoomPart {
  const submit = element(
    'button',
    { type: 'submit', class: 'button button-primary', 'data-testid': 'link-submit' },
    'Watch',
  );
  const field = createField(
    'Paste a link to a video: HLS (.m3u8), MP4 or WebM',
    {
      'data-testid': 'link-input',
      name: 'link',
      inputmode: 'url',
      autocomplete: 'off',
      autocapitalize: 'none',
      spellcheck: 'false',
      placeholder: 'https://…',
    },
    submit,
  );
  const samples = element(
    'div',
    { class: 'samples' },
    element('span', { class: 'quiet small' }, 'No link at hand?'),
    sampleButton('Use the sample clip', 'sample-hls', 'sample/clip.m3u8'),
    sampleButton('As MP4', 'sample-mp4', 'sample/clip.mp4'),
  );
  const title = element('h2', { id: 'media-title' }, CHOOSE_MEDIA);
  const form = element(
    'form',
    { class: 'card media-form', novalidate: true, 'aria-labelledby': 'media-title' },
    title,
    field.element,
    samples,
  );

  async function choose(link: string): Promise<void> {
    field.fail('');
    try {
      await session.setMedia({ link });
      field.input.value = '';
    } catch (error) {
      field.fail(sentenceOf(error));
    }
  }

  function sampleButton(label: string, testid: string, file: string): HTMLButtonElement {
    const button = element('button', { type: 'button', class: 'button', 'data-testid': testid }, label);
    button.addEventListener('click', () => whileBusy(button, () => choose(`${location.origin}${filePath(file)}`)));
    return button;
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const link = field.input.value.trim();
    if (link === '') {
      field.fail('Paste a link first.');
      field.input.focus();
      return;
    }
    whileBusy(submit, () => choose(link));
  });

  return {
    element: form,
    update({ room }) {
      if (form.hidden && mayControl()) app.notices.say('You can control playback now.', 'good');
      setShown(form, mayControl());
      setText(title, room.media === null ? CHOOSE_MEDIA : `${CHOOSE_MEDIA} next`);
    },
  };
}

/** The form that chooses what to watch, shown to the host and co-hosts. */
import type { Source } from 'playhead-sdk';
import { findShortfall } from 'playhead-sdk/shortfall';
import { filePath } from '../address.js';
import { element, setAttribute, setShown, setText } from '../dom.js';
import { CHOOSE_MEDIA, sentenceOf } from '../words.js';
import { createField } from './field.js';
import { choosesMedia, type RoomContext, type RoomPart } from './room-context.js';

/** What somebody is choosing, by which button, and what the field had then. */
interface Choice {
  button: HTMLButtonElement;
  what: string;
  typed: string;
}

export function createMediaForm({ app, session }: RoomContext): RoomPart {
  const submit = element(
    'button',
    { type: 'submit', class: 'button button-primary', 'data-testid': 'link-submit' },
    'Watch',
  );
  const field = createField(
    'Paste a link to a film (HLS, MP4, WebM) or to music',
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
    sampleButton('Sample clip (HLS)', 'sample-hls', 'sample/clip.m3u8'),
    sampleButton('Sample clip (MP4)', 'sample-mp4', 'sample/clip.mp4'),
  );
  const doubt = element('p', {});
  const anyway = element('button', { type: 'button', class: 'button', 'data-testid': 'watch-anyway' }, 'Watch anyway');
  const warning = element(
    'div',
    { class: 'warning', role: 'alert', hidden: true, 'data-testid': 'shortfall-warning' },
    doubt,
    anyway,
  );
  const title = element('h2', { id: 'media-title' }, CHOOSE_MEDIA);
  const form = element(
    'form',
    { class: 'card media-form', novalidate: true, 'aria-labelledby': 'media-title' },
    title,
    field.element,
    warning,
    samples,
  );
  /** What the host was warned of. */
  let doubtful: Source | null = null;
  /** The choice that is being made, of which there is one: a later one replaces it. */
  let choice: Choice | null = null;

  const isLast = (own: Choice): boolean => choice === own;
  /** Whether the field still has what it had then. */
  const isShown = (own: Choice): boolean => isLast(own) && field.input.value === own.typed;

  /** Sends a choice and says why it failed. */
  async function attempt(button: HTMLButtonElement, what: string, send: (own: Choice) => Promise<unknown>): Promise<void> {
    if (choice?.button === button && choice.what === what) return;
    if (choice) setAttribute(choice.button, 'aria-busy', null);
    const own = { button, what, typed: field.input.value };
    choice = own;
    setAttribute(button, 'aria-busy', 'true');
    field.fail('');
    warn(null, '');
    try {
      await send(own);
    } catch (error) {
      if (isShown(own)) field.fail(sentenceOf(error));
    }
    if (!isLast(own)) return;
    setAttribute(button, 'aria-busy', null);
    choice = null;
  }

  function warn(source: Source | null, detail: string): void {
    doubtful = source;
    setText(doubt, detail);
    setShown(warning, source !== null);
  }

  /** Resolves the link first, so that the host hears what this browser lacks before anybody else sees it. */
  async function choose(link: string, own: Choice): Promise<void> {
    const source = await app.client.sources.resolve(link);
    if (!isLast(own)) return;
    const shortfall = findShortfall(source);
    if (shortfall === null) return watch(source, own);
    if (isShown(own)) warn(source, shortfall.detail);
  }

  async function watch({ provider, stream_id }: Source, own: Choice): Promise<void> {
    await session.setMedia({ source: { provider, stream_id } });
    if (isShown(own)) field.input.value = '';
  }

  function sampleButton(label: string, testid: string, file: string): HTMLButtonElement {
    const button = element('button', { type: 'button', class: 'button', 'data-testid': testid }, label);
    const link = `${location.origin}${filePath(file)}`;
    button.addEventListener('click', () => void attempt(button, link, () => session.setMedia({ link })));
    return button;
  }

  anyway.addEventListener('click', () => {
    const source = doubtful;
    if (source !== null) void attempt(anyway, source.stream_id, (own) => watch(source, own));
  });
  field.input.addEventListener('input', () => warn(null, ''));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const link = field.input.value.trim();
    if (link === '') {
      field.fail('Paste a link first.');
      field.input.focus();
      return;
    }
    void attempt(submit, link, (own) => choose(link, own));
  });

  return {
    element: form,
    update({ room }) {
      setShown(form, choosesMedia(room));
      setText(title, room.media === null ? CHOOSE_MEDIA : `${CHOOSE_MEDIA} next`);
    },
  };
}

/** A dialog that lists people, each with a button that takes back what is listed. */
import type { Page, PageQuery, Presence } from 'playhead-sdk';
import { element, setText } from '../dom.js';
import { sentenceOf } from '../words.js';
import { calledAmong, type Named } from './called.js';

export interface Listing<T extends Named> {
  /** What the test ids of the dialog and its list begin with. */
  id: string;
  title: string;
  /** What is said while nobody is listed. */
  empty: string;
  /** The label of the button of each. */
  verb: string;
  /** The label that says whom it is about. */
  labelOf(name: string): string;
  /** What stands behind the name; nothing if it is empty. */
  aboutOf(one: T): string;
  load(query: PageQuery): Promise<Page<T>>;
  takeBack(one: T): Promise<void>;
}

/** Shows the dialog. Names are compared with those of `present`, too. */
export async function showListing<T extends Named>(listing: Listing<T>, present: readonly Presence[]): Promise<void> {
  const { id, title, empty, verb } = listing;
  const all: T[] = [];
  const status = element('p', { class: 'quiet', role: 'status' }, 'Loading…');
  const list = element('ul', { class: 'people', 'data-testid': id });
  const dialog = element(
    'dialog',
    { class: 'dialog', 'aria-labelledby': `${id}-title`, 'data-testid': `${id}-dialog` },
    element('h2', { id: `${id}-title` }, title),
    status,
    list,
    element(
      'form',
      { method: 'dialog', class: 'dialog-actions' },
      element('button', { type: 'submit', class: 'button', autofocus: true }, 'Close'),
    ),
  );
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();

  function say(): void {
    setText(status, list.children.length === 0 ? empty : '');
  }

  try {
    let next: string | undefined;
    do {
      const page: Page<T> = await listing.load({ page_token: next });
      all.push(...page.items);
      next = page.next_page_token;
    } while (next !== undefined && dialog.open);
    // Only among all of them is it known whose names look alike.
    list.append(...all.map(createRow));
    say();
  } catch (error) {
    setText(status, sentenceOf(error));
  }

  function createRow(one: T): HTMLElement {
    const name = calledAmong([...all, ...present], one) ?? 'Someone';
    const about = listing.aboutOf(one);
    const button = element(
      'button',
      { type: 'button', class: 'button button-quiet small', 'aria-label': listing.labelOf(name) },
      verb,
    );
    const row = element(
      'li',
      { class: 'person' },
      element('span', { class: 'person-name' }, name, about === '' ? null : element('span', { class: 'quiet' }, ` · ${about}`)),
      button,
    );
    button.addEventListener('click', () => {
      button.disabled = true;
      listing.takeBack(one).then(
        () => {
          row.remove();
          say();
          // The focus doesn't get lost with the button that had it.
          dialog.querySelector<HTMLElement>('.dialog-actions button')?.focus();
        },
        (error: unknown) => {
          button.disabled = false;
          setText(status, sentenceOf(error));
        },
      );
    });
    return row;
  }
}

/** The field for the audio delay of this device. */
import { element, setAttribute, setText } from '../dom.js';

const STEP_MS = 10;
/** The player's own limit. */
const MOST_MS = 5_000;

/** Edits how late this device's sound reaches the ear, in milliseconds. */
export interface OffsetField {
  element: HTMLElement;
  show(offsetMs: number): void;
}

/** Takes steps of 10 ms, or any whole number that is typed in. */
export function createOffsetField(choose: (offsetMs: number) => void): OffsetField {
  const input = element('input', {
    type: 'number',
    class: 'input offset-input',
    id: 'sync-offset',
    min: -MOST_MS,
    max: MOST_MS,
    step: STEP_MS,
    'aria-describedby': 'sync-offset-unit sync-offset-help',
    'data-testid': 'sync-offset',
  });
  const less = createStepper('−', 'Decrease by 10 ms', 'sync-offset-less');
  const more = createStepper('+', 'Increase by 10 ms', 'sync-offset-more');
  const reset = element(
    'button',
    { type: 'button', class: 'button button-quiet offset-reset', 'data-testid': 'sync-offset-reset' },
    'Reset',
  );
  const unit = element('span', { class: 'offset-unit quiet', id: 'sync-offset-unit' }, 'ms');
  const spoken = element('span', { class: 'only-spoken', role: 'status' });
  let shown = 0;
  let typing = false;

  function set(offsetMs: number): void {
    typing = false;
    choose(Math.max(-MOST_MS, Math.min(offsetMs, MOST_MS)));
    // The player may have taken another value.
    input.value = String(shown);
  }

  function step(offsetMs: number): void {
    set(offsetMs);
    setText(spoken, `${shown} milliseconds`);
  }

  input.addEventListener('input', () => (typing = true));
  input.addEventListener('change', () => {
    const typed = Math.round(input.valueAsNumber);
    set(Number.isNaN(typed) ? shown : typed);
  });
  less.addEventListener('click', () => step(shown - STEP_MS));
  more.addEventListener('click', () => step(shown + STEP_MS));
  reset.addEventListener('click', () => step(0));

  return {
    element: element(
      'div',
      { class: 'field' },
      element('label', { class: 'field-label', for: 'sync-offset' }, 'Audio delay of this device'),
      element(
        'div',
        { class: 'offset-row' },
        less,
        element('span', { class: 'offset-box' }, input, unit),
        more,
        reset,
      ),
      element('p', { class: 'quiet small', id: 'sync-offset-help' }, 'For wireless speakers and headphones.'),
      spoken,
    ),
    show(offsetMs) {
      shown = offsetMs;
      if (!typing && input.value !== String(offsetMs)) input.value = String(offsetMs);
      setAttribute(less, 'aria-disabled', offsetMs <= -MOST_MS ? 'true' : null);
      setAttribute(more, 'aria-disabled', offsetMs >= MOST_MS ? 'true' : null);
      setAttribute(reset, 'aria-disabled', offsetMs === 0 ? 'true' : null);
    },
  };
}

function createStepper(sign: string, label: string, testid: string): HTMLButtonElement {
  return element(
    'button',
    { type: 'button', class: 'button button-icon', 'aria-label': label, title: label, 'data-testid': testid },
    sign,
  );
}

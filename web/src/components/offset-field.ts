import { element, setAttribute, setText } from '../dom.js';

const STEP_MS = 10;
/** As far as the player goes. */
const MOST_MS = 5_000;

/** How late this device sounds. */
export interface OffsetField {
  element: HTMLElement;
  show(offsetMs: number): void;
}

/** Steps of 10 ms, or any whole number typed in. */
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
  const less = stepper('−', 'Late by 10 ms less', 'sync-offset-less', -STEP_MS);
  const more = stepper('+', 'Late by 10 ms more', 'sync-offset-more', STEP_MS);
  const reset = element(
    'button',
    { type: 'button', class: 'button button-quiet offset-reset', 'data-testid': 'sync-offset-reset' },
    'Reset',
  );
  const unit = element('span', { class: 'offset-unit quiet', id: 'sync-offset-unit' }, 'ms');
  const spoken = element('span', { class: 'only-spoken', role: 'status' });
  let shown = 0;
  let typing = false;

  function stepper(sign: string, label: string, testid: string, byMs: number): HTMLButtonElement {
    const button = element(
      'button',
      { type: 'button', class: 'button button-icon', 'aria-label': label, title: label, 'data-testid': testid },
      sign,
    );
    button.addEventListener('click', () => step(shown + byMs));
    return button;
  }

  function set(offsetMs: number): void {
    typing = false;
    choose(Math.max(-MOST_MS, Math.min(offsetMs, MOST_MS)));
    // The player knows best what it took.
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
  reset.addEventListener('click', () => step(0));

  return {
    element: element(
      'div',
      { class: 'field' },
      element('label', { class: 'field-label', for: 'sync-offset' }, 'This device sounds late by'),
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

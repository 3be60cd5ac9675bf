/** The icon set, drawn as inline SVG. */
const SVG = 'http://www.w3.org/2000/svg';

// Each icon is a list of path data on a 24 × 24 grid, drawn as strokes; those in FILLED are also filled.
const PATHS = {
  play: ['M8 5.3v13.4a.6.6 0 0 0 .92.5l10.4-6.7a.6.6 0 0 0 0-1L8.92 4.8A.6.6 0 0 0 8 5.3Z'],
  pause: ['M7.5 5h2.2v14H7.500zM14.3 5h2.200v14h-2.200z'],
  back: ['M3.5 12a8.5 8.5 0 1 0 2.7-6.200L3.5 8.3', 'M3.5 3.800v4.500H8'],
  forward: ['M20.5 12a8.5 8.5 0 1 1-2.7-6.200l2.7 2.5', 'M20.5 3.800v4.500H16'],
  volume: ['M4 9.500v5h3.200L12 18.500v-13L7.2 9.500z', 'M15.5 9a4.2 4.2 0 0 1 0 6', 'M18 6.500a7.7 7.7 0 0 1 0 11'],
  muted: ['M4 9.500v5h3.200L12 18.500v-13L7.2 9.500z', 'm16 9.5 5 5m0-5-5 5'],
  fullscreen: ['M4 9V4h5m6 0h5v5m0 6v5h-5m-6 0H4v-5'],
  windowed: ['M9 4v5H4m16 0h-5V4m0 16v-5h5M4 15h5v5'],
  link: [
    'M10 14a4 4 0 0 0 5.7 0l3.1-3.100a4 4 0 0 0-5.7-5.700L12 6.3',
    'M14 10a4 4 0 0 0-5.7 0l-3.1 3.100a4 4 0 0 0 5.7 5.700l1.1-1.1',
  ],
  check: ['m5 12.5 4.5 4.500L19 7.5'],
  crown: ['M4 18h16M4.5 15 3.5 7.5 8.5 11 12 5l3.5 6 5-3.5-1 7.500z'],
  people: [
    'M9 11.500a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Z',
    'M2.5 19.500a6.5 6.5 0 0 1 13 0',
    'M16 4.800a3.5 3.5 0 0 1 0 6.400M18.5 14a6.5 6.5 0 0 1 3 5.5',
  ],
  globe: [
    'M12 3.500a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17Z',
    'M3.5 12h17M12 3.500c2.5 2.3 3.7 5.2 3.7 8.500s-1.2 6.2-3.7 8.500c-2.5-2.3-3.7-5.2-3.7-8.500s1.2-6.2 3.7-8.500Z',
  ],
  film: ['M4 5h16v14H4zM8 5v14M16 5v14M4 9.700h4M4 14.300h4M16 9.700h4M16 14.300h4'],
  arrow: ['M5 12h14m-6-6 6 6-6 6'],
  alert: [
    'M12 8.500v4.500M12 16.500v.01',
    'M10.5 4.2 2.9 17.300A1.7 1.7 0 0 0 4.4 19.900h15.200a1.7 1.7 0 0 0 1.5-2.600L13.5 4.200a1.7 1.7 0 0 0-3 0Z',
  ],
  lock: ['M5.5 10.5h13v9h-13zM8.5 10.500V8a3.5 3.5 0 0 1 7 0v2.500', 'M12 14v2'],
  hand: [
    'M8 12.500V6a1.5 1.5 0 0 1 3 0v4.500V4.500a1.5 1.5 0 0 1 3 0v6V6a1.5 1.5 0 0 1 3 0v8.500a6 6 0 0 1-6 6h-.7a6 6 0 0 1-4.7-2.300l-3-4.200a1.5 1.5 0 0 1 2.300-1.900z',
  ],
  close: ['m6.5 6.5 11 11m0-11-11 11'],
  more: ['M5.5 12v.01M12 12v.01M18.5 12v.01'],
  sliders: [
    'M4 7.500h9M17.5 7.500H20M4 16.500h2.5M11 16.500h9',
    'M15.2 5.300a2.2 2.2 0 1 0 0 4.400 2.2 2.2 0 0 0 0-4.400ZM8.8 14.300a2.2 2.2 0 1 0 0 4.400 2.2 2.2 0 0 0 0-4.400Z',
  ],
  sync: ['M4 12h3l2.5-6 4 12 2.5-6h4'],
  note: ['M9 17.500V5.500l10-2v12', 'M6.5 20a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM16.5 18a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z'],
} as const;

const FILLED: ReadonlySet<string> = new Set(['play', 'pause']);

/** The name of an icon. */
export type IconName = keyof typeof PATHS;

/** Creates an icon. Screen readers skip it, so the control around it needs a label. */
export function icon(name: IconName, size = 22): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('width', String(size));
  svg.setAttribute('height', String(size));
  svg.setAttribute('aria-hidden', 'true');
  svg.dataset['icon'] = name;
  for (const data of PATHS[name]) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', data);
    path.setAttribute('fill', FILLED.has(name) ? 'currentColor' : 'none');
    path.setAttribute('stroke', 'currentColor');
    path.setAttribute('stroke-width', FILLED.has(name) ? '1.2' : name === 'more' ? '3' : '1.8');
    path.setAttribute('stroke-linecap', 'round');
    path.setAttribute('stroke-linejoin', 'round');
    svg.append(path);
  }
  return svg;
}

/** Replaces the icon of a control if it differs. */
export function setIcon(control: Element, name: IconName): void {
  const shown = control.querySelector<SVGSVGElement>('svg');
  if (shown?.dataset['icon'] === name) return;
  const next = icon(name, Number(shown?.getAttribute('width') ?? 22));
  if (shown) shown.replaceWith(next);
  else control.prepend(next);
}

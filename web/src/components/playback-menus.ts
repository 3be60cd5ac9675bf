/** The menus for speed, quality, subtitles and audio track. */
import type { AudioTrack, Rendition, SessionSnapshot, TextTrack } from 'playhead-sdk';
import { element, setAttribute, setShown } from '../dom.js';
import type { RoomContext, RoomPart } from './room-context.js';

const RATES = [0.5, 0.75, 1, 1.25, 1.5, 2];
const OFF = '';

interface Option {
  value: string;
  label: string;
}

interface Menu {
  element: HTMLElement;
  show(options: Option[], value: string, usable: boolean): void;
}

/** Native selects, which keyboards, phones and screen readers handle well. */
export function createPlaybackMenus({ session, control, mayControl, explain }: RoomContext): RoomPart {
  const rate = createMenu('Speed', 'rate', (value) => control(() => session.setRate(Number(value))));
  const quality = createMenu('Quality', 'quality', (value) => control(() => session.changeQuality(value)));
  const subtitle = createMenu('Subtitles', 'subtitle', (value) =>
    control(() => session.changeSubtitle(value === OFF ? null : value)),
  );
  const audio = createMenu('Audio track', 'audio', (value) => control(() => session.changeAudio(value)));

  function createMenu(label: string, testid: string, choose: (value: string) => Promise<boolean>): Menu {
    const select = element('select', { class: 'menu-select', 'data-testid': testid });
    const menu = element('label', { class: 'menu' }, element('span', { class: 'menu-label' }, label), select);
    let current = OFF;
    let drawn = '';
    select.addEventListener('change', () => {
      const value = select.value;
      // The room's state decides what the menu shows, so a rejected choice is undone.
      void choose(value).then((done) => {
        if (!done) select.value = current;
      });
    });
    // A guest's press shows an explanation instead of opening the menu.
    for (const type of ['mousedown', 'keydown'] as const) {
      select.addEventListener(type, (event) => {
        if (mayControl() || (event instanceof KeyboardEvent && ['Tab', 'Shift', 'Escape'].includes(event.key))) return;
        event.preventDefault();
        if (event instanceof MouseEvent || event.key === 'Enter' || event.key === ' ') explain();
      });
    }
    return {
      element: menu,
      show(options, value, usable) {
        setShown(menu, usable);
        setAttribute(select, 'aria-disabled', mayControl() ? null : 'true');
        const next = JSON.stringify(options);
        if (next !== drawn)
          select.replaceChildren(...options.map((option) => element('option', { value: option.value }, option.label)));
        if (next !== drawn || value !== current) select.value = value;
        drawn = next;
        current = value;
      },
    };
  }

  return {
    element: element('div', { class: 'menus' }, rate.element, quality.element, subtitle.element, audio.element),
    update({ room }) {
      const { media, playback } = room;
      // Players show forced subtitles unasked.
      const offered = (media?.text_tracks ?? []).filter(({ kind }) => kind !== 'forced');
      rate.show(rateOptions(playback.rate), String(playback.rate), media !== null && (!media.live || media.edge_at_ms !== undefined));
      quality.show(qualityOptions(media?.renditions ?? []), playback.rendition, (media?.renditions.length ?? 0) > 1);
      subtitle.show(
        subtitleOptions(offered, media?.renditions ?? []),
        playback.text_track ?? OFF,
        offered.length > 0,
      );
      const audios = audioOptions(media?.audio_tracks ?? [], media?.renditions ?? []);
      audio.show(audios, currentAudio(room), (media?.audio_tracks.length ?? 0) > 1);
    },
  };
}

function rateOptions(current: number): Option[] {
  const rates = RATES.includes(current) ? RATES : [...RATES, current].sort((a, b) => a - b);
  return rates.map((rate) => ({ value: String(rate), label: rate === 1 ? 'Normal' : `${rate}×` }));
}

function qualityOptions(renditions: readonly Rendition[]): Option[] {
  const best = [...renditions].sort(
    (a, b) => (linesOf(b) ?? 0) - (linesOf(a) ?? 0) || (b.bitrate_bps ?? 0) - (a.bitrate_bps ?? 0),
  );
  const heights = best.map(linesOf);
  return [
    { value: 'auto', label: 'Auto' },
    ...best.map((rendition) => {
      const twin = heights.filter((lines) => lines === linesOf(rendition)).length > 1;
      return { value: rendition.id, label: qualityLabel(rendition, twin) };
    }),
  ];
}

function qualityLabel(rendition: Rendition, withBitrate: boolean): string {
  const bitrate = rendition.bitrate_bps == null ? null : `${(rendition.bitrate_bps / 1_000_000).toFixed(1)} Mbit/s`;
  const lines = linesOf(rendition);
  if (lines === null) return bitrate ?? rendition.id;
  return withBitrate && bitrate !== null ? `${lines}p · ${bitrate}` : `${lines}p`;
}

/** The shorter side of the picture, by which people name qualities. */
function linesOf({ width, height }: Rendition): number | null {
  return height == null ? null : Math.min(width ?? height, height);
}

function subtitleOptions(tracks: readonly TextTrack[], renditions: readonly Rendition[]): Option[] {
  const name = (track: TextTrack) => (track.kind === 'captions' ? `${track.label} (captions)` : track.label);
  return [{ value: OFF, label: 'Off' }, ...trackOptions(tracks, name, renditions)];
}

function audioOptions(tracks: readonly AudioTrack[], renditions: readonly Rendition[]): Option[] {
  return trackOptions(tracks, (track) => track.label, renditions);
}

/** Tracks of one name get a number, and those that not all qualities have say which have them. */
function trackOptions<T extends { id: string; renditions?: string[] }>(
  tracks: readonly T[],
  name: (track: T) => string,
  renditions: readonly Rendition[],
): Option[] {
  const counts = new Map<string, number>();
  return tracks.map((track) => {
    const label = name(track);
    const count = (counts.get(label) ?? 0) + 1;
    counts.set(label, count);
    const having = renditions.filter(({ id }) => track.renditions?.includes(id));
    const only = having.length > 0 ? ` – ${having.map((one) => qualityLabel(one, false)).join(', ')} only` : '';
    return { value: track.id, label: `${count > 1 ? `${label} (${count})` : label}${only}` };
  });
}

function currentAudio({ media, playback }: SessionSnapshot): string {
  return (
    playback.audio_track ?? (media?.audio_tracks.find((track) => track.default) ?? media?.audio_tracks[0])?.id ?? OFF
  );
}

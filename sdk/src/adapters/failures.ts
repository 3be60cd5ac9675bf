// Failures that only code finds which is fetched later.

import type { AdapterEvent } from './adapter.js';
import { MIXED_SENTENCE } from './mixed.js';

export const CORS_MISSING: AdapterEvent = { type: 'error', code: 'cors_missing', detail: 'the media server refuses this page' };
export const DECODE_FAILED: AdapterEvent = { type: 'error', code: 'decode_failed', detail: 'the media could not be decoded' };
export const MIXED_CONTENT: AdapterEvent = { type: 'error', code: 'mixed_content', detail: `${MIXED_SENTENCE} Another link may work.` };
export const PART_UNREACHABLE: AdapterEvent = { type: 'error', code: 'part_unreachable', detail: 'a part of the media could not be loaded' };

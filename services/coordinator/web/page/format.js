// SPDX-License-Identifier: Apache-2.0
// Numbers for people: three significant digits with an SI prefix. A value that is not there is a dash, never 0.
const PREFIXES = [[1e18, 'E'], [1e15, 'P'], [1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e3, 'k'], [1, ''],
  [1e-3, 'm'], [1e-6, 'µ'], [1e-9, 'n']];

export const DASH = '–';

function digits(value) {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}

export function si(value, unit) {
  if (!Number.isFinite(value)) return DASH;
  if (value === 0) return `0 ${unit}`;
  const [factor, prefix] = PREFIXES.find(([f]) => Math.abs(value) >= f * 0.9995) ?? PREFIXES.at(-1);
  return `${digits(value / factor)} ${prefix}${unit}`;
}

export const seconds = (value) => si(value, 's');
export const bytes = (value) => si(value, 'B');
export const percent = (ratio) => (ratio === 0 ? '0 %' : Number.isFinite(ratio) ? `${digits(ratio * 100)} %` : DASH);
export const times = (ratio) => (Number.isFinite(ratio) ? `${ratio >= 100 ? ratio.toFixed(0) : ratio.toPrecision(3)}×` : DASH);
export const scientific = (value) => (Number.isFinite(value) ? (value === 0 ? '0' : value.toExponential(1)) : DASH);

// "2.05–2.13": an interval in the unit its middle is shown in.
export function interval(low, high, middle) {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return '';
  const [factor] = PREFIXES.find(([f]) => Math.abs(middle) >= f * 0.9995) ?? PREFIXES.at(-1);
  return `${digits(low / factor)} – ${digits(high / factor)}`;
}

// Length of time in the two largest units: "1 h 4 min", "38 s".
export function span(total) {
  if (!Number.isFinite(total) || total < 0) return DASH;
  const s = Math.round(total);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

// "5 min ago": the largest unit only.
export function ago(time) {
  if (!time) return '';
  const s = Math.max(0, Math.round((Date.now() - Date.parse(time)) / 1000));
  const [size, unit] = [[86400, 'd'], [3600, 'h'], [60, 'min']].find(([length]) => s >= length) ?? [1, 's'];
  return `${Math.floor(s / size)} ${unit} ago`;
}

// JOB_STATE_RUNNING with prefix JOB_STATE_ is "running".
export const word = (name, prefix) => (name ?? '').replace(prefix, '').toLowerCase().replaceAll('_', ' ');

// protobuf's JSON writes 64-bit integers as strings; absent fields are undefined.
export const number = (value) => (value === undefined || value === null || value === '' ? NaN : Number(value));

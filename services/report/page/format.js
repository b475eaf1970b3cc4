// SPDX-License-Identifier: Apache-2.0
// Numbers for people: three significant digits with a unit. What is absent is a dash, never 0.
const dash = '–';

const digits = (value) => (value === 0 ? '0' : Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3));

function scaled(value, steps) {
  const magnitude = Math.abs(value);
  const step = steps.find(([size]) => magnitude >= size * 0.9995) ?? steps[steps.length - 1];
  return `${digits(value / step[0])}\u00a0${step[1]}`;  // number and unit stay on one line
}

const known = (value) => typeof value === 'number' && Number.isFinite(value);
const unit = (steps, zero) => (value) => (!known(value) ? dash : value === 0 ? zero : scaled(value, steps));

export const seconds = unit([[1, 's'], [1e-3, 'ms'], [1e-6, 'µs'], [1e-9, 'ns']], '0 s');
export const bytes = unit([[2 ** 40, 'TiB'], [2 ** 30, 'GiB'], [2 ** 20, 'MiB'], [1024, 'KiB'], [1, 'B']], '0 B');
export const flops = unit([[1e15, 'PFLOP'], [1e12, 'TFLOP'], [1e9, 'GFLOP'], [1e6, 'MFLOP'], [1e3, 'kFLOP'], [1, 'FLOP']], '0 FLOP');
export const joules = unit([[1, 'J'], [1e-3, 'mJ'], [1e-6, 'µJ']], '0 J');
export const rate = (value) => (known(value) ? `${flops(value)}/s` : dash);
export const percent = (share) => (known(share) ? `${share >= 0.9995 ? digits(share * 100).replace('.00', '').replace('.0', '') : digits(share * 100)}\u00a0%` : dash);
export const times = (ratio) => (known(ratio) ? `${digits(ratio)}×` : dash);
export const scientific = (value) => (known(value) ? (value === 0 ? '0' : value.toExponential(1)) : dash);
export const count = (value) => (known(value) ? (value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)))) : dash);

// On an axis, where values are round.
export const round = (text) => (value) => text(value).replace(/\.0+(?=\D|$)/, '');

// "1.23 ms [1.22 ms, 1.25 ms]"; nothing behind the middle where both ends equal it.
export function interval({ value, low, high } = {}, text) {
  const spread = known(low) && known(high) && (low !== value || high !== value);
  return spread ? `${text(value)} [${text(low)}, ${text(high)}]` : text(value);
}

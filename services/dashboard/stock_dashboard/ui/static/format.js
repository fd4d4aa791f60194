// Numbers and ages as text.py writes them.
const MINUS = "\u2212", NONE = "–";

const places = (price) => (Math.abs(price) >= 1 ? 2 : 4);
// Made once for each number of digits: toLocaleString makes one for each number.
const formats = new Map();
const format = (digits) => {
  if (!formats.has(digits)) formats.set(digits, new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }));
  return formats.get(digits);
};
const fixed = (value, digits) => format(digits).format(Math.abs(value));
const price = (value) => (value == null ? NONE : (value < 0 ? MINUS : "") + fixed(value, places(value)));
const way = (value) => (value == null || value === 0 ? "flat" : value > 0 ? "up" : "down");
const arrow = (value) => ({ up: "▲", down: "▼", flat: "■" })[way(value)];
const signed = (value, digits, unit = "") => {
  if (value == null) return NONE;
  const body = fixed(value, digits);
  return (Number(body.replaceAll(",", "")) === 0 ? "" : value > 0 ? "+" : MINUS) + body + unit;
};
const short = (value) => {
  if (value == null) return NONE;
  for (const [least, scale, letter] of [[1e12, 1e12, "T"], [1e9, 1e9, "B"], [1e6, 1e6, "M"], [1e4, 1e3, "k"]]) if (value >= least) return fixed(value / scale, 2) + letter;
  return fixed(value, 0);
};
const age = (seconds) => {
  if (seconds == null) return NONE;
  if (seconds < 1) return "now";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  if (minutes < 2880) return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} min`;
  return `${Math.floor(minutes / 1440)} d`;
};

// The columns a table can have: name → heading, class, how the cell is written ([content, extra class, is markup]) and whether it sorts.
// A line covers this share of the price at least: a cent is no mountain.
const LEAST_SPAN = 0.002;

function line(points, previous) {
  if (!points || points.length < 2) return "";
  const least = Math.min(...points), most = Math.max(...points), span = Math.max(most - least, Math.abs(most) * LEAST_SPAN) || 1;
  const low = (least + most - span) / 2, high = low + span;
  const y = (value) => (20 - ((value - low) / span) * 18).toFixed(1);
  const path = points.map((value, i) => `${i ? "L" : "M"}${((i / (points.length - 1)) * 96).toFixed(1)} ${y(value)}`).join("");
  const base = previous != null && previous >= low && previous <= high ? `<line x1="0" x2="96" y1="${y(previous)}" y2="${y(previous)}"/>` : "";
  return `<svg viewBox="0 0 96 22" preserveAspectRatio="none" aria-hidden="true">${base}<path d="${path}"/></svg>`;
}

function reach(row) {
  const span = row.high - row.low;
  if (row.high == null || row.low == null || span <= 0) return [NONE, "", false];
  const place = Math.min(100, Math.max(0, ((row.price - row.low) / span) * 100));
  return [`<span class="reach" title="${price(row.low)} to ${price(row.high)}"><i style="left:${place.toFixed(0)}%"></i></span>`, "", true];
}

// A line has the colour of its own way: it begins where the prices begin, not at the previous close.
const drift = (points) => (points?.length ? points[points.length - 1] - points[0] : null);

// What is shown as 0.00 has no direction.
const shownAs = (value, digits) => (value == null || Number(Math.abs(value).toFixed(digits)) === 0 ? 0 : value);
const marked = (value, digits, unit) => [`<span class="mark">${arrow(shownAs(value, digits))}</span>${signed(value, digits, unit)}`, way(shownAs(value, digits)), true];
const plain = (name) => (row) => [row[name] ?? NONE, "", false];
const quiet = (name) => (row) => [price(row[name]), "mute", false];
const between = (low, high) => (row) => [row[low] == null ? NONE : `${signed(row[low], 2, "%")} … ${signed(row[high], 2, "%")}`, "mute", false];

const COLUMNS = {
  symbol: { label: "Symbol", kind: "left" },
  spark: { label: "Day", kind: "centre", cell: (row) => [line(row.spark, row.previous), way(drift(row.spark)), true], fixed: true },
  price: { label: "Last", kind: "last", cell: (row) => [`<span>${price(row.price)}</span>${row.unit ? ` <small>${row.unit}</small>` : ""}`, "", true], down: true },
  change: { label: "Change", kind: "mid", cell: (row) => marked(row.change, places(row.price), ""), down: true },
  percent: { label: "Change %", kind: "", cell: (row) => marked(row.percent, 2, "%"), down: true },
  reach: { label: "Day’s range", kind: "wide centre", cell: reach },
  open: { label: "Open", kind: "wide", cell: quiet("open") },
  previous: { label: "Prev. close", kind: "mid", cell: quiet("previous") },
  volume: { label: "Volume", kind: "mid", cell: (row) => [short(row.volume), "", false], down: true },
  turnover: { label: "Value traded", kind: "mid", cell: (row) => [short(row.turnover), "", false], down: true },
  at: { label: "Age", kind: "", down: true },
  session: { label: "Session", kind: "wide left", cell: plain("session") },
  when: { label: "When", kind: "left stamp", cell: plain("when"), by: "at", down: true },
  rule: { label: "Rule", kind: "mid left", cell: plain("rule") },
  severity: { label: "Severity", kind: "wide left", cell: plain("severity") },
  alerted: { label: "Price then", kind: "mid", cell: quiet("alerted") },
  since: { label: "Since then", kind: "", cell: (row) => marked(row.since, 2, "%"), down: true },
  swing: { label: "Low … high since", kind: "wide", cell: between("lowest", "highest"), fixed: true },
  message: { label: "What happened", kind: "left long", cell: plain("message") },
};

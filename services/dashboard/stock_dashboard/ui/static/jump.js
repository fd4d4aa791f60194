// A letter typed on any page begins a jump to a symbol: those opened last come first, Enter opens the first.
const RECENT = "stock-recent", KEPT = 8, SHOWN = 8;
const fields = new WeakMap();

function recent() {
  try { return JSON.parse(localStorage.getItem(RECENT) ?? "[]").filter((name) => typeof name === "string").slice(0, KEPT); } catch { return []; }
}

function remember(symbol) {
  const names = [symbol, ...recent().filter((name) => name !== symbol)].slice(0, KEPT);
  try { localStorage.setItem(RECENT, JSON.stringify(names)); } catch { /* a browser that keeps nothing */ }
}

function found(field) {
  const word = field.input.value.trim().toUpperCase(), latest = recent().filter((name) => name !== field.current);
  if (!word) return latest;
  const names = [...new Set([...latest, ...field.symbols])];
  const begins = names.filter((name) => name.startsWith(word)), within = names.filter((name) => name.indexOf(word) > 0);
  const exact = begins.includes(word) ? [word] : [];
  return [...new Set([...exact, ...begins, ...within])].slice(0, SHOWN);
}

function draw(field) {
  const names = field.open ? found(field) : [];
  field.place = Math.min(field.place, Math.max(0, names.length - 1));
  field.list.hidden = !names.length;
  field.input.ariaExpanded = String(names.length > 0);
  field.list.replaceChildren(...names.map((name, place) => {
    const item = document.createElement("li");
    item.role = "option";
    item.id = `jump-${place}`;
    item.ariaSelected = String(place === field.place);
    item.textContent = name;
    item.onpointerdown = (event) => { event.preventDefault(); pick(field, name); };
    return item;
  }));
  field.input.setAttribute("aria-activedescendant", names.length ? `jump-${field.place}` : "");
}

function close(field) {
  Object.assign(field, { open: false, place: 0 });
  field.input.value = "";
  draw(field);
}

function pick(field, name) {
  close(field);
  field.input.blur();
  choose("Symbol", { symbol: name });
}

function pressed(field, event) {
  const names = found(field), step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) { event.preventDefault(); field.place = Math.min(names.length - 1, Math.max(0, field.place + step)); draw(field); }
  if (event.key === "Enter" && (names.length || field.input.value.trim())) pick(field, names[field.place] ?? field.input.value.trim().toUpperCase());
  if (event.key === "Escape") { close(field); field.input.blur(); }
}

function start(root) {
  const field = { input: root.querySelector("input"), list: root.querySelector("ul"), open: false, place: 0, symbols: [] };
  field.input.onfocus = () => { field.open = true; draw(field); };
  field.input.onblur = () => close(field);
  field.input.oninput = () => { field.place = 0; draw(field); };
  field.input.onkeydown = (event) => pressed(field, event);
  const letter = (event) => {
    if (!/^[a-z]$/i.test(event.key) || typing(event)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    field.input.focus();
    field.input.value = event.key;
    draw(field);
  };
  document.addEventListener("keydown", letter, true);
  field.forget = () => document.removeEventListener("keydown", letter, true);
  return field;
}

export default function ({ data, parentElement }) {
  let field = fields.get(parentElement);
  if (!field) fields.set(parentElement, (field = start(parentElement)));
  Object.assign(field, { symbols: data.symbols, current: data.current });
  if (data.current) remember(data.current);
  draw(field);
  return whenGone(parentElement, () => { field.forget(); fields.delete(parentElement); });
}

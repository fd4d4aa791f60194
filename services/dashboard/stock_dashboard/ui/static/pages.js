// The keys 1 to 9 open the pages, in their order; not while something is being typed.
export default function () {
  const press = (event) => {
    const target = event.composedPath()[0];
    if (event.ctrlKey || event.metaKey || event.altKey || target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
    const place = "123456789".indexOf(event.key);
    if (event.key.length === 1 && place >= 0) document.querySelectorAll(".st-key-pages button")[place]?.click();
  };
  document.addEventListener("keydown", press);
  return () => document.removeEventListener("keydown", press);
}

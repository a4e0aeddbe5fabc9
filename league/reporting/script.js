"use strict";
// Games: one position at a time, by buttons or arrow keys. Without this script all positions are shown in a row.
for (const replay of document.querySelectorAll(".replay")) {
  const frames = [...replay.querySelectorAll(".frames > li")];
  const bar = document.createElement("div");
  const place = document.createElement("span");
  let now = 0;
  const show = (next) => {
    now = Math.max(0, Math.min(frames.length - 1, next));
    frames.forEach((frame, k) => { frame.hidden = k !== now; });
    place.textContent = `position ${now + 1} of ${frames.length}`;
    buttons.forEach(([button, to]) => { button.disabled = to() === now || to() < 0 || to() >= frames.length; });
  };
  const button = (words, label, to) => {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = words;
    made.setAttribute("aria-label", label);
    made.addEventListener("click", () => show(to()));
    bar.append(made);
    return [made, to];
  };
  const buttons = [
    button("|◀", "first position", () => 0),
    button("◀ back", "position before", () => now - 1),
    button("next ▶", "next position", () => now + 1),
    button("▶|", "last position", () => frames.length - 1),
  ];
  bar.className = "bar";
  place.setAttribute("aria-live", "polite");
  bar.append(place);
  replay.querySelector(".frames").before(bar);
  replay.classList.add("stepping");
  replay.tabIndex = 0;
  replay.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: frames.length - 1 };
    if (event.key in steps) { show(steps[event.key]); event.preventDefault(); }
  });
  show(0);
}
for (const hint of document.querySelectorAll(".scripted")) hint.hidden = false;
// Tables: sorted by the column whose heading is pressed.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const numeric = heading.classList.contains("number");
      const down = heading.getAttribute("aria-sort") === (numeric ? "descending" : "ascending") ? !numeric : numeric;
      const key = (row) => row.cells[column].dataset.v ?? row.cells[column].textContent;
      const order = (a, b) => {
        const [x, y] = [key(a), key(b)];
        if (!numeric) return x.localeCompare(y, undefined, { numeric: true });
        if (x === "" || y === "") return (x === "") === (y === "") ? 0 : (x === "") === down ? -1 : 1;
        return Number(x) - Number(y);
      };
      body.append(...[...body.rows].sort((a, b) => (down ? -1 : 1) * order(a, b)));
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    });
  });
}

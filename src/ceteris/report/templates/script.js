"use strict";

// Everything here only makes the page handier; without it, all is still there to be read.

const say = (table, words) => { table.querySelector(".said").textContent = words; };

function key(row, column) {
  const cell = row.cells[column];
  return "key" in cell.dataset ? Number(cell.dataset.key) : cell.textContent.trim();
}

// Numbers before words, words as a reader would sort them, cells without anything last, whatever the direction.
function compare(first, second, turn) {
  const isEmpty = (value) => value === "\u2013" || value === "";
  if (isEmpty(first) || isEmpty(second)) return isEmpty(first) - isEmpty(second);
  if (typeof first !== typeof second) return typeof first === "number" ? -1 : 1;
  const order = typeof first === "number" ? first - second : first.localeCompare(second, "en", { numeric: true });
  return turn * order;
}

function makeSortable(table) {
  const body = [...table.querySelectorAll("tbody")].pop();
  const original = [...body.rows];
  const heads = [...table.querySelectorAll("thead th")];
  heads.forEach((head, column) => {
    const title = head.textContent.trim();
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const next = { ascending: "descending", descending: "" }[head.getAttribute("aria-sort")] ?? "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      const rows = [...original];
      if (next) {
        head.setAttribute("aria-sort", next);
        const turn = next === "ascending" ? 1 : -1;
        rows.sort((first, second) => compare(key(first, column), key(second, column), turn));
      }
      body.append(...rows);
      say(table, next ? `Sorted by ${title}, ${next}.` : "In the order of the study.");
    });
  });
}

function makeFilterable(table, form) {
  const rows = [...[...table.querySelectorAll("tbody")].pop().rows];
  const search = form.querySelector("input[type=search]");
  const boxes = [...form.querySelectorAll("input[type=checkbox]")];
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = boxes.filter((box) => box.checked).map((box) => box.value);
    let shown = 0;
    rows.forEach((row) => {
      const text = row.textContent.toLowerCase();
      const verdict = row.querySelector(".verdict");
      const isWanted = !verdict || wanted.some((tag) => verdict.classList.contains(tag));
      row.hidden = !(isWanted && words.every((word) => text.includes(word)));
      shown += !row.hidden;
    });
    say(table, shown === rows.length ? "" : `${shown} of ${rows.length} variations shown.`);
  };
  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
}

function makeCopyable(table, copy) {
  const button = copy.querySelector("button");
  const area = copy.querySelector("textarea");
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(area.value);
      say(table, "Copied.");
    } catch {
      // A page from the file system may not be allowed to: the reader copies what is selected.
      area.focus();
      area.select();
      say(table, "The text is selected: press Ctrl+C, or Command+C on a Mac.");
    }
  });
}

document.querySelectorAll(".table").forEach((table) => {
  if ("sortable" in table.dataset) makeSortable(table);
  const form = table.querySelector("form.filter");
  if (form) makeFilterable(table, form);
  table.querySelectorAll(".copy").forEach((copy) => makeCopyable(table, copy));
});

// Above what is wider than its box it is said in words how to see the rest.
const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => {
  target.previousElementSibling.hidden = target.scrollWidth <= target.clientWidth + 1;
}));
document.querySelectorAll(".scroll").forEach((box) => {
  const cue = document.createElement("p");
  cue.className = "cue";
  cue.hidden = true;
  cue.textContent = "Scroll sideways to see all of it \u2192";
  box.before(cue);
  sizes.observe(box);
});

// On paper nothing can be opened: folded tables are open there, and all words are explained once, at the end.
const folded = () => document.querySelectorAll("details.more");
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...folded()].filter((one) => !one.open);
  opened.forEach((one) => { one.open = true; });
});
addEventListener("afterprint", () => opened.forEach((one) => { one.open = false; }));

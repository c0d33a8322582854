// Searches the page. `/` goes to the field, arrows go through what is found, Escape shows everything again.
"use strict";
const field = document.getElementById("search");
const entries = [...document.querySelectorAll("details")];
const texts = new Map(entries.map((entry) => [entry, (entry.id + " " + entry.textContent).toLowerCase()]));

function search() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const entry of entries) {
    entry.hidden = !words.every((word) => texts.get(entry).includes(word));
  }
  for (const section of document.querySelectorAll("section")) {
    section.hidden = !section.querySelector("details:not([hidden])");
  }
  document.getElementById("nothing").hidden = entries.some((entry) => !entry.hidden);
}

// A link leads to what it names, found or not, and opens it.
function show() {
  const entry = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (entry instanceof HTMLDetailsElement) {
    if (entry.hidden) {
      field.value = "";
      search();
    }
    entry.open = true;
    entry.scrollIntoView();
  }
}

function step(by) {
  const found = entries.filter((entry) => !entry.hidden).map((entry) => entry.firstElementChild);
  const next = found.indexOf(document.activeElement) + by;
  (next < 0 ? field : found[Math.min(next, found.length - 1)])?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/" && document.activeElement !== field) {
    field.select();
  } else if (event.key === "Escape") {
    field.value = "";
    search();
    field.focus();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    step(event.key === "ArrowDown" ? 1 : -1);
  } else {
    return;
  }
  event.preventDefault();
});
field.addEventListener("input", search);
addEventListener("hashchange", show);
search();
show();

"use strict";
(() => {
  const bar = document.querySelector(".bar");
  const part = (name) => bar.querySelector("." + name);
  const [lens, current, position, order, command, done] =
    ["lens", "current", "position", "order", "command", "done"].map(part);
  const svg = "http://www.w3.org/2000/svg";
  const edits = [...document.querySelectorAll("main .edit")];
  const listed = new Map([...document.querySelectorAll("li[data-n]")].map((item) => [item.dataset.n, item]));
  const places = new Map([...document.querySelectorAll(".place")].map((place) => [place.dataset.n, place]));
  const boxOf = (element) => element.dataset.box?.split(" ").map(Number);
  const pageOf = (element) => element.closest(".page");
  const boxes = new Map([...document.querySelectorAll("input.back")].map((box) => [box.value, box]));
  const taken = new Set();
  let at = -1;
  let now = [];

  document.documentElement.classList.add("js");
  bar.hidden = !edits.length;
  for (const box of boxes.values()) {
    box.hidden = false;
    box.checked = false;
  }

  // The place on the scan.
  let hovered = null;
  function point(element) {
    if (hovered) hovered.remove();
    hovered = null;
    const sheet = element && pageOf(element)?.querySelector(".sheet svg");
    const box = element && boxOf(element);
    if (!sheet || !box) return;
    reveal(sheet, box);
    // The edit that is stepped to is marked there already.
    if (element === edits[at]) return;
    hovered = document.createElementNS(svg, "rect");
    hovered.setAttribute("class", "here");
    const margin = 0.15 * box[3];
    const corners = [box[0] - margin, box[1] - margin, box[2] + 2 * margin, box[3] + 2 * margin];
    ["x", "y", "width", "height"].forEach((side, index) => hovered.setAttribute(side, corners[index]));
    sheet.append(hovered);
  }

  // Only the picture's own frame is scrolled, never the page under the reader's eyes.
  function reveal(sheet, box) {
    const frame = sheet.closest(".scan");
    const scale = sheet.clientWidth / sheet.viewBox.baseVal.width;
    const [left, top] = [box[0] * scale, box[1] * scale];
    const [right, bottom] = [left + box[2] * scale, top + box[3] * scale];
    if (top < frame.scrollTop || bottom > frame.scrollTop + frame.clientHeight)
      frame.scrollTop = top - frame.clientHeight / 3;
    if (left < frame.scrollLeft || right > frame.scrollLeft + frame.clientWidth)
      frame.scrollLeft = left - frame.clientWidth / 3;
  }

  const main = document.querySelector("main");
  const pointed = (event) => point(event.target.closest("main [data-box]") ?? edits[at]);
  main.addEventListener("pointerover", pointed);
  main.addEventListener("focusin", pointed);
  main.addEventListener("pointerleave", () => point(edits[at]));

  // Stepping.
  function go(to, { scroll = true, focus = true } = {}) {
    if (!edits.length) return;
    for (const each of now) each.classList.remove("now");
    at = (to + edits.length) % edits.length;
    const edit = edits[at];
    const item = listed.get(edit.dataset.n);
    now = [edit, item, places.get(edit.dataset.n)].filter(Boolean);
    for (const each of now) each.classList.add("now");
    if (focus) edit.focus({ preventScroll: true });
    if (scroll) edit.scrollIntoView({ block: "center" });
    tell();
    current.replaceChildren(...[...item.querySelectorAll(".change, .why")].flatMap((each) => [each.cloneNode(true), " "]));
    // The place as scanned, so that it can be read where picture and text do not stand side by side.
    lens.replaceChildren(...[...item.querySelectorAll(".crop")].map((crop) => crop.cloneNode()));
    point(edit);
  }

  function tell() {
    position.textContent = `${at < 0 ? "–" : at + 1} / ${edits.length}`;
    part("this").checked = at >= 0 && taken.has(edits[at].dataset.n);
    part("this").disabled = at < 0;
    order.hidden = !taken.size;
    const numbers = [...taken].map(Number).sort((one, other) => one - other);
    command.textContent = `ocrwatchd edits ${quoted(receipt())} --revert ${numbers.join(" ")}`;
    done.textContent = "";
  }

  function take(edit, back) {
    const number = edit.dataset.n;
    if (back) taken.add(number);
    else taken.delete(number);
    boxes.get(number).checked = back;
    edit.classList.toggle("taken", back);
    tell();
  }

  // NAME.json beside this very file, whatever that was called when it was delivered: bytes, for a name need not be UTF-8.
  function receipt() {
    const coded = new TextEncoder().encode(location.pathname.split("/").pop());
    let name = "";
    for (let index = 0; index < coded.length; index++) {
      const hex = /^%([0-9a-f]{2})/i.exec(String.fromCharCode(...coded.slice(index, index + 3)));
      name += String.fromCharCode(hex ? parseInt(hex[1], 16) : coded[index]);
      if (hex) index += 2;
    }
    name = (name.replace(/\.review\.html$/i, "") || "NAME") + ".json";
    // What begins with a dash is no option.
    return [...(name.startsWith("-") ? "./" + name : name)].map((byte) => byte.charCodeAt(0));
  }

  // As a shell takes it, whatever the name holds; what cannot be seen is spelled out.
  function quoted(bytes) {
    let text = null;
    try {
      text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(new Uint8Array(bytes));
    } catch {}
    if (text !== null && /^[\w@%+=:,./-]+$/.test(text)) return text;
    if (text !== null && !/[\p{C}\p{Zl}\p{Zp}]/u.test(text)) return `'${text.replaceAll("'", "'\\''")}'`;
    const spelled = bytes.map((byte) =>
      byte < 0x20 || byte > 0x7e || byte === 0x27 || byte === 0x5c
        ? "\\x" + byte.toString(16).padStart(2, "0")
        : String.fromCharCode(byte));
    // A hexadecimal escape takes two digits in bash and zsh, so that what follows is never taken along.
    return `$'${spelled.join("")}'`;
  }

  function copy() {
    const told = (worked) => {
      done.textContent = worked ? bar.dataset.copied : bar.dataset.notCopied;
    };
    const byHand = () => {
      const range = document.createRange();
      range.selectNodeContents(command);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      told(document.execCommand("copy"));
    };
    if (navigator.clipboard) navigator.clipboard.writeText(command.textContent).then(() => told(true), byHand);
    else byHand();
  }

  part("previous").addEventListener("click", () => go(at < 0 ? -1 : at - 1));
  part("next").addEventListener("click", () => go(at + 1));
  part("copy").addEventListener("click", copy);
  part("this").addEventListener("change", () => take(edits[at], part("this").checked));
  const numbered = (number) => edits.findIndex((edit) => edit.dataset.n === number);
  main.addEventListener("change", (event) => {
    if (!event.target.matches(".back")) return;
    const index = numbered(event.target.value);
    take(edits[index], event.target.checked);
    go(index, { scroll: false, focus: false });
  });
  main.addEventListener("click", (event) => {
    const chosen = event.target.closest("main .edit, .place, .number");
    if (!chosen) return;
    event.preventDefault();
    const number = chosen.dataset.n ?? chosen.textContent;
    go(numbered(number), { scroll: !chosen.matches(".edit") });
  });
  document.addEventListener("keydown", (event) => {
    if (!part("listen").checked || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input:not([type=checkbox]), textarea, select")) return;
    if (event.key === "n") go(at + 1);
    else if (event.key === "p") go(at < 0 ? -1 : at - 1);
    else if (event.key === "x" && at >= 0) take(edits[at], !part("this").checked);
    else return;
    event.preventDefault();
  });

  for (const button of document.querySelectorAll(".zoom")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const large = button.nextElementSibling.classList.toggle("large");
      button.setAttribute("aria-pressed", large);
      button.textContent = large ? "\u2212" : "+";
    });
  }

  for (const page of new Set(edits.map((edit) => pageOf(edit).id)))
    document.querySelector(`.pages a[href="#${page}"]`)?.classList.add("marked");
  tell();
})();

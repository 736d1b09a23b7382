// Times and numbers as people read them.
const UNITS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const exactly = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "medium" });
const day = new Intl.DateTimeFormat("en", { dateStyle: "medium" });
const whole = new Intl.NumberFormat("en");

/** "3 minutes ago", "in 5 days". */
export function ago(time, now = Date.now()) {
  const seconds = (new Date(time) - now) / 1000;
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  if (unit === "second") return seconds > 0 ? "in less than a minute" : "just now";
  return relative.format(Math.trunc(seconds / size), unit);
}

/** "Nov 21, 2026, 10:04:05 PM". */
export const exact = (time) => exactly.format(new Date(time));

/** "Nov 21, 2026". */
export const date = (time) => day.format(new Date(time));

/** "12,345". */
export const number = (value) => whole.format(value);

/** "1 token", "2 tokens". */
export const count = (value, noun) => `${number(value)} ${noun}${value === 1 ? "" : "s"}`;

/** A day, as an input has it, as the time of its start here. */
export const startOfDay = (text) => text && new Date(`${text}T00:00:00`).toISOString();

/** So many days before now. */
export const daysAgo = (days) => new Date(Date.now() - days * 86_400_000).toISOString();

/** "60 per minute". */
export function rate(limit, seconds) {
  const unit = { 1: "second", 60: "minute", 3600: "hour", 86400: "day" }[seconds];
  return `${number(limit)} per ${unit ?? `${number(seconds)} seconds`}`;
}

/** How many targets, and what of them. */
export function grants(value) {
  const targets = Object.values(value);
  const zones = targets.reduce((sum, zones) => sum + (zones === true ? 0 : zones.length), 0);
  return count(targets.length, "target") + (zones ? `, ${count(zones, "zone")}` : "");
}

/** What an event says happened. */
export const kind = (word) => word.replaceAll("_", " ");

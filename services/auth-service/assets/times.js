// Writes the times of a page as its reader counts them: calendar, digits, order and time zone. All words come from the page.
"use strict";

const { dates, months } = document.documentElement.dataset;

/** Day, month and year. Where browsers do not know the months' names, the page does. */
function day(at, zone) {
  if (!months) return new Intl.DateTimeFormat(dates, { dateStyle: "long", ...zone }).format(at);
  const parts = new Intl.DateTimeFormat(dates, { year: "numeric", month: "numeric", day: "numeric", ...zone }).formatToParts(at);
  const part = (wanted) => parts.find(({ type }) => type === wanted).value;
  const number = new Intl.DateTimeFormat(`${dates}-nu-latn`, { month: "numeric", ...zone }).formatToParts(at).find(({ type }) => type === "month").value;
  return `${part("day")} ${months.split(" ")[number - 1]} ${part("year")}`;
}

for (const time of document.querySelectorAll("time[datetime]")) {
  const at = new Date(time.dateTime);
  // A day without an hour is the same day wherever it is read.
  const isDay = !time.dateTime.includes("T");
  if (isDay) time.textContent = day(at, { timeZone: "UTC" });
  else if (months) time.textContent = `${day(at)}، ${new Intl.DateTimeFormat(dates, { timeStyle: "short" }).format(at)}`;
  else time.textContent = new Intl.DateTimeFormat(dates, { dateStyle: "long", timeStyle: "short" }).format(at);
  // As the server wrote them they are read from left to right.
  time.removeAttribute("dir");
}

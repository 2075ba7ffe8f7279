// Draws the charts: unpacks plotly, puts the page's colours in, follows the selector, the theme and the printer.
(async () => {
  "use strict";
  const root = document.documentElement;
  const charts = [...document.querySelectorAll(".chart")];
  const selector = document.getElementById("series");

  const fail = () => {
    document.getElementById("no-charts").hidden = false;
    charts.forEach((chart) => { chart.hidden = true; });
  };
  if (!window.DecompressionStream) return fail();

  const packed = document.getElementById("library");
  const bytes = Uint8Array.from(atob(packed.textContent), (letter) => letter.charCodeAt(0));
  packed.remove();
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const library = document.createElement("script");
  library.textContent = await new Response(stream).text();
  document.head.append(library);

  if (root.lang === "zh-CN") {
    const months = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map((month) => `${month}月`);
    const days = [..."日一二三四五六"];
    Plotly.register({
      moduleType: "locale", name: "zh-CN", dictionary: {},
      format: {
        months, shortMonths: months, days: days.map((day) => `星期${day}`), shortDays: days.map((day) => `周${day}`),
        date: "%Y-%m-%d", year: "%Y年", month: "%Y年%-m月", dayMonth: "%-m月%-d日", dayMonthYear: "%Y年%-m月%-d日",
      },
    });
  }

  const source = document.getElementById("figures").textContent;
  const narrow = () => window.innerWidth < 760;

  // A figure names CSS variables where plotly wants colours.
  const painted = () => {
    const style = getComputedStyle(root);
    return JSON.parse(source, (key, value) =>
      /color$/.test(key) && typeof value === "string" ? style.getPropertyValue(`--${value}`).trim() : value);
  };

  const layoutOf = (own, width) => {
    const style = getComputedStyle(root);
    const ink = (name) => style.getPropertyValue(`--${name}`).trim();
    const axis = (given, more, upright = false) => ({
      gridcolor: ink("rule"), linecolor: ink("rule"), zeroline: false, automargin: true, fixedrange: narrow(),
      tickfont: { color: ink("muted") }, ...more, ...given,
      title: given?.title && !(narrow() && upright) && { ...given.title, standoff: 8, font: { color: ink("muted"), size: 13 } },
    });
    return {
      ...own,
      width: root.classList.contains("printing") ? width : undefined, // nothing tells plotly of the paper's width
      font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: ink("ink") },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      margin: { l: 8, r: 14, t: 8, b: 8 },
      xaxis: axis(own.xaxis, { showgrid: false, nticks: narrow() ? 5 : 9 }),
      yaxis: axis(own.yaxis, { hoverformat: ",.5~r", nticks: 7 }, true),
      legend: {
        orientation: "h", x: 0, y: 1.02, xanchor: "left", yanchor: "bottom", bgcolor: "rgba(0,0,0,0)", font: { size: narrow() ? 12 : 13 },
      },
      hovermode: "x unified",
      hoverlabel: { bgcolor: ink("card"), bordercolor: ink("rule"), font: { color: ink("ink") } },
      dragmode: narrow() ? false : "zoom",
    };
  };

  const config = { displayModeBar: false, displaylogo: false, responsive: true, locale: root.lang };
  const draw = () => {
    const figures = painted();
    const series = selector ? Number(selector.value) : 0;
    const drawn = charts.map((chart) => {
      const several = figures[chart.dataset.figure];
      const figure = several.length > 1 ? several[series] : several[0];
      chart.hidden = !figure;
      return figure && Plotly.react(chart, figure.data, layoutOf(figure.layout, chart.clientWidth), config);
    });
    document.querySelectorAll("[data-series]").forEach((table) => {
      table.hidden = Number(table.dataset.series) !== series;
    });
    return Promise.all(drawn);
  };

  await draw();
  selector?.addEventListener("change", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  window.addEventListener("beforeprint", () => { root.classList.add("printing"); draw(); });
  window.addEventListener("afterprint", () => { root.classList.remove("printing"); draw(); });
  root.dataset.drawn = "true"; // for whoever looks on from outside
})();

/*
 * report_style.h
 *	  How a report looks; private to this folder.
 *
 * No character here has a meaning in HTML or XML besides ">".
 */
#ifndef MIGRATOR_WATCH_REPORT_STYLE_H
#define MIGRATOR_WATCH_REPORT_STYLE_H

#define REPORT_STYLE \
":root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --ink: #1c2530; --soft: #5b6875; --line: #dfe3e8;\n" \
"  --good: #2f7d4f; --good-soft: #e3f2e8; --bad: #b3261e; --bad-soft: #fbe6e4; --warn: #8a5a00; --warn-soft: #fcf0d6;\n" \
"  --open: #2459a9; --open-soft: #e4edfa; --idle: #65717e; --idle-soft: #eceff2; }\n" \
"@media (prefers-color-scheme: dark) { :root { --page: #12161b; --card: #1a2027; --ink: #e3e8ee; --soft: #9aa7b4; --line: #2e3741;\n" \
"  --good: #6fce94; --good-soft: #17301f; --bad: #ff9b92; --bad-soft: #3c1c1a; --warn: #eebd62; --warn-soft: #35290f;\n" \
"  --open: #8ab8f8; --open-soft: #16283f; --idle: #9aa7b4; --idle-soft: #262e37; } }\n" \
"* { box-sizing: border-box; }\n" \
"html { background: var(--page); color: var(--ink); font: 14px/1.45 system-ui, -apple-system, \"Segoe UI\", Roboto, sans-serif; }\n" \
"body { max-width: 1180px; margin: 0 auto; padding: 20px 20px 40px; }\n" \
"h1 { font-size: 22px; font-weight: 650; margin: 0 0 2px; letter-spacing: -.01em; overflow-wrap: anywhere; }\n" \
"h2 { font-size: 17px; font-weight: 650; margin: 0; overflow-wrap: anywhere; }\n" \
"h3 { font-size: 12px; font-weight: 650; margin: 20px 0 6px; color: var(--soft); text-transform: uppercase; letter-spacing: .05em; }\n" \
"p { margin: 4px 0; } a { color: var(--open); text-decoration: none; } a:hover { text-decoration: underline; }\n" \
".soft, .more { color: var(--soft); } .more { font-size: 13px; margin: 6px 0 0; }\n" \
".facts { display: flex; flex-wrap: wrap; gap: 2px 22px; margin: 0; color: var(--soft); font-size: 13px; }\n" \
".facts div { display: flex; gap: 6px; min-width: 0; } .facts dd { margin: 0; color: var(--ink); overflow-wrap: anywhere; }\n" \
".tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(128px, 1fr)); gap: 10px; margin: 18px 0; }\n" \
".tile { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px; }\n" \
".tile b { display: block; font-size: 22px; font-weight: 650; line-height: 1.2; font-variant-numeric: tabular-nums; }\n" \
".tile span { color: var(--soft); font-size: 13px; } .tile.good b { color: var(--good); } .tile.bad b { color: var(--bad); }\n" \
".tile.warn b { color: var(--warn); } .tile.open b { color: var(--open); }\n" \
"section { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 16px 18px 18px; margin: 14px 0; }\n" \
"section > header { display: flex; flex-wrap: wrap; align-items: center; gap: 6px 12px; margin-bottom: 6px; }\n" \
".pill { display: inline-block; border-radius: 10px; padding: 0 8px; font-size: 12px; line-height: 19px; white-space: nowrap;\n" \
"  background: var(--idle-soft); color: var(--idle); }\n" \
".pill.good { background: var(--good-soft); color: var(--good); } .pill.bad { background: var(--bad-soft); color: var(--bad); }\n" \
".pill.warn { background: var(--warn-soft); color: var(--warn); } .pill.open { background: var(--open-soft); color: var(--open); }\n" \
".box { border-left: 3px solid var(--bad); background: var(--bad-soft); padding: 8px 12px; margin: 10px 0; border-radius: 0 6px 6px 0;\n" \
"  white-space: pre-line; overflow-wrap: anywhere; } .box p { margin: 2px 0; } .box .soft { color: var(--ink); opacity: .78; }\n" \
".scroll { overflow-x: auto; } .latest { direction: rtl; } svg { direction: ltr; margin-right: auto; }\n" \
".graph { max-height: 560px; overflow: auto; border: 1px solid var(--line); border-radius: 6px; }\n" \
"table { border-collapse: collapse; width: 100%; font-size: 13px; }\n" \
"th { text-align: left; font-weight: 600; color: var(--soft); padding: 4px 12px 4px 0; border-bottom: 1px solid var(--line);\n" \
"  white-space: nowrap; }\n" \
"td { padding: 4px 12px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top; }\n" \
"tr:last-child td { border-bottom: 0; } th:last-child, td:last-child { padding-right: 0; }\n" \
".number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; } time { white-space: nowrap; }\n" \
"code, .version { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, \"DejaVu Sans Mono\", monospace; font-size: 12px; }\n" \
"td.version, td code { overflow-wrap: anywhere; } td.version { min-width: 74px; } td.name { overflow-wrap: anywhere; min-width: 120px; }\n" \
".message { white-space: pre-line; overflow-wrap: anywhere; color: var(--bad); } .message.soft { color: var(--soft); }\n" \
"td.share { width: 38%; } td .pill { margin-right: 4px; } td.narrow { width: 1%; white-space: nowrap; padding-right: 24px; }\n" \
"details { margin-top: 14px; } summary { cursor: pointer; color: var(--open); font-size: 13px; margin-bottom: 4px; }\n" \
".bar { display: block; height: 8px; border-radius: 2px; background: var(--open); opacity: .75; min-width: 2px; }\n" \
"svg { display: block; } svg text { fill: var(--soft); font-size: 11px; }\n" \
".timeline rect.good { fill: var(--good); } .timeline rect.bad { fill: var(--bad); } .timeline rect.open { fill: var(--open); }\n" \
".timeline rect.idle { fill: var(--idle); opacity: .45; } .grid, .tick { stroke: var(--line); stroke-width: 1; }\n" \
".edge { fill: none; stroke: var(--soft); stroke-opacity: .55; stroke-width: 1.2; } .dashed { stroke-dasharray: 4 3; }\n" \
".node rect { fill: var(--idle-soft); stroke: var(--line); } .node text { font-size: 12px; fill: var(--ink); }\n" \
".node .version { font-weight: 600; } .node.good rect { fill: var(--good-soft); stroke: var(--good); stroke-opacity: .45; }\n" \
".node.bad rect { fill: var(--bad-soft); stroke: var(--bad); } .node.warn rect { fill: var(--warn-soft); stroke: var(--warn); }\n" \
".node.open rect { fill: var(--open-soft); stroke: var(--open); stroke-opacity: .6; } .node.other rect { stroke-dasharray: 4 3; }\n" \
"footer { color: var(--soft); font-size: 12px; margin-top: 18px; }\n" \
"@media (max-width: 640px) { body { padding: 14px 10px 30px; } section { padding: 12px; } .extra { display: none; }\n" \
"  time { white-space: normal; } td, th { padding-right: 9px; } td.narrow { white-space: normal; } td.name { min-width: 96px; } }\n" \
"@media print { html { background: none; font-size: 11px; } body { max-width: none; padding: 0; } section, .tile { border-color: #bbb; }\n" \
"  tr, .tile, .node { break-inside: avoid; } h2, h3 { break-after: avoid; } .scroll, .graph { overflow: visible; max-height: none; }\n" \
"  svg { max-width: 100%; height: auto; } .graph svg { max-height: 23cm; } details::details-content { content-visibility: visible; height: auto; display: block; } }\n"

#endif

// Package static embeds the style sheet, the scripts and ECharts; package web serves them.
package static

import "embed"

//go:embed *.css *.js *.svg vendor
var FS embed.FS

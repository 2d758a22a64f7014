//go:build tools

// Package tools pins what the test of the chart is made with.
package tools

import _ "helm.sh/helm/v3/cmd/helm"

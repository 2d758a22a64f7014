{{/* Written by scripts/generate.ts; do not edit. The values, those of Open Service Mesh in their places. */}}
{{- define "heddle.values" -}}
{{- $all := omit (deepCopy .Values) "osm" "OpenServiceMesh" "global" }}
{{- range $prefix := list "osm" "OpenServiceMesh" }}
{{- with index $.Values $prefix }}{{- $all = mergeOverwrite $all (deepCopy .) }}{{- end }}
{{- end }}
{{- if hasKey (index $all "osmController" | default dict) "replicaCount" }}{{- $_ := set $all "replicaCount" (index $all "osmController" "replicaCount") }}{{- end }}
{{- if hasKey (index $all "osmController" | default dict) "resource" }}{{- $_ := set $all "resources" (index $all "osmController" "resource") }}{{- end }}
{{- if hasKey (index $all "osmController" | default dict) "enablePodDisruptionBudget" }}{{- $_ := set $all "enablePodDisruptionBudget" (index $all "osmController" "enablePodDisruptionBudget") }}{{- end }}
{{- omit $all "osmController" | toJson }}
{{- end }}

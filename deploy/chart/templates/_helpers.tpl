{{/* Names and labels. Most helpers take a dict: root (the chart's context), name (blue or green), color (its snapshot). */}}

{{- define "greenroom.fullname" -}}
{{ .Release.Name }}
{{- end }}

{{/* A colour's snapshot with its defaults, as JSON. Takes root and name. */}}
{{- define "greenroom.color" -}}
{{- $defaults := .root.Files.Get "files/color.yaml" | fromYaml -}}
{{- $given := get .root.Values.colors .name | default dict -}}
{{- mustMergeOverwrite $defaults (deepCopy $given) | toJson -}}
{{- end }}

{{/* Not empty when the chart runs two colours side by side. */}}
{{- define "greenroom.twoColors" -}}
{{- if eq .Values.strategy "bluegreen" }}yes{{ end -}}
{{- end }}

{{/* Not empty when this colour has pods at all. Takes root and name. */}}
{{- define "greenroom.enabled" -}}
{{- $given := get .root.Values.colors .name | default dict -}}
{{- if and (get $given "enabled") (or (eq .name "blue") (include "greenroom.twoColors" .root)) }}yes{{ end -}}
{{- end }}

{{/* The colour that the live Service leads to: simple strategies have only blue, and what stands in front of it. */}}
{{- define "greenroom.active" -}}
{{- $given := .Values.traffic.active -}}
{{- if or (include "greenroom.twoColors" .) (eq $given "maintenance") }}{{ $given }}{{ else }}blue{{ end -}}
{{- end }}

{{/* The live colour when it is one that the chart knows; empty before the first release and during maintenance. */}}
{{- define "greenroom.activeColor" -}}
{{- $active := include "greenroom.active" . -}}
{{- if has $active (list "blue" "green") }}{{ $active }}{{ end -}}
{{- end }}

{{/* The colour whose workers and cron roles run. */}}
{{- define "greenroom.background" -}}
{{- if include "greenroom.twoColors" . }}{{ .Values.background }}{{ else }}blue{{ end -}}
{{- end }}

{{/* Labels of what belongs to no colour. */}}
{{- define "greenroom.labels" -}}
app.kubernetes.io/name: {{ .Values.project | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
greenroom.dev/project: {{ .Values.project | quote }}
greenroom.dev/environment: {{ .Values.environment | quote }}
{{- end }}

{{/* Labels of a colour's pods and objects. Takes root, name, color, role. */}}
{{- define "greenroom.colorLabels" -}}
{{ include "greenroom.labels" .root }}
greenroom.dev/color: {{ .name | quote }}
greenroom.dev/slot: {{ .color.slot | quote }}
greenroom.dev/release: {{ .color.release | quote }}
greenroom.dev/role: {{ .role | quote }}
{{- end }}

{{/* What selects a colour's pods, for ever: a Deployment's selector cannot be changed. */}}
{{- define "greenroom.colorSelector" -}}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
greenroom.dev/role: {{ .role | quote }}
greenroom.dev/color: {{ .name | quote }}
{{- end }}

{{/* A name that Kubernetes takes: the end of a longer one is a digest of it. Takes name and most. */}}
{{- define "greenroom.fitting" -}}
{{- if gt (len .name) (int .most) -}}
{{ trunc (int (sub .most 9)) .name | trimSuffix "-" }}-{{ sha256sum .name | trunc 8 }}
{{- else -}}
{{ .name }}
{{- end -}}
{{- end }}

{{/* Not empty when the chart itself knows that the public comes over TLS. */}}
{{- define "greenroom.tls" -}}
{{- if or .Values.edge.tls.secret .Values.edge.tls.issuer .Values.edge.redirect }}yes{{ end -}}
{{- end }}

{{/* The name of the certificate's Secret: the one given, or the one that cert-manager makes. */}}
{{- define "greenroom.tlsSecret" -}}
{{- if .Values.edge.tls.secret }}{{ .Values.edge.tls.secret }}
{{- else if .Values.edge.tls.issuer }}{{ include "greenroom.fullname" . }}-tls
{{- end }}
{{- end }}

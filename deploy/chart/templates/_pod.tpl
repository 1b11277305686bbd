{{/* What all pods of the app have in common. Restricted Pod Security: nothing but reading its image and writing /tmp. */}}

{{- define "greenroom.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "greenroom.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* Head of a pod's spec. Takes root and color. */}}
{{- define "greenroom.podHead" -}}
serviceAccountName: {{ include "greenroom.fullname" .root }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with .color.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . | quote }}
{{- end }}
{{- end }}
securityContext:
  {{- include "greenroom.podSecurity" .root | nindent 2 }}
{{- end }}

{{/* The app's environment. Takes root, name, color. What the values say wins over the chart's own; Helm writes maps
in the order of their keys. */}}
{{- define "greenroom.environment" -}}
{{- $own := dict "GREENROOM_SLOT" .color.slot "GREENROOM_RELEASE" .color.release "GREENROOM_ENVIRONMENT" .root.Values.environment }}
{{- $own = merge $own (dict "STATIC_URL" .color.staticUrl "STATIC_MANIFEST" "/app/manifest.json" "HOME" "/tmp") }}
{{- $own = merge $own (dict "PROMETHEUS_MULTIPROC_DIR" "/run/prometheus") -}}
env:
{{- range $key, $value := merge (deepCopy .color.env) $own }}
  - {name: {{ $key }}, value: {{ $value | quote }}}
{{- end }}
{{- with .color.secrets }}
envFrom:
{{- range . }}
  - secretRef: {name: {{ . | quote }}}
{{- end }}
{{- end }}
{{- end }}

{{- define "greenroom.appMounts" -}}
- {name: tmp, mountPath: /tmp}
- {name: prometheus, mountPath: /run/prometheus}
{{- end }}

{{- define "greenroom.appVolumes" -}}
- name: tmp
  emptyDir: {medium: Memory, sizeLimit: {{ .color.web.tmp | quote }}}
- name: prometheus
  emptyDir: {medium: Memory, sizeLimit: 64Mi}
{{- end }}

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

{{/* The app's environment. Takes root, name, color. Helm writes maps in the order of their keys. */}}
{{- define "greenroom.environment" -}}
env:
  - {name: GREENROOM_SLOT, value: {{ .color.slot | quote }}}
  - {name: GREENROOM_RELEASE, value: {{ .color.release | quote }}}
  - {name: GREENROOM_ENVIRONMENT, value: {{ .root.Values.environment | quote }}}
  - {name: STATIC_URL, value: {{ .color.staticUrl | quote }}}
  - {name: STATIC_MANIFEST, value: /app/manifest.json}
  - {name: PROMETHEUS_MULTIPROC_DIR, value: /run/prometheus}
  - {name: HOME, value: /tmp}
{{- range $key, $value := .color.env }}
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

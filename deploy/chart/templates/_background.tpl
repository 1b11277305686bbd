{{/* A colour's workers and cron roles, while it is the one whose turn it is. Takes root and name. */}}
{{- define "greenroom.backgroundObjects" -}}
{{- if and (include "greenroom.enabled" .) (eq (include "greenroom.background" .root) .name) }}
{{- $given := get .root.Values.colors .name }}
{{- if $given.backgroundManifest }}
{{ $given.backgroundManifest }}
{{- else }}
{{- $color := include "greenroom.color" . | fromJson }}
{{- range $color.roles }}
---
{{- if and (eq .name "database") (eq $.root.Values.database.mode "own") }}
{{- fail "a role called database would be taken for the PostgreSQL of database.mode own: call it something else" }}
{{- end }}
{{- $all := dict "root" $.root "name" $.name "color" $color "role" .name "given" . }}
{{- if eq .kind "cron" }}
{{- include "greenroom.cronJob" $all }}
{{- else }}
{{- include "greenroom.worker" $all }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "greenroom.worker" }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "greenroom.fitting" (dict "most" 63 "name" (printf "%s-%s-%s" (include "greenroom.fullname" .root) .name .role)) }}
  labels:
    {{- include "greenroom.colorLabels" . | nindent 4 }}
spec:
  replicas: {{ .given.replicas | default 1 | int }}
  revisionHistoryLimit: 2
  # What a worker does may be done twice when two are there: the old one ends first.
  strategy: {type: Recreate}
  selector:
    matchLabels:
      {{- include "greenroom.colorSelector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "greenroom.colorLabels" . | nindent 8 }}
    spec:
      {{- include "greenroom.backgroundPod" . | nindent 6 }}
{{- end }}

{{- define "greenroom.cronJob" }}
apiVersion: batch/v1
kind: CronJob
metadata:
  name: {{ include "greenroom.fitting" (dict "most" 52 "name" (printf "%s-%s-%s" (include "greenroom.fullname" .root) .name .role)) }}
  labels:
    {{- include "greenroom.colorLabels" . | nindent 4 }}
spec:
  schedule: {{ .given.schedule | quote }}
  timeZone: Etc/UTC
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 300
  successfulJobsHistoryLimit: 1
  failedJobsHistoryLimit: 3
  jobTemplate:
    spec:
      backoffLimit: 0
      template:
        metadata:
          labels:
            {{- include "greenroom.colorLabels" . | nindent 12 }}
        spec:
          restartPolicy: Never
          {{- include "greenroom.backgroundPod" . | nindent 10 }}
{{- end }}

{{- define "greenroom.backgroundPod" -}}
{{ include "greenroom.podHead" . }}
# A program that is process 1 of its container ignores SIGTERM unless it expects it: the pause process is 1 instead.
shareProcessNamespace: true
terminationGracePeriodSeconds: {{ .given.stopTimeout | default 30 | int }}
containers:
  - name: {{ .role }}
    image: {{ .color.image | quote }}
    workingDir: /app/src
    command:
      {{- toYaml .given.command | nindent 6 }}
    {{- include "greenroom.environment" . | nindent 4 }}
    {{- with .given.resources | default .color.web.resources }}
    resources:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    securityContext:
      {{- include "greenroom.containerSecurity" . | nindent 6 }}
    volumeMounts:
      {{- include "greenroom.appMounts" . | nindent 6 }}
volumes:
  {{- include "greenroom.appVolumes" . | nindent 2 }}
{{- end }}

{{/* All objects of a colour's web role. Takes root and name. A stored manifest comes out as it is. */}}
{{- define "greenroom.web" -}}
{{- if include "greenroom.enabled" . }}
{{- $given := get .root.Values.colors .name }}
{{- if $given.manifest }}
{{ $given.manifest }}
{{- else }}
{{- $color := include "greenroom.color" . | fromJson }}
{{- $all := dict "root" .root "name" .name "color" $color "role" "web" }}
{{- include "greenroom.webConfig" $all }}
---
{{- include "greenroom.webDeployment" $all }}
---
{{- include "greenroom.webBudget" $all }}
{{- if $color.web.autoscale.enabled }}
---
{{- include "greenroom.webScaler" $all }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* The ConfigMap's name carries its content, so that a change never reaches pods that run. */}}
{{- define "greenroom.webConfigName" -}}
{{- $content := cat (include "greenroom.nginx" .) (.root.Files.Get "files/start.sh") -}}
{{ include "greenroom.fullname" .root }}-{{ .name }}-nginx-{{ $content | sha256sum | trunc 10 }}
{{- end }}

{{- define "greenroom.webConfig" }}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "greenroom.webConfigName" . }}
  labels:
    {{- include "greenroom.colorLabels" . | nindent 4 }}
immutable: true
data:
  nginx.conf: |
    {{- include "greenroom.nginx" . | trim | nindent 4 }}
  start.sh: |
    {{- .root.Files.Get "files/start.sh" | trim | nindent 4 }}
{{- end }}

{{- define "greenroom.webDeployment" }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "greenroom.fullname" .root }}-{{ .name }}
  labels:
    {{- include "greenroom.colorLabels" . | nindent 4 }}
spec:
  {{- if not .color.web.autoscale.enabled }}
  replicas: {{ .color.web.replicas | int }}
  {{- end }}
  revisionHistoryLimit: 2
  progressDeadlineSeconds: 300
  {{- if eq .root.Values.strategy "recreate" }}
  strategy: {type: Recreate}
  {{- else }}
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxUnavailable: 0, maxSurge: 1}
  {{- end }}
  selector:
    matchLabels:
      {{- include "greenroom.colorSelector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "greenroom.colorLabels" . | nindent 8 }}
    spec:
      {{- include "greenroom.webPod" . | nindent 6 }}
{{- end }}

{{- define "greenroom.webPod" -}}
{{ include "greenroom.podHead" . }}
# The pause before the end, the visitors' requests, and what gunicorn still has then.
terminationGracePeriodSeconds: {{ add .color.drain.preStopSeconds .color.drain.graceSeconds 15 }}
topologySpreadConstraints:
{{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "greenroom.colorSelector" $ | nindent 8 }}
{{- end }}
containers:
  - name: web
    {{- include "greenroom.webApp" . | nindent 4 }}
  - name: static
    {{- include "greenroom.webStatic" . | nindent 4 }}
volumes:
  {{- include "greenroom.appVolumes" . | nindent 2 }}
  - name: run
    emptyDir: {medium: Memory, sizeLimit: 1Mi}
  - name: spool
    emptyDir: {sizeLimit: 2Gi}
  - name: nginx
    configMap: {name: {{ include "greenroom.webConfigName" . }}}
  {{- if .root.Values.access.htpasswdSecret }}
  - name: htpasswd
    secret: {secretName: {{ .root.Values.access.htpasswdSecret | quote }}, items: [{key: htpasswd, path: htpasswd}]}
  {{- end }}
{{- end }}

{{- define "greenroom.webApp" -}}
image: {{ .color.image | quote }}
workingDir: /app/src
command:
  - /venv/bin/python
  - -m
  - gunicorn
  - --config=/app/server/gunicorn_conf.py
  - --no-control-socket
  - --bind=127.0.0.1:8000
  - --worker-tmp-dir=/tmp
  - --workers={{ .color.web.processes | int }}
  - --threads={{ .color.web.threads | int }}
  - --graceful-timeout={{ .color.web.stopTimeout | int }}
  - {{ .color.web.wsgi | quote }}
{{ include "greenroom.environment" . }}
{{- with .color.web.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
# Through nginx on its inner port: gunicorn listens on the pod's loopback only. A pod joins when the app says that it is
# ready, and stays as long as it lives: what makes every pod unready at once (a database that is slow for a moment) must
# not leave the Service without anybody, for the app answers better than the edge does.
startupProbe:
  httpGet: {path: {{ .color.probes.ready | quote }}, port: 8081, httpHeaders: [{name: X-Greenroom-Probe, value: kubelet}]}
  periodSeconds: 1
  timeoutSeconds: 5
  failureThreshold: 600
readinessProbe:
  httpGet: {path: {{ .color.probes.live | quote }}, port: 8081, httpHeaders: [{name: X-Greenroom-Probe, value: kubelet}]}
  periodSeconds: 3
  timeoutSeconds: 5
  failureThreshold: 5
livenessProbe:
  httpGet: {path: {{ .color.probes.live | quote }}, port: 8081, httpHeaders: [{name: X-Greenroom-Probe, value: kubelet}]}
  periodSeconds: 10
  timeoutSeconds: 10
  failureThreshold: 6
lifecycle:
  preStop:
    exec:
      # gunicorn ends after nginx has: an upload that nginx still receives must find it.
      command:
        - /venv/bin/python
        - -c
        - |
          {{- include "greenroom.webFarewell" . | nindent 10 }}
securityContext:
  {{- include "greenroom.containerSecurity" . | nindent 2 }}
volumeMounts:
  {{- include "greenroom.appMounts" . | nindent 2 }}
  - {name: run, mountPath: /run/greenroom, readOnly: true}
{{- end }}

{{/* nginx removes the file with its process id when it has finished. */}}
{{- define "greenroom.webFarewell" -}}
import os, time
end = time.monotonic() + {{ add .color.drain.preStopSeconds .color.drain.graceSeconds }}
while os.path.exists("/run/greenroom/nginx.pid") and time.monotonic() < end:
    time.sleep(0.1)
{{- end }}

{{- define "greenroom.webStatic" -}}
image: {{ .color.static | quote }}
command: [/bin/sh, /etc/greenroom/start.sh]
ports:
  - {name: http, containerPort: 8080}
  - {name: health, containerPort: 8081}
  - {name: metrics, containerPort: 8082}
  - {name: assets, containerPort: 8083}
resources:
  requests: {cpu: 20m, memory: 32Mi}
  limits: {memory: 128Mi}
livenessProbe:
  tcpSocket: {port: 8081}
  periodSeconds: 10
  timeoutSeconds: 5
{{- with .color.drain.preStopSeconds | int }}
lifecycle:
  preStop:
    # Until every proxy knows that this pod gets no more requests.
    sleep: {seconds: {{ . }}}
{{- end }}
securityContext:
  {{- include "greenroom.containerSecurity" . | nindent 2 }}
volumeMounts:
  - {name: spool, mountPath: /tmp}
  - {name: run, mountPath: /run/greenroom}
  - {name: nginx, mountPath: /etc/greenroom, readOnly: true}
  {{- if .root.Values.access.htpasswdSecret }}
  - {name: htpasswd, mountPath: /etc/greenroom-htpasswd, readOnly: true}
  {{- end }}
{{- end }}

{{- define "greenroom.webBudget" }}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "greenroom.fullname" .root }}-{{ .name }}
  labels:
    {{- include "greenroom.colorLabels" . | nindent 4 }}
spec:
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "greenroom.colorSelector" . | nindent 6 }}
{{- end }}

{{- define "greenroom.webScaler" }}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "greenroom.fullname" .root }}-{{ .name }}
  labels:
    {{- include "greenroom.colorLabels" . | nindent 4 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ include "greenroom.fullname" .root }}-{{ .name }}
  minReplicas: {{ .color.web.autoscale.min | int }}
  maxReplicas: {{ .color.web.autoscale.max | int }}
  metrics:
    - type: ContainerResource
      containerResource:
        name: cpu
        container: web
        target: {type: Utilization, averageUtilization: {{ .color.web.autoscale.cpu | int }}}
{{- end }}

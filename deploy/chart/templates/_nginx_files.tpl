{{/* Static files: this release's, then the other colour's, then the bucket's: pages that are open in browsers still ask for them. */}}
{{- define "greenroom.nginxStatic" -}}
{{- $bucket := .root.Values.assets.bucketUrl -}}
{{- $other := and (include "greenroom.twoColors" .root) (ternary "green" "blue" (eq .name "blue")) -}}
location {{ .color.staticUrl }} {
  alias /static/;
  gzip_static on;
  {{- include "greenroom.nginxHeaders" . | nindent 2 }}
  add_header Cache-Control $kept_for;
  {{- if or $other $bucket }}
  error_page 404 = {{ if $other }}@other{{ else }}@bucket{{ end }};
  {{- end }}
}
{{- if $other }}
location @other {
  {{- include "greenroom.nginxElsewhere" . | nindent 2 }}
  error_page 403 404 500 502 503 504 = {{ if $bucket }}@bucket{{ else }}@gone{{ end }};
  set $other "{{ include "greenroom.fullname" .root }}-{{ $other }}.$namespace_domain:8083";
  proxy_pass http://$other$raw_path;
}
{{- end }}
{{- if $bucket }}
location @bucket {
  {{- include "greenroom.nginxElsewhere" . | nindent 2 }}
  error_page 400 403 404 500 502 503 504 = @gone;
  set $bucket "{{ include "greenroom.nginxAddress" $bucket }}";
  proxy_pass $bucket/$raw_file;
}
{{- end }}
location @gone {
  internal;
  {{- include "greenroom.nginxHeaders" . | nindent 2 }}
  return 404;
}
{{- end }}

{{/* An address without its last slash; a Service's name is made whole, since nginx tries no search domains. */}}
{{- define "greenroom.nginxAddress" -}}
{{- regexReplaceAll "^(https?://[^/:]+)\\.svc(:[0-9]+)?(/|$)" (trimSuffix "/" .) "${1}.$$services_domain${2}${3}" -}}
{{- end }}

{{/* Only names that change with their content are asked for elsewhere, and nothing of the visitor's goes along. */}}
{{- define "greenroom.nginxElsewhere" -}}
internal;
{{- if ne .root.Values.access.mode "public" }}
{{- include "greenroom.nginxPassed" . | nindent 0 }}
{{- end }}
if ($hashed = 0) {
  return 404;
}
if ($climbs) {
  return 404;
}
{{ include "greenroom.nginxToStore" . }}
{{ include "greenroom.nginxHeaders" . }}
add_header Cache-Control $kept_for;
{{- end }}

{{/* A request to a store: anonymous, and what comes back without the store's own headers. */}}
{{- define "greenroom.nginxToStore" -}}
proxy_http_version 1.1;
proxy_set_header Connection "";
proxy_set_header Host $proxy_host;
proxy_set_header Cookie "";
proxy_set_header Authorization "";
proxy_connect_timeout 2s;
proxy_read_timeout 30s;
proxy_intercept_errors on;
proxy_hide_header X-Release;
proxy_hide_header Cache-Control;
proxy_hide_header Set-Cookie;
proxy_hide_header X-Amz-Id-2;
proxy_hide_header X-Amz-Request-Id;
proxy_ssl_server_name on;
proxy_ssl_name $proxy_host;
{{- end }}

{{/* Uploads that the bucket gives to everybody: no cookies, shown in a sandbox. */}}
{{- define "greenroom.nginxMedia" -}}
location /media/ {
  if ($request_method !~ ^(GET|HEAD)$) {
    return 405;
  }
  if ($raw_upload = "") {
    return 404;
  }
  if ($climbs) {
    return 404;
  }
  {{- include "greenroom.nginxToStore" . | nindent 2 }}
  {{- include "greenroom.nginxHeaders" . | nindent 2 }}
  add_header X-Content-Type-Options nosniff always;
  add_header Content-Security-Policy "default-src 'none'; sandbox" always;
  add_header Cache-Control {{ ternary "$upstream_http_cache_control" "\"private, no-cache\"" (eq .root.Values.access.mode "public") }};
  error_page 400 403 404 500 502 503 504 = @gone;
  set $media "{{ include "greenroom.nginxAddress" .root.Values.assets.mediaUrl }}";
  proxy_pass $media/$raw_upload;
}
{{- end }}

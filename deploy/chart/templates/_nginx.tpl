{{/* nginx.conf of a colour: static files, the door of a closed environment, the way to gunicorn. Takes root, name, color. */}}
{{- define "greenroom.nginx" -}}
{{- $access := .root.Values.access -}}
daemon off;
worker_processes 1;
worker_shutdown_timeout {{ .color.drain.graceSeconds | int }}s;
pid /run/greenroom/nginx.pid;
error_log /dev/stderr warn;

events {
  worker_connections 2048;
}

http {
  include /etc/nginx/mime.types;
  include /tmp/names.conf;
  default_type application/octet-stream;
  server_tokens off;
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 75s;
  # A connection that nobody has asked anything on is not idle to nginx, and would hold up the end of the pod: proxies
  # written in Go open such ones in advance.
  client_header_timeout 10s;
  keepalive_requests 10000;
  client_max_body_size {{ .color.web.maxBody }};
  client_body_temp_path /tmp/body;
  proxy_temp_path /tmp/proxy;
  fastcgi_temp_path /tmp/fastcgi;
  uwsgi_temp_path /tmp/uwsgi;
  scgi_temp_path /tmp/scgi;
  log_not_found off;
  absolute_redirect off;
  recursive_error_pages on;
  gzip on;
  gzip_min_length 512;
  gzip_proxied any;
  gzip_vary on;
  gzip_types text/css text/plain text/xml application/javascript application/json image/svg+xml;

{{ include "greenroom.nginxMaps" . | indent 2 }}

  # The query stays out of the log: it may hold tokens.
  log_format greenroom escape=json '{"t":$msec,"m":"$request_method","u":"$raw_path","s":$status,"rt":$request_time,"ut":$upstream_seconds,"slot":"{{ .color.slot }}","g":$own_probe}';
  access_log /dev/stdout greenroom if=$worth_logging;

  upstream app {
    server 127.0.0.1:8000 max_fails=0;
    keepalive 64;
  }
  upstream asked {
    server 127.0.0.1:8000 max_fails=0;
  }

{{ include "greenroom.nginxProxy" . | indent 2 }}

  server {
    listen 8080;
    add_header X-Release "{{ .color.slot }}" always;
    {{- if ne $access.mode "public" }}
    add_header X-Robots-Tag "noindex, nofollow" always;
    {{- end }}
    {{- range $access.edgeRanges }}
    set_real_ip_from {{ . }};
    {{- end }}
    {{- if $access.edgeRanges }}
    real_ip_header X-Forwarded-For;
    real_ip_recursive on;
    {{- end }}
    {{- if .root.Values.edge.redirect }}
    if ($http_x_forwarded_proto = "http") {
      return 308 https://{{ .root.Values.edge.host | default "$host" }}$request_uri;
    }
    {{- end }}
{{ include "greenroom.nginxDoor" . | indent 4 }}
    error_page 502 504 =503 @away;

    location / {
      proxy_pass http://app;
    }
    {{- range list .color.probes.ready .color.probes.live .color.probes.metrics }}
    location = {{ . }} {
      return 404;
    }
    {{- end }}
    location ^~ /.greenroom/ {
      return 404;
    }
{{ include "greenroom.nginxStatic" . | indent 4 }}
{{- if .root.Values.assets.mediaUrl }}
{{ include "greenroom.nginxMedia" . | indent 4 }}
{{- end }}
    location @away {
      internal;
      default_type text/html;
      {{- include "greenroom.nginxHeaders" . | nindent 6 }}
      add_header Retry-After 10 always;
      add_header Cache-Control no-store always;
      return 503 '<!doctype html><title>Back in a moment</title><h1>Back in a moment</h1>';
    }
  }

  # For the kubelet and for Greenroom, which comes by way of the API server. No Service leads here.
  server {
    listen 8081;
    client_header_timeout 2s;
    add_header X-Release "{{ .color.slot }}" always;
    proxy_set_header X-Greenroom-Probe $http_x_greenroom_probe;
    proxy_set_header X-Greenroom-User "";
    proxy_set_header X-Forwarded-Host $told_host;
    proxy_set_header X-Forwarded-For $http_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $http_x_forwarded_proto;
    {{- include "greenroom.nginxConnection" . | nindent 4 }}
    # A connection for each question: those that are kept all lead to the process that happened to take them, and
    # Greenroom asks until every worker process has answered.
    proxy_set_header Connection close;
    location / {
      proxy_pass http://asked;
    }
    # How many requests are being answered: Greenroom waits for them before it ends this pod.
    location = /.nginx/status {
      access_log off;
      stub_status;
    }
  }

  server {
    listen 8082;
    access_log off;
    location = {{ .color.probes.metrics }} {
      proxy_pass http://app;
    }
    location / {
      return 404;
    }
  }

  # The other colour asks here for files of this release.
  server {
    listen 8083;
    access_log off;
    location {{ .color.staticUrl }} {
      alias /static/;
      gzip_static on;
    }
    location / {
      return 404;
    }
  }
}
{{- end }}

{{- define "greenroom.nginxMaps" -}}
map $request_uri $raw_path {
  "~^(?<path_of_request>[^?]*)" $path_of_request;
}
map $raw_path $raw_file {
  default "";
  "~^{{ regexQuoteMeta .color.staticUrl }}(?<file_of_request>.+)$" $file_of_request;
}
map $raw_path $raw_upload {
  default "";
  "~^/media/(?<upload_of_request>.+[^/])$" $upload_of_request;
}
# A path that climbs is never sent on to a store.
map $raw_path $climbs {
  default 0;
  "~*(\.|%2e)(\.|%2e)" 1;
}
# Ten hex digits before the ending: the name changes with the content.
map $uri $hashed {
  default 0;
  "~\.[0-9a-f]{10}(\.[^./]+)?$" 1;
}
map $hashed $kept_for {
  default no-cache;
  1 "public, max-age=31536000, immutable";
}
map $upstream_response_time $upstream_seconds {
  default null;
  "~(?<last_time>[0-9.]+)$" $last_time;
}
map "$server_port $http_x_greenroom_probe" $own_probe {
  default true;
  "8080 " false;
}
map "$server_port $http_user_agent" $worth_logging {
  default 1;
  "~^8081 kube-probe/" 0;
}
# The API server calls a pod by an address of its own; Greenroom says which host it means.
map "$server_port $http_x_greenroom_host" $told_host {
  default $http_host;
  "~^8081 (?<meant_host>.+)$" $meant_host;
}
map $http_x_forwarded_proto $proto {
  default http;
  https https;
}
# What opens the door is not the app's business.
map $http_authorization $authorization {
  default $http_authorization;
  {{- if .root.Values.access.htpasswdSecret }}
  "~*^basic " "";
  {{- end }}
}
{{- end }}

{{- define "greenroom.nginxConnection" -}}
proxy_http_version 1.1;
proxy_set_header Host $told_host;
proxy_set_header X-Greenroom-Host "";
proxy_connect_timeout 5s;
proxy_read_timeout {{ .color.web.readTimeout | int }}s;
proxy_send_timeout {{ .color.web.readTimeout | int }}s;
proxy_hide_header X-Release;
{{- end }}

{{/* What the app is told of the visitor. A probe's headers come in by the inner port only. */}}
{{- define "greenroom.nginxProxy" -}}
{{- include "greenroom.nginxConnection" . }}
proxy_set_header Connection "";
proxy_set_header X-Forwarded-For {{ ternary "$remote_addr" "$http_x_forwarded_for" (not (empty .root.Values.access.edgeRanges)) }};
proxy_set_header X-Forwarded-Proto $proto;
proxy_set_header X-Forwarded-Host $host;
proxy_set_header X-Real-IP "";
proxy_set_header Forwarded "";
proxy_set_header X-Greenroom-Probe "";
proxy_set_header X-Greenroom-User "{{ if eq .root.Values.access.mode "oidc" }}$door_user{{ end }}";
proxy_set_header Authorization $authorization;
{{- end }}

{{/* A location with headers of its own inherits none. */}}
{{- define "greenroom.nginxHeaders" -}}
add_header X-Release "{{ .color.slot }}" always;
{{- if ne .root.Values.access.mode "public" }}
add_header X-Robots-Tag "noindex, nofollow" always;
{{- end }}
{{- end }}

{{/* The door of a closed environment. Addresses mean something only when they come from the edge (access.edgeRanges). */}}
{{- define "greenroom.nginxDoor" -}}
{{- $access := .root.Values.access -}}
{{- /* The schema says so first; a door must not stand open where somebody skips it. */}}
{{- $needed := dict "public" true "basic" $access.htpasswdSecret "addresses" (and $access.allow $access.edgeRanges) "oidc" (and $access.authUrl $access.signInUrl) }}
{{- if not (get $needed $access.mode) }}
{{- fail (printf "access.mode %s lacks what makes it closed; see README.md" $access.mode) }}
{{- end }}
{{- if has $access.mode (list "basic" "addresses") }}
{{- if and $access.allow $access.htpasswdSecret }}
satisfy any;
{{- end }}
{{- range $access.allow }}
allow {{ . }};
{{- end }}
{{- if $access.allow }}
deny all;
{{- end }}
{{- if $access.htpasswdSecret }}
auth_basic "{{ .root.Values.environment }}";
auth_basic_user_file /etc/greenroom-htpasswd/htpasswd;
{{- end }}
{{- else if eq $access.mode "oidc" }}
{{- if $access.htpasswdSecret }}
# A name and a password pass as well: those of machines.
satisfy any;
auth_basic "{{ .root.Values.environment }}";
auth_basic_user_file /etc/greenroom-htpasswd/htpasswd;
{{- end }}
auth_request /.greenroom/door;
auth_request_set $door_user $upstream_http_x_auth_request_email;
# The service may renew what it knows the visitor by.
auth_request_set $door_cookie $upstream_http_set_cookie;
add_header Set-Cookie $door_cookie;
error_page 401 = @sign_in;
location = /.greenroom/door {
  internal;
  {{- include "greenroom.nginxPassed" . | nindent 2 }}
  {{- include "greenroom.nginxToDoor" . | nindent 2 }}
  proxy_pass_request_body off;
  proxy_set_header Content-Length "";
  set $door "{{ $access.authUrl }}";
  proxy_pass $door;
}
location @sign_in {
  internal;
  {{- include "greenroom.nginxPassed" . | nindent 2 }}
  {{- include "greenroom.nginxHeaders" . | nindent 2 }}
  add_header Cache-Control no-store always;
  if ($request_method !~ ^(GET|HEAD)$) {
    return 401;
  }
  return 302 {{ $access.signInUrl }}{{ ternary "&" "?" (contains "?" $access.signInUrl) }}rd=$proto://$host$raw_path;
}
{{- if hasPrefix "/" $access.signInUrl }}
location ^~ /{{ index (splitList "/" $access.signInUrl) 1 }}/ {
  {{- include "greenroom.nginxPassed" . | nindent 2 }}
  {{- include "greenroom.nginxToDoor" . | nindent 2 }}
  set $door "{{ regexFind "^https?://[^/]+" $access.authUrl }}";
  proxy_pass $door$request_uri;
}
{{- end }}
{{- end }}
{{- end }}

{{/* Who asks, for the service that knows who may. */}}
{{- define "greenroom.nginxToDoor" -}}
proxy_http_version 1.1;
proxy_set_header Connection "";
proxy_set_header Host $host;
proxy_set_header Authorization $http_authorization;
proxy_set_header X-Forwarded-For $remote_addr;
proxy_set_header X-Forwarded-Host $host;
proxy_set_header X-Forwarded-Proto $proto;
proxy_set_header X-Forwarded-Method $request_method;
proxy_set_header X-Forwarded-Uri $request_uri;
proxy_set_header X-Greenroom-Environment "{{ .root.Values.environment }}";
proxy_set_header X-Greenroom-Host $host;
proxy_set_header X-Greenroom-Address $remote_addr;
proxy_connect_timeout 5s;
proxy_ssl_server_name on;
{{- end }}

{{/* Behind the door already. */}}
{{- define "greenroom.nginxPassed" -}}
{{- if eq .root.Values.access.mode "oidc" }}
auth_request off;
{{- if .root.Values.access.htpasswdSecret }}
auth_basic off;
{{- end }}
{{- else }}
satisfy all;
allow all;
auth_basic off;
{{- end }}
{{- end }}

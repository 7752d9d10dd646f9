#!/bin/sh
# nginx of docker-compose.yml: deploy/nginx.conf, made to fit a network of Docker and a read-only file system.
#   PORT                  where the store listens
#   SITE_URL              its path is that of the store
#   FORWARDED_ALLOW_IPS   proxies in front of this one, of which it believes who the client is and whether it speaks https
set -eu

sub_path=$(echo "${SITE_URL:-}" | sed -nE 's#^https?://[^/]+(/.*[^/])/?$#\1#p')
outer='map $host $outer_scheme { default $scheme; }'
if [ -n "${FORWARDED_ALLOW_IPS:-}" ]; then
    networks=$(echo "$FORWARDED_ALLOW_IPS" | tr ',' ' ')
    outer="real_ip_header X-Forwarded-For;
    real_ip_recursive on;
    $(for network in $networks; do echo "set_real_ip_from $network; "; done)
    geo \$realip_remote_addr \$is_proxy { default 0; $(for network in $networks; do echo "$network 1; "; done) }
    map \$is_proxy\$http_x_forwarded_proto \$outer_scheme { default \$scheme; 1https https; }"
fi

cat >/tmp/nginx.conf <<END
daemon off;
pid /tmp/nginx.pid;
error_log stderr warn;
worker_processes auto;
events { worker_connections 2048; }
http {
    access_log off;
    client_body_temp_path /tmp/client_body;
    proxy_temp_path /tmp/proxy;
    fastcgi_temp_path /tmp/fastcgi;
    uwsgi_temp_path /tmp/uwsgi;
    scgi_temp_path /tmp/scgi;
    # Asked again and again: the store has another address after its container was made anew.
    resolver 127.0.0.11 valid=2s ipv6=off;
    $outer
    include /tmp/store.conf;
}
END
sed -E "s#(location (= |~ \"?\^)?|return 303 )/#\1$sub_path/#" /etc/image-store/nginx.conf |
    sed -e 's#listen 80;#listen 8080; set $store app;#' \
    -e "s#proxy_pass http://127.0.0.1:9999;#proxy_pass http://\$store:$PORT;#" \
    -e 's#X-Forwarded-Proto $scheme#X-Forwarded-Proto $outer_scheme#' \
    -e 's#/var/cache/image-store\(.*\)max_size=1g#/tmp/sizes\1max_size=100m#' \
    >/tmp/store.conf
exec nginx -c /tmp/nginx.conf

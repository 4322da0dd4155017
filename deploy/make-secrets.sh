#!/bin/sh
# Make the files that docker-compose.yml gives to its services as secrets. What is there stays.
#
#   deploy/make-secrets.sh                      passwords of our own; partners' values are left to fill in
#   deploy/make-secrets.sh --sandbox            for a try without accounts, into deploy/secrets-sandbox
#   deploy/make-secrets.sh --rotate-redis       new passwords for Redis
#   SECRETS=folder REDIS_ADDRESS=host:port deploy/make-secrets.sh
#
# The folder is closed to everybody else, so the files in it may be readable: a container's user
# is another one than yours.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
sandbox='' rotate=''
for argument in "$@"; do
  case $argument in
    --sandbox) sandbox=1 ;;
    --rotate-redis) rotate=1 ;;
    *) echo "Usage: $0 [--sandbox] [--rotate-redis]" >&2; exit 2 ;;
  esac
done
folder=${SECRETS:-$here/secrets${sandbox:+-sandbox}}
address=${REDIS_ADDRESS:-redis:6379}
umask 077
mkdir -p "$folder"
chmod 700 "$folder"

random() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
sha256() {
  if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -d' ' -f1
}
keep() { # name, value: only where there is no such file
  test -e "$folder/$1" || printf '%s\n' "$2" >"$folder/$1"
}

acl=$(cat "$here/users.acl")
for user in ingress worker ops flower; do
  url=$folder/redis_url_$user
  test -z "$rotate" || rm -f "$url"
  keep "redis_url_$user" "redis://$user:$(random)@$address/0"
  password=$(sed 's|^redis://[^:]*:\([^@]*\)@.*|\1|' "$url")
  acl=$(printf '%s\n' "$acl" | sed "s/@$user@/$(printf '%s' "$password" | sha256)/")
done
rm -f "$folder/redis_users"
printf '%s\n' "$acl" >"$folder/redis_users"

keep mixpanel_webhook_credentials "mixpanel:$(random)"
keep console_credentials "operator:$(random)"
keep flower_basic_auth "operator:$(random)"
keep grafana_admin_password "$(random)"
# From the partners: required, and empty until you fill them in.
keep koji_api_key "${sandbox:+pk_live_sandbox}"
keep koji_webhook_secrets "${sandbox:+sandbox-webhook-secret}"
keep mixpanel_project_token "${sandbox:+sandbox-project-token}"
# Optional: an empty file counts as unset.
keep mixpanel_service_account ''
keep members_api_tokens ''
keep sentry_dsn ''
chmod 644 "$folder"/*

for name in koji_api_key koji_webhook_secrets mixpanel_project_token; do
  if ! grep -q . "$folder/$name"; then echo "still empty: $folder/$name"; fi
done
echo "secrets are in $folder"

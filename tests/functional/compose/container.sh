#!/bin/sh
# Run by isolation.py in a mount namespace of its own: show the file systems read-only, then run.
# Arguments: scratch folder, home of Python, its closed ancestor or '', virtual environment, data
# folder or '', working directory, command. A Python below a folder that is closed to others (the
# home of root) is shown in an empty one instead.
set -e
scratch=$1 base=$2 closed=$3 venv=$4 data=$5 folder=$6
shift 6
test -z "$data" || mount --bind "$data" "$data"
mount --bind "$venv" "$scratch/../venv"
if test -n "$closed"; then
  mount --bind "$base" "$scratch/../base"
  mount -t tmpfs -o mode=755 tmpfs "$closed"
  mkdir -p "$base"
  mount --bind "$scratch/../base" "$base"
fi
mount -t tmpfs -o mode=1777 tmpfs "$scratch"
mount -o remount,bind,ro "$scratch/../venv"
for place in $(df --output=target / "$scratch/.." | tail -n +2 | sort -u); do
  mount -o remount,bind,ro "$place"
done
cd "$folder"
exec "$@"

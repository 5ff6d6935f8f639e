#!/bin/sh
# Linux without a display: make sure that Xvfb and the OpenGL and X libraries that Qt needs are there.
# Installs them where that needs no question (root, or sudo without a password), else says how.
set -u

[ "$(uname -s)" = Linux ] || exit 0
[ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] || exit 0

packages="xvfb libgl1 libegl1 libgl1-mesa-dri libglx-mesa0 libxkbcommon-x11-0 libxcb-cursor0
libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-render-util0 libxcb-xinerama0 libxcb-shape0
libdbus-1-3"

if ! command -v dpkg-query >/dev/null 2>&1; then
    command -v Xvfb >/dev/null 2>&1 && exit 0
    echo "no display and no Xvfb: install your system's Xvfb, Mesa OpenGL and xcb libraries" >&2
    exit 1
fi

missing=""
for package in $packages; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
        missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    sudo=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    sudo="sudo"
else
    echo "no display, and packages for a virtual one are missing; run this, then make again:" >&2
    echo "    sudo apt-get update && sudo apt-get install -y --no-install-recommends$missing" >&2
    exit 1
fi
echo "installing for a virtual display:$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
$sudo apt-get update -qq && $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
status=$?
[ $status = 0 ] || echo "apt-get could not install:$missing" >&2
exit $status

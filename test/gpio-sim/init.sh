#!/bin/sh
# The first process of the guest: a kernel of its own over the host's files, which it cannot write but for PIER_OUT.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run
mount -t configfs configfs /sys/kernel/config
mount -t tracefs tracefs /sys/kernel/tracing
mkdir /run/out
mount -t hostfs -o "$PIER_OUT" hostfs /run/out
cd "$PIER_ROOT"
"$PIER_NODE" node_modules/vitest/vitest.mjs run --config test/gpio-sim/vitest.config.ts --configLoader native >/run/out/log 2>&1
echo $? >/run/out/status
sync
exec "$PIER_NODE" test/gpio-sim/power-off.ts

#!/usr/bin/env bash
# Stop the cluster that `up.sh FOLDER` started: its jobs, its daemons, its links in /etc/slurm; nothing else.
# usage: down.sh FOLDER   (the folder itself is kept for its logs)
set -uo pipefail
home=$1

# Stop jobs first, because a job outlives the daemon that started it.
if [ "$(readlink /etc/slurm/slurm.conf)" = "$home/slurm.conf" ] && timeout 10 squeue -h >/dev/null 2>&1; then
  timeout 10 scancel --user root
  for _ in $(seq 100); do
    if [ -z "$(timeout 10 squeue -h --states=running,pending,completing)" ]; then break; fi
    sleep 0.1
  done
fi

for file in "$home"/slurmd.*.pid "$home/slurmctld.pid" "$home/munge/pid"; do
  if [ ! -s "$file" ]; then continue; fi
  pid=$(cat "$file")
  kill "$pid" 2>/dev/null
  for _ in $(seq 100); do
    if ! kill -0 "$pid" 2>/dev/null; then break; fi
    sleep 0.1
  done
done

for config in slurm.conf gres.conf cgroup.conf; do
  if [ "$(readlink "/etc/slurm/$config")" = "$home/$config" ]; then rm "/etc/slurm/$config"; fi
done

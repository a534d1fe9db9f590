#!/usr/bin/env bash
# Start a SLURM cluster of two nodes, one of them with a fake GPU, on the loopback of this machine.
# usage: up.sh FOLDER   (writes only there, except for three links in /etc/slurm; stop it with down.sh FOLDER)
# Needs root and: apt-get install --no-install-recommends slurmctld slurmd slurm-client munge
set -euo pipefail
home=$1
here=$(cd "$(dirname "$0")" && pwd)
configs=(slurm.conf gres.conf cgroup.conf)

# Snakemake's SLURM executor unsets SLURM_CONF before it calls srun, so the configuration must be at its default place.
for config in "${configs[@]}"; do
  link=/etc/slurm/$config
  if [ -e "$link" ]; then
    echo "error: $link exists: this machine belongs to a cluster, which the drills leave alone" >&2
    exit 2
  fi
  if [ -L "$link" ]; then rm "$link"; fi # it points to the folder of a cluster that no longer exists
done

mkdir -p "$home"/{state,spool,log,munge} /etc/slurm
chmod 711 "$home" "$home/munge"
(umask 077 && head -c 1024 /dev/urandom >"$home/munge/key")
munged --force --key-file "$home/munge/key" --socket "$home/munge/socket" --pid-file "$home/munge/pid" \
  --log-file "$home/munge/log" --seed-file "$home/munge/seed"

sed -e "s|@HOME@|$home|g" -e "s|@HOST@|$(hostname -s)|g" -e "s|@CPUS@|$(env -u OMP_NUM_THREADS nproc)|g" \
  -e "s|@MEMORY_MB@|${NODE_MEMORY_MB:-16000}|g" "$here/slurm.conf.in" >"$home/slurm.conf"
cp "$here/gres.conf" "$here/cgroup.conf" "$home"
for config in "${configs[@]}"; do ln -s "$home/$config" "/etc/slurm/$config"; done

slurmctld -c
for node in gpu0 cpu0; do slurmd -N "$node"; done
for _ in $(seq 100); do
  if [ "$(timeout 5 sinfo -h -N -o %T 2>/dev/null | sort -u)" = idle ]; then
    sinfo -N -o "%N %P %T %c %m %G"
    exit 0
  fi
  if ! kill -0 "$(cat "$home/slurmctld.pid")"; then break; fi
  sleep 0.1
done
echo "error: the nodes did not come up in time; see $home/log" >&2
exit 1

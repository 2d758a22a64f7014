/**
 * The init of a pod. It is started in the pod's new namespaces while the node's file system is still in view, puts network
 * and file system in place, turns its back on the node's, says `up <process id>`, and reaps orphans from then on.
 *
 * Arguments: the pod's directory, the name of the node's end of the link, the bridge, the host name.
 */
export const sandboxScript = `
set -eu
dir=$1 link=$2 bridge=$3
read -r pid rest < /proc/self/stat
hostname "$4" || :  # a nicety: not every machine has the program
ip -batch "$dir/network"
nsenter --net=/proc/1/ns/net ip link set "$link" master "$bridge" up
if [ -e "$dir/rules.ipv4" ]; then
  export XTABLES_LOCKFILE="$dir/xtables.lock"
  iptables-restore < "$dir/rules.ipv4"
  # Where IPv6 can't be captured there is none.
  ip6tables-restore < "$dir/rules.ipv6" || echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6
fi
mount --all --fstab "$dir/fstab"
mount -t proc proc "$dir/root/proc"
cd "$dir/root"
pivot_root . .node
umount --lazy /.node
rmdir /.node
echo "up $pid"
exec < /dev/null > /dev/null 2>&1
while :; do
  sleep 2147483647 &
  wait
done
`;

#!/bin/sh
# This script lets scanners put scans into the inbox of @{root_words} by @{protocol},
# and lets the office read the results. Printed by: ocrwatchd share @{kind} --user @{scanner} --office @{office}
#
#   @{scanner}  puts files into the inbox and its sub-folders, but cannot list, read, replace or delete any file.
#   @{office}  reads outbox and failed, and changes nothing.
#
# These accounts cannot log in at this machine in any other way. Print this script into a file, read it, change it where
# a comment says so, and run it as root: sh FILE. Run it again after you have made sub-folders of the inbox: the scanner
# may write only in sub-folders that existed before. The script replaces its files each time, so change only this script.
set -eu
umask 022
cd /
PATH=$PATH:/usr/sbin:/sbin
export PATH
for program in @{programs}; do
  command -v "$program" >/dev/null || {
    echo "$program is missing; install: apt-get install @{packages}" >&2
    exit 1
  }
done

# -- Each account belongs to one root: scans for another root would arrive in this root. A root that was moved may use its
# accounts again.
confirm_free() { # SOURCE, as in fstab; TARGET; OPTION
  before=$(awk -v target="$2" '$2 == target { print $1 }' /etc/fstab 2>/dev/null | tail -n 1)
  if [ -n "$before" ] && [ "$before" != "$1" ] && [ -d "$(printf '%s\n' "$before" | sed 's/\\040/ /g; s/\\134/\\/g')" ]; then
    echo "$2 leads to $before already; name another with $3, or remove its line from /etc/fstab" >&2
    exit 1
  fi
}
confirm_free @{inbox_in_fstab} @{gate}/@{scanner}/inbox --user
confirm_free @{outbox_in_fstab} @{gate}/@{office}/outbox --office
confirm_free @{failed_in_fstab} @{gate}/@{office}/failed --office

# -- Accounts, without a password and without a shell
for account in @{scanner} @{office}; do
  id -u "$account" >/dev/null 2>&1 ||
    useradd --system --no-user-group --gid "$(id -gn nobody)" --no-create-home \
      --home-dir "@{gate}/$account" --shell /usr/sbin/nologin "$account"
done

# -- The inbox: @{scanner} may put files in (wx), not list them (no r), and rename only its own (the sticky bit).
# New files belong to the group @{group} (the set-group-id bit), so that @{service} can read them.
# All of this runs as @{service}, so no link in its folders can mislead root.
# If a scanner must list the folder, as some do for a test: change -wx to rwx; it then sees names, but no contents.
# "Operation not supported": the file system has no access lists (ZFS: zfs set acltype=posixacl DATASET).
as_service() {
  setpriv --reuid=@{service} --regid=@{group} --init-groups -- "$@@"
}
@{make_folders}as_service find @{inbox} -type d -user @{service} \
  -exec chmod g+s,+t {} + -exec setfacl -m u:@{scanner}:-wx,m::rwx {} +

# -- The gate: the only folders that these two accounts see. They belong to root, and nobody else can write there. Inbox,
# outbox and failed are mounted in them a second time, outbox and failed read-only even if a server allows writing.
# Nobody may enter a folder that is not mounted, so no scan is lost under it.
bind() { # SOURCE, as in fstab; TARGET; OPTIONS
  touch /etc/fstab
  sed -i -e "\\|[[:space:]]$2[[:space:]]|d" -e '$a\' /etc/fstab
  printf '%s %s none bind,nofail,nosuid,nodev,noexec%s 0 0\n' "$1" "$2" "$3" >>/etc/fstab
  if mountpoint -q "$2"; then umount -l "$2"; fi
  [ -d "$2" ] || install -d -m 0700 "$2"
  mount "$2"
}
install -d -m 0711 @{gate} @{gate}/@{scanner} @{gate}/@{office}
bind @{inbox_in_fstab} @{gate}/@{scanner}/inbox ''
bind @{outbox_in_fstab} @{gate}/@{office}/outbox ,ro
bind @{failed_in_fstab} @{gate}/@{office}/failed ,ro
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi


#!/bin/sh
# Lets scanners put scans into the inbox of @{root_words} by @{protocol},
# and the office read what became of them. Printed by: ocrwatchd share @{kind} --user @{scanner} --office @{office}
#
#   @{scanner}  puts files into the inbox and its sub-folders; it can neither list, read, replace nor delete any.
#   @{office}  reads outbox and failed, and changes nothing.
#
# Neither can log in at this machine otherwise. Print this into a file, read it, change it where a comment says so, and
# run it as root: sh FILE. It may be run again, and must be after sub-folders of the inbox were made: the scanner may
# write in those only that were there. It writes its files anew each time, so keep your changes in this one.
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

# -- Each account belongs to one root: what is meant for another would land in this one. A root that was moved is no
# longer where it was, and may come again.
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

# -- Accounts, without a password so far and without a shell
for account in @{scanner} @{office}; do
  id -u "$account" >/dev/null 2>&1 ||
    useradd --system --no-user-group --gid "$(id -gn nobody)" --no-create-home \
      --home-dir "@{gate}/$account" --shell /usr/sbin/nologin "$account"
done

# -- The inbox: @{scanner} may put files in (wx), not list them (no r), and rename only its own (the sticky bit).
# What comes in belongs to the group @{group} (the set-group-id bit), so that @{service} can read it.
# All of this is done as @{service}: nothing that lies in its folders can mislead root.
# A scanner that insists on listing the folder, as some do for a test: -wx becomes rwx; it then sees names, no contents.
# "Operation not supported": the file system has no access lists (ZFS: zfs set acltype=posixacl DATASET).
as_service() {
  setpriv --reuid=@{service} --regid=@{group} --init-groups -- "$@@"
}
@{make_folders}as_service find @{inbox} -type d -user @{service} \
  -exec chmod g+s,+t {} + -exec setfacl -m u:@{scanner}:-wx,m::rwx {} +

# -- The gate: all that these two ever see. Root's own folders, in which nobody can put anything, and in them the inbox,
# the outbox and failed at a second place, the latter two read-only whatever a server allows.
# A folder that is not mounted lets nobody in: no scan is lost under it.
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


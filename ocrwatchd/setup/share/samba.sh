[ -e "$(smbd -b | sed -n 's/^ *MODULESDIR: //p')/vfs/recycle.so" ] || {
  echo "Samba's module recycle is missing; install: apt-get install samba-vfs-modules" >&2
  exit 1
}

# -- Samba: three shares in a separate file, which smb.conf includes
cat >/etc/samba/ocrwatchd-@{scanner}.conf <<'END'
[global]
  # SMB 1 is off, as by default. For a scanner that knows only SMB 1 use FTP with TLS, SFTP, or another scanner.
  server min protocol = SMB2_02

[@{prefix}inbox]
  comment = Scans go in here
  path = @{gate}/@{scanner}/inbox
  # Further Samba users who may send scans: valid users = @{scanner}, anna. All files arrive as @{scanner}'s files.
  valid users = @{scanner}
  force user = @{scanner}
  guest ok = no
  read only = no
  # Only the group, and so @{service}, may read arrived files. The owner may not write them: no scan can replace another
  # scan of the same name. Renaming works, for scanners that upload under another name first. If a scanner adds pages to
  # closed files, or continues interrupted uploads: change 0060 to 0260 in both lines. The scanner can then also replace
  # its own scans until they are taken.
  create mask = 0060
  force create mode = 0060
  # Some scanners delete a file for a test. SMB does not distinguish this from renaming, so it is allowed, but no file is
  # lost: deleted files are in .ocrwatchd-deleted, which ocrwatchd ignores, until you remove them.
  vfs objects = recycle
  recycle:repository = .ocrwatchd-deleted
  recycle:keeptree = yes
  recycle:versions = yes
  recycle:directory_mode = 0370
  recycle:subdir_mode = 0370
  veto files = /.ocrwatchd-deleted/
  # A folder that the scanner makes is an unknown profile: its scans are read with the default settings.
  directory mask = 0370
  force directory mode = 0370
  map readonly = no
  map archive = no
  map hidden = no
  map system = no
  store dos attributes = no
  nt acl support = no
  # Names are case-sensitive: Samba would have to list the folder to find other spellings.
  case sensitive = yes
  follow symlinks = no

[@{prefix}outbox]
  comment = Texts of the scans
  path = @{gate}/@{office}/outbox
  # Several people: valid users = @{office}, anna, +group
  valid users = @{office}
  force user = @{service}
  guest ok = no
  read only = yes
  follow symlinks = no

[@{prefix}failed]
  comment = Scans that could not be read, with the reasons
  path = @{gate}/@{office}/failed
  valid users = @{office}
  force user = @{service}
  guest ok = no
  read only = yes
  follow symlinks = no

# For people who put scans in by hand and want to see them: remove the comment marks.
#[@{prefix}desk]
#  comment = Scans go in here, by hand
#  path = @{gate}/@{scanner}/inbox
#  valid users = @{office}
#  force user = @{service}
#  guest ok = no
#  read only = no
#  create mask = 0660
#  force create mode = 0660
#  follow symlinks = no
END
include='include = /etc/samba/ocrwatchd-@{scanner}.conf'
grep -qxF "$include" /etc/samba/smb.conf || printf '\n%s\n' "$include" >>/etc/samba/smb.conf
testparm -s >/dev/null 2>&1 || {
  echo 'Samba does not take its configuration; see: testparm' >&2
  exit 1
}
if [ -d /run/systemd/system ]; then systemctl enable --now smbd && systemctl reload smbd; fi

cat <<END
In place. Left to do:
  smbpasswd -a @{scanner}     # the password to type in at the scanner
  smbpasswd -a @{office}      # the password for reading
  open TCP port 445 in the firewall, for the local network only
At the scanner: SMB, host $(hostname), share @{prefix}inbox, folder empty (or a profile's), user @{scanner}, port 445.
In the office: \\\\$(hostname)\\@{prefix}outbox and \\\\$(hostname)\\@{prefix}failed, user @{office}.
END

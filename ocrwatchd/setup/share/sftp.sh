# -- sshd: a part of its configuration that concerns these two accounts only
install -d -m 0755 /etc/ssh/sshd_config.d /etc/ssh/ocrwatchd-keys /run/sshd
cat >/etc/ssh/sshd_config.d/ocrwatchd-@{scanner}.conf <<'END'
Match User @{scanner}
  ChrootDirectory @{gate}/@{scanner}
  # Only the group, and so @{service}, may read what has arrived; the owner may not write it either: no scan is replaced
  # by another of the same name. To go on where an upload broke off: 0607 becomes 0007; the scanner can then also
  # replace its own scans until they are taken.
  # A client that itself asks for a mode which shuts the group out, as scp does for a file of mode 0600, sends what
  # nobody can read: such a scan ends in failed with that reason.
  # What follows -p is what the scanner may ask for. To delete a test file: remove. To make folders: mkdir. To list the
  # folder: opendir,readdir, and rwx as said above.
  ForceCommand internal-sftp -u 0607 -p open,close,write,lstat,fstat,stat,setstat,fsetstat,realpath,rename
  DisableForwarding yes
  PermitTTY no
  PermitUserRC no
  # A key is better than a password where the scanner knows keys: put its public part into this file, and say
  # PasswordAuthentication no.
  AuthorizedKeysFile /etc/ssh/ocrwatchd-keys/%u
  PasswordAuthentication yes

Match User @{office}
  ChrootDirectory @{gate}/@{office}
  ForceCommand internal-sftp -R
  DisableForwarding yes
  PermitTTY no
  PermitUserRC no
  AuthorizedKeysFile /etc/ssh/ocrwatchd-keys/%u
  PasswordAuthentication yes
END
# The texts are the group's to read.
usermod --append --groups @{group} @{office}
sshd -t || {
  rm /etc/ssh/sshd_config.d/ocrwatchd-@{scanner}.conf
  echo 'sshd does not take this; it was taken back' >&2
  exit 1
}
sshd -T -C user=@{scanner},host=localhost,addr=127.0.0.1 | grep -qxF 'chrootdirectory @{gate}/@{scanner}' || {
  echo 'sshd does not read it: put this line at the top of /etc/ssh/sshd_config, and run this again:' >&2
  echo '  Include /etc/ssh/sshd_config.d/*.conf' >&2
  exit 1
}
if [ -d /run/systemd/system ]; then systemctl reload ssh 2>/dev/null || systemctl reload sshd; fi

cat <<END
In place. Left to do:
  passwd @{scanner}     # the password to type in at the scanner, or its public key in /etc/ssh/ocrwatchd-keys/@{scanner}
  passwd @{office}      # the same for reading
  open TCP port 22 in the firewall, for the local network only
At the scanner: SFTP, host $(hostname), port 22, folder /inbox (or /inbox/PROFILE), user @{scanner}.
In the office: sftp://@{office}@@$(hostname)/outbox and /failed.
END

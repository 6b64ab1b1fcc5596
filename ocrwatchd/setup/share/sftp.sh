# -- sshd: configuration for these two accounts only
install -d -m 0755 /etc/ssh/sshd_config.d /etc/ssh/ocrwatchd-keys /run/sshd
cat >/etc/ssh/sshd_config.d/ocrwatchd-@{scanner}.conf <<'END'
Match User @{scanner}
  ChrootDirectory @{gate}/@{scanner}
  # Only the group, and so @{service}, may read arrived files. The owner may not write them: no scan can replace another
  # scan of the same name. To continue interrupted uploads: change 0607 to 0007; the scanner can then also replace its
  # own scans until they are taken.
  # A client can set a mode without rights for the group, as scp does for a file of mode 0600: then nobody can read the
  # scan, and it ends in failed with this reason.
  # After -p come the requests that the scanner may send. To delete a test file add remove. To make folders add mkdir. To
  # list the folder add opendir,readdir, and use rwx as above.
  ForceCommand internal-sftp -u 0607 -p open,close,write,lstat,fstat,stat,setstat,fsetstat,realpath,rename
  DisableForwarding yes
  PermitTTY no
  PermitUserRC no
  # If the scanner knows keys, a key is better than a password: put its public part into this file, and set
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
# The group may read the texts.
usermod --append --groups @{group} @{office}
sshd -t || {
  rm /etc/ssh/sshd_config.d/ocrwatchd-@{scanner}.conf
  echo 'sshd refuses this configuration; it was removed again' >&2
  exit 1
}
sshd -T -C user=@{scanner},host=localhost,addr=127.0.0.1 | grep -qxF 'chrootdirectory @{gate}/@{scanner}' || {
  echo 'sshd does not read this configuration: add this line at the top of /etc/ssh/sshd_config, and run this again:' >&2
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

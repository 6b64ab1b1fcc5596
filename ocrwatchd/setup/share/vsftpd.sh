# -- vsftpd: its configuration, for these accounts and those of other runs; the earlier configuration is kept
[ ! -e /etc/vsftpd.conf ] || [ -e /etc/vsftpd.conf.before-ocrwatchd ] || cp -p /etc/vsftpd.conf /etc/vsftpd.conf.before-ocrwatchd
cat >/etc/vsftpd.conf <<'END'
listen=YES
listen_ipv6=NO
anonymous_enable=NO
local_enable=YES
# Only the accounts in this list may log in.
userlist_enable=YES
userlist_deny=NO
userlist_file=/etc/vsftpd-ocrwatchd/accounts
pam_service_name=ocrwatchd-ftp
user_config_dir=/etc/vsftpd-ocrwatchd/users
# An account may do only what its own file allows, and sees only its gate.
chroot_local_user=YES
write_enable=NO
download_enable=NO
dirlist_enable=NO
chmod_enable=NO
ls_recurse_enable=NO
hide_ids=YES
secure_chroot_dir=/run/vsftpd/empty
# Without TLS everybody on the network can read passwords and scans. For a scanner that knows only plain FTP use SMB or
# SFTP. If this is not possible, put the scanner in a separate network, and set NO in the two lines with force.
ssl_enable=YES
force_local_logins_ssl=YES
force_local_data_ssl=YES
rsa_cert_file=/etc/ssl/private/ocrwatchd-ftp.pem
rsa_private_key_file=/etc/ssl/private/ocrwatchd-ftp.pem
ssl_sslv2=NO
ssl_sslv3=NO
ssl_tlsv1=YES
ssl_ciphers=HIGH
# Few scanners reuse the TLS session of the first connection for the second one.
require_ssl_reuse=NO
# Passive mode: the scanner connects to one of these ports for each file. Behind a router that translates addresses
# pasv_address=ADDRESS-SEEN-FROM-OUTSIDE belongs here too.
pasv_enable=YES
pasv_min_port=30000
pasv_max_port=30100
xferlog_enable=YES
END
install -d -m 0755 /etc/vsftpd-ocrwatchd /etc/vsftpd-ocrwatchd/users /run/vsftpd/empty
cat >/etc/vsftpd-ocrwatchd/users/@{scanner} <<'END'
local_root=@{gate}/@{scanner}
write_enable=YES
# Only the group, and so @{service}, may read arrived files. The owner may not write them: no scan can replace another
# scan of the same name. To continue interrupted uploads, or to add pages: change 0660 to 0260, and 0607 to 0007; the
# scanner can then also replace its own scans until they are taken.
file_open_mode=0660
local_umask=0607
# The commands that the scanner may send. To delete a test file add DELE,XRMD,RMD. To make folders add MKD,XMKD. If the
# scanner needs a listing add LIST,NLST and a line dirlist_enable=YES; the list of the inbox stays empty.
cmds_allowed=USER,PASS,AUTH,PBSZ,PROT,FEAT,OPTS,SYST,TYPE,MODE,STRU,PWD,XPWD,CWD,XCWD,CDUP,XCUP,PASV,EPSV,PORT,EPRT,STOR,APPE,REST,ALLO,RNFR,RNTO,SIZE,MDTM,NOOP,ABOR,QUIT,HELP,CLNT
END
cat >/etc/vsftpd-ocrwatchd/users/@{office} <<'END'
local_root=@{gate}/@{office}
download_enable=YES
dirlist_enable=YES
END
for account in @{scanner} @{office}; do
  # vsftpd goes there before it reads anything else.
  [ -d "$(getent passwd "$account" | cut -d: -f6)" ] || usermod --home "@{gate}/$account" "$account"
  touch /etc/vsftpd-ocrwatchd/accounts
  grep -qxF "$account" /etc/vsftpd-ocrwatchd/accounts || echo "$account" >>/etc/vsftpd-ocrwatchd/accounts
done
# The group may read the texts.
usermod --append --groups @{group} @{office}
# Debian's own file for vsftpd demands a login shell, but these accounts have none.
cat >/etc/pam.d/ocrwatchd-ftp <<'END'
@@include common-auth
@@include common-account
@@include common-session-noninteractive
END
if ! [ -s /etc/ssl/private/ocrwatchd-ftp.pem ]; then
  # A self-signed certificate; replace it if you have a better one.
  (umask 077 && openssl req -x509 -newkey rsa:3072 -nodes -days 3650 -subj "/CN=$(hostname)" \
    -keyout /etc/ssl/private/ocrwatchd-ftp.pem -out /etc/ssl/private/ocrwatchd-ftp.crt 2>/dev/null)
  cat /etc/ssl/private/ocrwatchd-ftp.crt >>/etc/ssl/private/ocrwatchd-ftp.pem
fi
# With TLS 1.3 vsftpd sometimes loses the end of uploads: it sends tickets that no client reads, and closing a connection
# with unread data drops the data on their way. So use TLS 1.2, for which vsftpd has no setting of its own.
cat >/etc/vsftpd-ocrwatchd/openssl.cnf <<'END'
openssl_conf = ocrwatchd
[ocrwatchd]
ssl_conf = modules
[modules]
system_default = protocols
[protocols]
MinProtocol = TLSv1.2
MaxProtocol = TLSv1.2
END
install -d -m 0755 /etc/systemd/system/vsftpd.service.d
cat >/etc/systemd/system/vsftpd.service.d/ocrwatchd.conf <<'END'
[Service]
Environment=OPENSSL_CONF=/etc/vsftpd-ocrwatchd/openssl.cnf
END
if [ -d /run/systemd/system ]; then systemctl daemon-reload && systemctl enable vsftpd && systemctl restart vsftpd; fi

cat <<END
In place. Left to do:
  passwd @{scanner}     # the password to type in at the scanner
  passwd @{office}      # the password for reading
  open TCP ports 21 and 30000-30100 in the firewall, for the local network only
At the scanner: FTP with explicit TLS ("FTPS", AUTH TLS), passive mode, host $(hostname), port 21, folder /inbox (or
/inbox/PROFILE), user @{scanner}. Without TLS it is refused; comments in /etc/vsftpd.conf give the reason.
In the office: ftp://$(hostname)/outbox and /failed, with explicit TLS, user @{office}.
END

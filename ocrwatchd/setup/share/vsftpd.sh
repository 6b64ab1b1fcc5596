# -- vsftpd: this becomes its configuration, for these accounts and those of other runs; the one before it is kept
[ ! -e /etc/vsftpd.conf ] || [ -e /etc/vsftpd.conf.before-ocrwatchd ] || cp -p /etc/vsftpd.conf /etc/vsftpd.conf.before-ocrwatchd
cat >/etc/vsftpd.conf <<'END'
listen=YES
listen_ipv6=NO
anonymous_enable=NO
local_enable=YES
# Nobody but the accounts in this list.
userlist_enable=YES
userlist_deny=NO
userlist_file=/etc/vsftpd-ocrwatchd/accounts
pam_service_name=ocrwatchd-ftp
user_config_dir=/etc/vsftpd-ocrwatchd/users
# What an account's own file does not allow is forbidden. Each is shut in its gate.
chroot_local_user=YES
write_enable=NO
download_enable=NO
dirlist_enable=NO
chmod_enable=NO
ls_recurse_enable=NO
hide_ids=YES
secure_chroot_dir=/run/vsftpd/empty
# Without TLS passwords and scans cross the network in clear text, for everybody there to read. A scanner that knows
# plain FTP only: better take SMB or SFTP. If it must be, in a network of its own: NO in the two lines that say force.
ssl_enable=YES
force_local_logins_ssl=YES
force_local_data_ssl=YES
rsa_cert_file=/etc/ssl/private/ocrwatchd-ftp.pem
rsa_private_key_file=/etc/ssl/private/ocrwatchd-ftp.pem
ssl_sslv2=NO
ssl_sslv3=NO
ssl_tlsv1=YES
ssl_ciphers=HIGH
# Few scanners take the first connection's TLS session up again for the second one.
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
# Only the group, and so @{service}, may read what has arrived. The owner may not write it either: no scan is replaced by
# another of the same name. To go on where an upload broke off, or to add pages: 0660 becomes 0260, and 0607 0007;
# the scanner can then also replace its own scans until they are taken.
file_open_mode=0660
local_umask=0607
# What the scanner may say. To delete a test file: DELE,XRMD,RMD at the end. To make folders: MKD,XMKD. If it insists on
# a listing: LIST,NLST and a line dirlist_enable=YES; the list of the inbox stays empty.
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
# The texts are the group's to read.
usermod --append --groups @{group} @{office}
# Debian's own file for vsftpd wants a login shell, and these accounts have none.
cat >/etc/pam.d/ocrwatchd-ftp <<'END'
@@include common-auth
@@include common-account
@@include common-session-noninteractive
END
if ! [ -s /etc/ssl/private/ocrwatchd-ftp.pem ]; then
  # A certificate of its own; put a better one in its place if you have one.
  (umask 077 && openssl req -x509 -newkey rsa:3072 -nodes -days 3650 -subj "/CN=$(hostname)" \
    -keyout /etc/ssl/private/ocrwatchd-ftp.pem -out /etc/ssl/private/ocrwatchd-ftp.crt 2>/dev/null)
  cat /etc/ssl/private/ocrwatchd-ftp.crt >>/etc/ssl/private/ocrwatchd-ftp.pem
fi
# With TLS 1.3 vsftpd loses the end of uploads now and then: it sends tickets that no client reads, and a connection that
# is closed with something unread takes what was under way with it. So TLS 1.2, which vsftpd has no word for itself.
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
/inbox/PROFILE), user @{scanner}. Without TLS it is turned away; /etc/vsftpd.conf says what that is worth.
In the office: ftp://$(hostname)/outbox and /failed, with explicit TLS, user @{office}.
END

/* What .NET Core 3.1 asks of OpenSSL 1.1 and OpenSSL 3 no longer has, told in terms of what OpenSSL 3 has instead.
 *
 * Of the 352 functions that .NET looks up in libssl.so.1.1 only these three are missing from OpenSSL 3. Built with the
 * soname libssl.so.1.1 and linked against libssl.so.3 and libcrypto.so.3, this object answers for all 352: dlsym()
 * searches the dependencies too. The prototypes stand here so that no OpenSSL headers need to be installed; they are
 * those of OpenSSL 3's openssl/evp.h, ssl.h and err.h.
 */

typedef struct evp_md_st EVP_MD;
typedef struct ssl_st SSL;
typedef struct x509_st X509;

extern int EVP_MD_get_size(const EVP_MD *md);
extern X509 *SSL_get1_peer_certificate(const SSL *ssl);
extern void ERR_new(void);
extern void ERR_set_debug(const char *file, int line, const char *func);
extern void ERR_set_error(int lib, int reason, const char *fmt, ...);

int EVP_MD_size(const EVP_MD *md)
{
    return EVP_MD_get_size(md);
}

X509 *SSL_get_peer_certificate(const SSL *ssl)
{
    return SSL_get1_peer_certificate(ssl);
}

void ERR_put_error(int lib, int func, int reason, const char *file, int line)
{
    (void)func; /* OpenSSL 3 has no function codes */
    ERR_new();
    ERR_set_debug(file, line, 0);
    ERR_set_error(lib, reason, 0);
}

#ifndef PGA_COPENSSL_SHIM_H
#define PGA_COPENSSL_SHIM_H

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <string.h>

/* Macros and variadics that Swift cannot call. */

static inline EVP_PKEY *pga_p256_generate(void) { return EVP_EC_gen("P-256"); }

/* 1 when the key is an elliptic one on P-256. */
static inline int pga_is_p256(const EVP_PKEY *key) {
    char group[32];
    size_t length = 0;
    if (!EVP_PKEY_is_a(key, "EC")) return 0;
    if (!EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group, &length)) return 0;
    return strcmp(group, "prime256v1") == 0 || strcmp(group, "P-256") == 0;
}

/* One number of a key (`priv`, `qx`, `qy`) as 32 bytes, big end first. */
static inline int pga_p256_number(const EVP_PKEY *key, const char *name, unsigned char out[32]) {
    BIGNUM *number = NULL;
    int done = EVP_PKEY_get_bn_param(key, name, &number) && BN_bn2binpad(number, out, 32) == 32;
    BN_clear_free(number);
    return done;
}

/* PKCS#8 PEM into memory; the caller frees with BIO_free_all. */
static inline BIO *pga_pem_of_key(const EVP_PKEY *key) {
    BIO *memory = BIO_new(BIO_s_secmem());
    if (memory == NULL) return NULL;
    if (!PEM_write_bio_PKCS8PrivateKey(memory, key, NULL, NULL, 0, NULL, NULL)) {
        BIO_free_all(memory);
        return NULL;
    }
    return memory;
}

static inline long pga_bio_bytes(BIO *memory, char **bytes) { return BIO_get_mem_data(memory, bytes); }

static inline int pga_no_password(char *buffer, int size, int writing, void *context) {
    (void)buffer;
    (void)size;
    (void)writing;
    (void)context;
    return 0; /* never the terminal's question of OpenSSL's own */
}

static inline EVP_PKEY *pga_key_of_pem(const void *bytes, int count) {
    BIO *memory = BIO_new_mem_buf(bytes, count);
    EVP_PKEY *key = memory == NULL ? NULL : PEM_read_bio_PrivateKey(memory, NULL, &pga_no_password, NULL);
    BIO_free_all(memory);
    return key;
}

#endif

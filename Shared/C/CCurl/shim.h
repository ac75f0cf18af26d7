#ifndef PGA_CCURL_SHIM_H
#define PGA_CCURL_SHIM_H

#include <curl/curl.h>
#include <sys/socket.h>

/* Swift cannot call C variadics: options and answers by type. */

/* libcurl 7.88 does not say so in its type, but an option is one of the names here and its value of that type. */
static inline CURLcode pga_curl_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode pga_curl_set_offset(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

static inline CURLcode pga_curl_set_pointer(CURL *easy, CURLoption option, const void *value) {
    return curl_easy_setopt(easy, option, value);
}

typedef size_t (*pga_curl_data_callback)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode pga_curl_set_data_callback(CURL *easy, CURLoption option, pga_curl_data_callback callback) {
    return curl_easy_setopt(easy, option, callback);
}

/* Asked with the address about to be connected to; 0 refuses it. */
struct pga_curl_gate {
    void *context;
    int (*permits)(void *context, const struct sockaddr *address);
};

static inline curl_socket_t pga_curl_open_socket(void *cls, curlsocktype purpose, struct curl_sockaddr *address) {
    const struct pga_curl_gate *gate = (const struct pga_curl_gate *)cls;
    if (purpose != CURLSOCKTYPE_IPCXN || !gate->permits(gate->context, &address->addr)) return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static inline CURLcode pga_curl_set_gate(CURL *easy, struct pga_curl_gate *gate) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &pga_curl_open_socket);
    return code == CURLE_OK ? curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, gate) : code;
}

static inline long pga_curl_get_long(CURL *easy, CURLINFO info) {
    long value = 0;
    curl_easy_getinfo(easy, info, &value);
    return value;
}

static inline const char *pga_curl_get_string(CURL *easy, CURLINFO info) {
    char *value = NULL;
    curl_easy_getinfo(easy, info, &value);
    return value;
}

static inline void *pga_curl_get_private(CURL *easy) {
    char *value = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &value);
    return value;
}

static inline CURLMcode pga_curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

/* The next finished transfer and what came of it, or NULL. */
static inline CURL *pga_curl_multi_finished(CURLM *multi, CURLcode *result) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            *result = message->data.result;
            return message->easy_handle;
        }
    }
    return NULL;
}

#endif
